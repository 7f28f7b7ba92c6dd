"""Errors of secrets."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class SecretNotFoundError(UserError):
    code = "secret_not_found"
    kind = Kind.NOT_FOUND
    title = N_("No such secret")
    detail = N_("There is no secret “{path}”.")
    next_step = N_("List the folder to see what is there.")


class SecretsAbsentError(UserError):
    """The region has no store of secrets: its pages are hidden, a program is told."""

    code = "secrets_absent"
    kind = Kind.NOT_FOUND
    title = N_("There is no store of secrets here")
    detail = N_("This platform was set up without one.")
    next_step = N_("An administrator adds one under “vault” of the region.")


class SecretNameError(UserError):
    code = "secret_name"
    title = N_("This name cannot be used")
    detail = N_("“{name}” is no name that the secret store takes.")
    next_step = N_("Use letters, digits and underscores; do not begin with a digit.")


class SecretConflictError(UserError):
    code = "secret_conflict"
    kind = Kind.PRECONDITION
    title = N_("The secret changed meanwhile")
    detail = N_("“{path}” is at version {current} now; yours started from {expected}.")
    next_step = N_("Reload it, look at the difference, and make your change again.")


class SecretRefusedError(UserError):
    code = "secret_refused"
    kind = Kind.REFUSED
    title = N_("The secret store refused access")
    detail = N_("You may not reach “{path}”.")
    next_step = N_("Work in the secrets of one of your own projects.")


class SecretStoreUnavailableError(SystemFault):
    code = "secret_store_unavailable"
    title = N_("The secret store does not answer")
    detail = N_("Your secrets cannot be reached for now; nothing was changed.")
    next_step = N_("Wait a few seconds and try again. “sardonyx doctor” says which part is down.")
