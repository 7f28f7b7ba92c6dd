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
