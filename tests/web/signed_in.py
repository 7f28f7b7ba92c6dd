"""A portal where people sign in by a real provider, its other parts kept in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
from fastapi import FastAPI
from tests.servers.provider import CLIENT, RunningProvider, signed_in_by_form
from tests.web.stub_platform import Contexts, StubRuntime, stub_platform

from sardonyx.account.configurations.service import Configurations
from sardonyx.account.service import Accounts
from sardonyx.adapters.oidc.provider import OpenIdClient, OpenIdProvider
from sardonyx.adapters.oidc.sealing import Sealer
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.platform import Platform
from sardonyx.projects.claims import ClaimNames, ProjectRules
from sardonyx.projects.errors import WorkspaceRefusedError
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.onboarding import Onboarding
from sardonyx.projects.sign_in import SignIn
from sardonyx.projects.tokens import ApiTokens
from sardonyx.services.errors import ServiceNotFoundError
from sardonyx.services.models import Observation
from sardonyx.services.service import Services
from sardonyx.testing.identity import People
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.testing.storage_probe import MemoryProbe
from sardonyx.values import JsonObject
from sardonyx.web.portal import create_portal

URL = "http://localhost:8000"
PEOPLE: Mapping[str, JsonObject] = {
    "ada": {
        "preferred_username": "ada",
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "groups": ["prices", "/Team.A/wages", "system:masters"],
        "roles": [],
    },
    "bob": {"preferred_username": "bob", "name": "Bob", "groups": [], "roles": []},
    "Root.Admin": {
        "preferred_username": "Root.Admin",
        "groups": [],
        "roles": ["sardonyx-admin"],
    },
}


class ProjectRuntime(StubRuntime):
    """Releases in the projects they are in."""

    def releases(self, project: str) -> Sequence[Observation]:
        return [one for one in self.kept.values() if one.project == project]

    def release(self, project: str, release: str) -> Observation:
        found = super().release(project, release)
        if found.project != project:
            raise ServiceNotFoundError(name=release, project=project)
        return found


@dataclass(slots=True)
class Places:
    """Workspaces that are made ready, unless their namespace is in `refused`."""

    opened: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    async def open(self, actor: Actor, project: Project) -> None:
        if project.namespace in self.refused:
            raise WorkspaceRefusedError(namespace=project.namespace, reason="none may be made")
        self.opened.append(project.namespace)


@dataclass(slots=True)
class World:
    """The portal, and what a test looks into."""

    portal: FastAPI
    platform: SimpleNamespace
    records: SqlRecords
    places: Places
    provider: RunningProvider
    url: str

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """Return a browser that nobody is signed in with."""
        usual = {"accept": "text/html", "sec-fetch-site": "same-origin", "accept-language": "en"}
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.portal),
            base_url=self.url,
            headers={**usual, **headers},
        )

    def program(self, token: str) -> httpx2.AsyncClient:
        """Return a program with a token."""
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.portal),
            base_url=self.url,
            headers={"authorization": f"Bearer {token}", "accept": "application/json"},
        )

    async def at_provider(self, address: str, name: str) -> str:
        """Sign in at the provider's page; return the address it leads back to."""

        def follow() -> str:
            with httpx2.Client(trust_env=False) as browser:
                return str(signed_in_by_form(browser, address, name).headers["location"])

        return await asyncio.to_thread(follow)

    async def sign_in(self, browser: httpx2.AsyncClient, name: str) -> httpx2.Response:
        """Sign `name` in; return the portal's last answer, a redirect to the wanted page."""
        begun = await browser.get("/sign-in/start")
        assert begun.status_code == 303, begun.text
        back = await self.at_provider(begun.headers["location"], name)
        answer = await browser.get(back)
        if self.platform.onboarding._tasks:
            await asyncio.gather(*self.platform.onboarding._tasks.values())
        return answer


@asynccontextmanager
async def signed_in_world(
    folder: Path, provider: RunningProvider, releases: Sequence[Observation] = (), *, url: str = URL
) -> AsyncIterator[World]:
    """Run a portal over `provider`."""
    records = SqlRecords(sqlite_database(folder / "portal.sqlite"))
    identities = OpenIdProvider(
        client=OpenIdClient(
            issuer=provider.issuer, client_id=CLIENT, redirect_uri=f"{url}/sign-in/callback"
        ),
        records=records,
        audit=records,
        sealer=Sealer(b"k" * 32),
        names=ClaimNames(),
        rules=ProjectRules.of_region({"services": {"singleNamespace": False}}),
        stale=timedelta(days=7),
    )
    tokens = ApiTokens(records=records, audit=records)
    places = Places()
    platform = stub_platform(releases)
    runtime = ProjectRuntime(releases)
    people = People()
    onboarding = Onboarding(workspaces=places, audit=records)
    services = Services(
        catalog=platform.catalog, runtime=runtime, contexts=Contexts(), audit=records
    )
    accounts = Accounts(
        records=records, secret_store=MemorySecretStore(people, people.issuer), probe=MemoryProbe()
    )
    changed: dict[str, Any] = {
        "public_url": url,
        "sign_in": SignIn(
            records=records,
            identities=identities,
            session_life=timedelta(days=1),
            link_life=timedelta(minutes=5),
            tokens=tokens,
            audit=records,
        ),
        "accounts": accounts,
        "runtime": runtime,
        "services": services,
        "configurations": Configurations(
            records=records,
            launcher=services,
            charts=platform.catalog,
            audit=records,
            stores=accounts.storage,
        ),
        "provider": identities,
        "tokens": tokens,
        "onboarding": onboarding,
        "setup": None,
        "credentials": None,
        "running": None,
    }
    platform.__dict__.update(changed)
    portal = create_portal(cast("Platform", platform))
    try:
        yield World(portal, platform, records, places, provider, url)
    finally:
        await onboarding.close()
        await identities.close()
        records.close()
