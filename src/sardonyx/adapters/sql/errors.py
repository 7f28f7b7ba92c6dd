"""Errors of the database that keeps what neither store, secrets nor runtime hold."""

from __future__ import annotations

from sardonyx.errors import SystemFault
from sardonyx.text import N_


class DatabaseUnavailableError(SystemFault):
    code = "database_unavailable"
    title = N_("The platform's database does not answer")
    detail = N_("Nothing was changed ({reason}).")
    next_step = N_("Try again in a moment; if it stays, an administrator looks at the database.")


class DatabaseNewerError(SystemFault):
    """A newer release of the platform has written this database."""

    code = "database_newer"
    title = N_("The database belongs to a newer version of the platform")
    detail = N_("Its tables are of version {found}; this version knows {known}.")
    next_step = N_("Start the newer version again, or give this one a database of its own.")
