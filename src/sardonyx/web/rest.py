"""Name every area's REST interface, and put them on the portal.

A module of its own, as their models take a sixth of what the portal loads.
"""

from __future__ import annotations

from fastapi import FastAPI

from sardonyx.account import api as account_api
from sardonyx.account import project_api as project_settings_api
from sardonyx.account.configurations import api as configurations_api
from sardonyx.api import problems
from sardonyx.catalog import api as catalog_api
from sardonyx.catalog import own_api
from sardonyx.credentials import api as credentials_api
from sardonyx.files import api as files_api
from sardonyx.platform import Platform
from sardonyx.secrets import api as secrets_api
from sardonyx.services import api as services_api
from sardonyx.setup import api as setup_api
from sardonyx.web.session import READS_CHARTS

# Of `services_api` each address says it itself: who one is needs no chart.
_OF_CHARTS = (catalog_api, configurations_api)


def add_rest(portal: FastAPI, platform: Platform, *, prefix: str) -> None:
    """Let `portal` answer at `prefix` for all of REST but its links of signing in."""
    for area in (
        own_api,
        catalog_api,
        services_api,
        configurations_api,
        files_api,
        secrets_api,
        account_api,
        project_settings_api,
    ):
        portal.include_router(
            area.router,
            prefix=prefix,
            responses=problems.DOCUMENTED,
            dependencies=READS_CHARTS if area in _OF_CHARTS else (),
        )
    if platform.credentials is not None:
        portal.include_router(credentials_api.router, prefix=prefix)
    if platform.setup is not None:
        portal.include_router(setup_api.router, prefix=prefix)
