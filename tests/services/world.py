"""A service layer over the real catalogue and launcher, with the runtime in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace

from fastapi import FastAPI
from tests.services.fakes import (
    ADA,
    EVE,
    NOW,
    AuditList,
    Contexts,
    Counted,
    MemoryRuntime,
)

from sardonyx.account.configurations import api as configurations_api
from sardonyx.account.configurations.service import Configurations
from sardonyx.account.recent import RecentSecrets
from sardonyx.account.storage import OwnStorage
from sardonyx.api import problems
from sardonyx.catalog import api as catalog_api
from sardonyx.catalog.service import CatalogService, CatalogSource, default_sources
from sardonyx.projects.models import Actor
from sardonyx.projects.ports import Workspaces
from sardonyx.services import api as services_api
from sardonyx.services.project_events import ProjectEvents
from sardonyx.services.service import Services
from sardonyx.testing.configurations import MemoryConfigurations
from sardonyx.testing.events import MemoryEvents, MemoryMarks
from sardonyx.testing.identity import People
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.testing.storage_probe import MemoryProbe
from sardonyx.values import Secret

TOKENS = {"ada-token": ADA, "eve-token": EVE}


@dataclass
class World:
    """What a test looks at beside the services. now: the clock's one hand.

    told: what the cluster said; events: None as on one machine.
    """

    services: Services
    runtime: MemoryRuntime
    audit: AuditList
    catalog: CatalogService
    now: list[datetime]
    configurations: Configurations
    contexts: Contexts
    told: MemoryEvents
    events: ProjectEvents | None
    stores: OwnStorage


def world(
    *suffixes: str,
    sources: Sequence[CatalogSource] = (),
    workspaces: Workspaces | None = None,
    ingress_port: int | None = None,
) -> World:
    """Return services of their own; the first drafts get these suffixes.

    sources: catalogues beside our own. workspaces: made ready where they are gone.
    """
    runtime, audit, now, contexts = MemoryRuntime(), AuditList(), [NOW], Contexts()
    catalog = CatalogService([*default_sources(), *sources])
    services = Services(
        catalog=catalog,
        runtime=runtime,
        contexts=contexts,
        audit=audit,
        clock=lambda: now[0],
        randomness=Counted(*suffixes),
        workspaces=workspaces,
        ingress_port=ingress_port,
    )
    people = People()
    secrets = RecentSecrets(MemorySecretStore(people, people.issuer))
    stores = OwnStorage(secret_store=secrets, audit=audit, probe=MemoryProbe())
    configurations = Configurations(
        records=MemoryConfigurations(),
        launcher=services,
        charts=catalog,
        audit=audit,
        stores=stores,
        clock=lambda: now[0],
    )
    told = MemoryEvents()
    events = ProjectEvents(source=told, releases=runtime, marks=MemoryMarks(), clock=lambda: now[0])
    return World(
        services, runtime, audit, catalog, now, configurations, contexts, told, events, stores
    )


class SignIn:
    """Knows two people by fixed tokens."""

    async def actor(self, token: str | None) -> Actor | None:
        return TOKENS.get(token or "")

    async def one_time_token(
        self, username: str, *, audience: str = "portal", within: str | None = None
    ) -> Secret:
        return Secret(f"once-{username}-{audience}")


def portal(w: World) -> FastAPI:
    """Return an application with the routes of services and the catalogue alone."""
    app = FastAPI(openapi_url="/api/v1/openapi.json")
    app.state.platform = SimpleNamespace(
        services=w.services,
        configurations=w.configurations,
        catalog=w.catalog,
        sign_in=SignIn(),
        own_charts=None,
        events=w.events,
        public_url="http://localhost:8000",
        service_host="{release}.localhost:8000",
    )
    for router in (services_api.router, configurations_api.router, catalog_api.router):
        app.include_router(router, prefix="/api/v1")
    problems.install(app)
    return app
