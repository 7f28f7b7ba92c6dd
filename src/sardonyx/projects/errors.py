"""Errors of sign-in and of acting in a project."""

from __future__ import annotations

from sardonyx.errors import Kind, UserError
from sardonyx.text import N_


class ProjectNotFoundError(UserError):
    """The project does not exist for this person (nobody learns of others' projects)."""

    code = "project_not_found"
    kind = Kind.NOT_FOUND
    title = N_("Unknown project")
    detail = N_("There is no project “{project}” among yours.")
    next_step = N_("Choose one of: {known}.")


class SignInRequiredError(UserError):
    """Nobody is signed in."""

    code = "sign_in_required"
    kind = Kind.UNAUTHENTICATED
    title = N_("Sign in first")
    detail = N_("This page needs to know who you are.")
    next_step = N_("Run “sardonyx open” in a terminal: it opens a page where you are signed in.")


class ServiceSignInError(UserError):
    """A request for a service without its cookie or its credential."""

    code = "service_sign_in_required"
    kind = Kind.UNAUTHENTICATED
    title = N_("Sign in first")
    detail = N_("The service “{name}” needs to know who you are.")
    next_step = N_(
        "In a browser: “sardonyx services open {name}”. In a program: send the credential of "
        "“sardonyx services token {name}”."
    )


class OneTimeLinkError(UserError):
    """The link was used before, is too old, or was never ours."""

    code = "one_time_link_refused"
    kind = Kind.REFUSED
    title = N_("This link no longer works")
    detail = N_("A sign-in link works once, for a few minutes.")
    next_step = N_("Run “sardonyx open” for a new one.")


class ForeignRequestError(UserError):
    """A page of another site made the browser send this request."""

    code = "foreign_request"
    kind = Kind.REFUSED
    title = N_("Request refused")
    detail = N_("The request came from a page that is not part of the platform.")
    next_step = N_("Repeat the action from the platform's own pages.")


class WorkspaceRefusedError(UserError):
    """The project's place on the cluster is not there, and may not be made."""

    code = "workspace_refused"
    kind = Kind.REFUSED
    title = N_("The project has no place on the cluster")
    detail = N_("The namespace “{namespace}” is not ready: {reason}")
    next_step = N_("Ask an administrator to make the namespace, or to let the platform make it.")
