"""Assemble the portal: every area's routes on one application, and how errors are shown."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import ModuleType
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response

from sardonyx.account import pages as account_pages
from sardonyx.account import project_pages as project_settings_pages
from sardonyx.account.configurations import pages as configurations_pages
from sardonyx.api import problems
from sardonyx.api.bodies import BoundedBodies
from sardonyx.catalog import own_pages
from sardonyx.catalog import pages as catalog_pages
from sardonyx.files import pages as files_pages
from sardonyx.onyxia import addresses as onyxia_addresses
from sardonyx.platform import Platform
from sardonyx.projects import api as projects_api
from sardonyx.projects import pages as projects_pages
from sardonyx.projects.errors import ForeignRequestError
from sardonyx.secrets import pages as secrets_pages
from sardonyx.services import pages as services_pages
from sardonyx.setup import pages as setup_pages
from sardonyx.web import error_pages, gateway, home_pages, probes, sign_in_pages
from sardonyx.web import projects as project_addresses
from sardonyx.web.bundle import BundleFiles
from sardonyx.web.later import LoadedLater
from sardonyx.web.refusals import RefusalsArrive
from sardonyx.web.security import SameOrigin
from sardonyx.web.session import READS_CHARTS
from sardonyx.web.streams import WatchedStreams

API = "/api/v1"
_REST = "sardonyx.web.rest"
_OF_CHARTS = (home_pages, catalog_pages, services_pages, configurations_pages)


def create_portal(
    platform: Platform, *, hosts: Iterable[str] = (), rest_later: bool = False
) -> FastAPI:
    """Return the portal's application; `platform` starts and stops with it.

    hosts: names it is reached by beside that of `public_url` and the machine's own. rest_later:
    pages are ready before REST is, which loads when it is first asked for.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with platform.running():
            yield

    portal = FastAPI(
        title="sardonyx",
        version="1",
        lifespan=lifespan,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    portal.state.platform = platform
    portal.include_router(probes.router)
    # First: the front door asks it before each request to a service.
    portal.include_router(gateway.router, include_in_schema=False)
    # `up` asks for the first link as soon as the portal answers.
    portal.include_router(projects_api.router, prefix=API, responses=problems.DOCUMENTED)
    for pages in (
        home_pages,
        sign_in_pages,
        own_pages,
        catalog_pages,
        services_pages,
        configurations_pages,
        files_pages,
        secrets_pages,
        account_pages,
        projects_pages,
        onyxia_addresses,
        project_settings_pages,
    ):
        portal.include_router(
            pages.router,
            include_in_schema=False,
            dependencies=READS_CHARTS if pages in _OF_CHARTS else (),
        )
    if platform.setup is not None:
        portal.include_router(setup_pages.router, include_in_schema=False)
    portal.mount("/static", BundleFiles(), name="static")

    def add_rest(rest: ModuleType) -> None:
        rest.add_rest(portal, platform, prefix=API)

    if rest_later:
        besides = {f"{API}{projects_api.SIGN_IN_LINKS}"}
        portal.add_middleware(LoadedLater, prefix=API, besides=besides, module=_REST, add=add_rest)
    else:
        add_rest(importlib.import_module(_REST))
    problems.install(portal, page=error_pages.page)
    project_addresses.install(portal)
    portal.add_middleware(WatchedStreams)
    portal.add_middleware(BoundedBodies)
    portal.add_middleware(RefusalsArrive)
    portal.add_middleware(
        SameOrigin,
        refuse=_refuse_foreign,
        hosts=(urlsplit(platform.public_url).hostname or "", *hosts),
        services_here=platform.service_host is not None,
    )
    return portal


def _refuse_foreign(request: Request) -> Response:
    error = ForeignRequestError()
    if request.url.path.startswith(API):
        return problems.problem_response(request, error)
    return error_pages.response(request, error)
