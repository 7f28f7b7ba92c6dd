"""Errors of giving a running service its credentials."""

from __future__ import annotations

from sardonyx.errors import Kind, UserError
from sardonyx.text import N_


class ReleaseTokenError(UserError):
    """The token was never ours, or its service was deleted."""

    code = "release_token_refused"
    kind = Kind.UNAUTHENTICATED
    title = N_("This token opens nothing")
    detail = N_("The token is not that of a service which runs here.")
    next_step = N_("Resume the service, or launch it again: it then gets a token of its own.")


class OwnerAwayError(UserError):
    """The platform can no longer speak for the service's owner to the identity provider."""

    code = "owner_away"
    kind = Kind.REFUSED
    title = N_("The owner must sign in again")
    detail = N_("“{owner}” has not signed in for long, so nothing can be asked in their name.")
    next_step = N_("Ask “{owner}” to sign in once; running services then get fresh credentials.")


class OwnerLeftError(UserError):
    """The service's owner is no longer a member of its project."""

    code = "owner_left"
    kind = Kind.REFUSED
    title = N_("The owner has left this project")
    detail = N_("“{owner}” is no longer in “{project}”, so the service gets no credentials.")
    next_step = N_("Launch the service again as a member of the project.")


class NoSecretStoreError(UserError):
    """The region has no secret store, or none for this project's services."""

    code = "no_secret_store"
    kind = Kind.NOT_FOUND
    title = N_("No secrets for this service")
    detail = N_("The platform gives services of “{project}” no way to the secret store.")
    next_step = N_("An administrator can name a role for it (region: vault.groupRole).")
