"""Errors of running services."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class ServiceNotFoundError(UserError):
    code = "service_not_found"
    kind = Kind.NOT_FOUND
    title = N_("No such service")
    detail = N_("There is no service “{name}” in {project}.")
    next_step = N_("List your services to see their names.")


class ListCursorError(UserError):
    code = "list_cursor"
    title = N_("This part of the list cannot be found")
    detail = N_("“{cursor}” is no place in the list of services.")
    next_step = N_("Begin at the start of the list, and take `next` as it is given.")


class ServiceExistsError(UserError):
    code = "service_exists"
    kind = Kind.CONFLICT
    title = N_("The name is taken")
    detail = N_("A service named “{name}” already exists in {project}.")
    next_step = N_("Choose another name, or delete that service first.")


class LaunchRefusedError(UserError):
    """The launch's values or the machine's state stand in the way; `problems` lists them."""

    code = "launch_refused"
    title = N_("The service was not launched")
    detail = N_("{count} problem(s) must be solved first.")
    next_step = N_("Correct the fields that are marked, then launch again.")


class FormUnreadableError(UserError):
    """What was posted is no form of settings."""

    code = "form_unreadable"
    title = N_("The form cannot be read")
    detail = N_("A form of settings has {most} fields at most, written as browsers write them.")
    next_step = N_("Give many settings as a file, by “sardonyx launch -f”.")


class NotOnThisRuntimeError(UserError):
    code = "chart_not_on_this_runtime"
    kind = Kind.REFUSED
    title = N_("This service needs a cluster")
    detail = N_("The chart “{chart}” has no process profile (local.yaml).")
    next_step = N_("Run it on a Kubernetes, or add a local.yaml to the chart.")


class ServiceBusyError(UserError):
    code = "service_busy"
    kind = Kind.CONFLICT
    title = N_("The service is busy")
    detail = N_("“{name}” is {state}: this cannot be done now.")
    next_step = N_("Wait until it has settled, then try again.")


class RuntimeUnavailableError(SystemFault):
    code = "runtime_unavailable"
    title = N_("The machine's supervisor does not answer")
    detail = N_("Nothing was started or changed.")
    next_step = N_("Run “sardonyx status”; if it is down, run “sardonyx up”.")


class ServiceNameError(UserError):
    code = "service_name"
    title = N_("This name cannot be used")
    detail = N_("“{name}” cannot be the name of a service.")
    next_step = N_(
        "Use at most {limit} small letters, digits and hyphens; begin with a letter, and do not "
        "end with a hyphen."
    )


class LinkWithoutChartError(UserError):
    code = "link_without_chart"
    title = N_("The link does not say what to launch")
    detail = N_("It names neither a catalogue nor a service.")
    next_step = N_("Give the whole address of the launcher, or name the service beside the link.")


class FriendlyNameError(UserError):
    code = "friendly_name"
    title = N_("This name cannot be used")
    detail = N_("“{name}” cannot be shown as the name of a service.")
    next_step = N_("Write one line of at most {limit} characters.")


class ServiceOfAnotherError(UserError):
    """A service shared in the project can be used by all, but changed by its owner only."""

    code = "service_of_another"
    kind = Kind.REFUSED
    title = N_("This service is not yours")
    detail = N_("“{name}” belongs to {owner}.")
    next_step = N_("Ask {owner} to do it, or launch a service of your own.")


class ServiceOwnerlessError(UserError):
    """Nobody owns the service: an administrator sees it, and adopts it before changing it."""

    code = "service_ownerless"
    kind = Kind.REFUSED
    title = N_("This service belongs to nobody")
    detail = N_("“{name}” has no owner.")
    next_step = N_("Adopt it first, or delete it.")


class SharingRefusedError(UserError):
    code = "sharing_refused"
    kind = Kind.REFUSED
    title = N_("This service cannot be shared")
    detail = N_("The catalogue of “{chart}” does not let its services be shared.")
    next_step = N_("Let each member of the group launch their own.")


class NothingToChangeError(UserError):
    code = "nothing_to_change"
    kind = Kind.CONFLICT
    title = N_("Nothing would change")
    detail = N_("“{name}” already runs with these settings.")
    next_step = N_("Change a setting first, or restart it.")


class ServiceChangedError(UserError):
    code = "service_changed"
    kind = Kind.PRECONDITION
    title = N_("The service changed meanwhile")
    detail = N_("“{name}” is no longer as it was when you looked at it.")
    next_step = N_("Look at it again, then make your change again.")


class IdempotencyConflictError(UserError):
    code = "idempotency_conflict"
    kind = Kind.CONFLICT
    title = N_("This request was sent before with another content")
    detail = N_("The key “{key}” belongs to an earlier launch that asked for something else.")
    next_step = N_("Send each new launch with a new Idempotency-Key.")


class FileNotPlacedError(SystemFault):
    code = "file_not_placed"
    title = N_("The file could not be put into the service's folder")
    detail = N_("“{file}” was not written for “{name}”: {reason}")
    next_step = N_("Look whether the disk is full, then try again.")


class ServiceHasNoPageError(UserError):
    """A database and the like: programs use its address, browsers have nothing to open."""

    code = "service_has_no_page"
    kind = Kind.CONFLICT
    title = N_("This service has no page")
    detail = N_("“{name}” is used by programs; there is nothing to open in a browser.")
    next_step = N_("See its address with “sardonyx services token {name} --json”.")


class RevisionNotFoundError(UserError):
    code = "revision_not_found"
    kind = Kind.NOT_FOUND
    title = N_("No such revision")
    detail = N_("“{name}” has no revision {revision} that can be returned to.")
    next_step = N_("See its history for the revisions that are kept.")


class PlanRefusedError(UserError):
    """The chart does not render, or what it renders may not be created; `reason` says why."""

    code = "plan_refused"
    kind = Kind.REFUSED
    title = N_("This cannot be launched")
    detail = N_("“{name}” was refused before anything was created: {reason}")
    next_step = N_("Change what it says, or ask whoever keeps the chart.")

    def __init__(self, *, name: str, reason: str, reaches_out: bool = False) -> None:
        """reaches_out: it would create what is outside the project, which `reason` names."""
        super().__init__(name=name, reason=reason)
        self.reaches_out = reaches_out


class ClusterUnavailableError(SystemFault):
    """The API server cannot be reached, is overloaded, or did not answer in time."""

    code = "cluster_unavailable"
    title = N_("The cluster does not answer")
    detail = N_("{verb} {resource}: {reason}")
    next_step = N_("Nothing was changed. Try again in a minute.")


class ClusterRefusedError(SystemFault):
    """The API server refused the account in use, or the content: `reason` is its sentence."""

    code = "cluster_refused"
    kind = Kind.REFUSED
    title = N_("The cluster refused")
    detail = N_("{verb} {resource}: {reason}")
    next_step = N_(
        "If rights are missing, have the account's role looked at: deploy/rbac lists them."
    )


class ClusterObjectNotFoundError(SystemFault):
    """The object, its namespace or its kind does not exist on the cluster."""

    code = "cluster_object_not_found"
    kind = Kind.NOT_FOUND
    title = N_("Not found on the cluster")
    detail = N_("{verb} {resource}: {reason}")
    next_step = N_("Look again in a minute: it may have been deleted.")


class ClusterConflictError(SystemFault):
    """The object exists already, or changed since it was read."""

    code = "cluster_conflict"
    kind = Kind.CONFLICT
    title = N_("The cluster holds another state")
    detail = N_("{verb} {resource}: {reason}")
    next_step = N_("Look at it again, then try again.")


class HelmUnavailableError(SystemFault):
    """The Helm program is missing, too old, or does not run."""

    code = "helm_unavailable"
    title = N_("Helm cannot be used")
    detail = N_("The program “{program}” does not serve: {reason}")
    next_step = N_("Install Helm 4 (or 3.15 and later) and name it in helm.program.")


class NotSuspendableError(UserError):
    """The chart has no `global.suspend`: nothing says how it would be paused."""

    code = "not_suspendable"
    kind = Kind.REFUSED
    title = N_("This service cannot be paused")
    detail = N_("The chart “{chart}” has no switch for a pause (global.suspend).")
    next_step = N_("Let it run, or delete it and launch it again later.")


class NoEventsError(UserError):
    """Where services run as processes nobody writes events: their timelines say it all."""

    code = "no_events"
    kind = Kind.NOT_FOUND
    title = N_("There are no events here")
    detail = N_("Events are what a cluster says of its objects; these services run on one machine.")
    next_step = N_("Look at a service: its page says what happened to it.")


class EventsForbiddenError(UserError):
    """The account that the platform watches with may not read events."""

    code = "events_forbidden"
    kind = Kind.REFUSED
    title = N_("Events cannot be read")
    detail = N_("The platform may not read the events of the namespace “{namespace}”.")
    next_step = N_("Ask your administrators to let it get, list and watch events there.")
