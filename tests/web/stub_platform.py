"""A platform with plausible data, its real services over ports kept in memory: for page tests.

Over 400 lines: one world, which every page is shown of.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI, Request, Response
from tests.account.forms import PROFILE

from sardonyx.account import pages as account_pages
from sardonyx.account import project_pages
from sardonyx.account.configurations import pages as configurations_pages
from sardonyx.account.configurations.service import Configurations
from sardonyx.account.models import AuditEntry, AuditFilter, Preferences
from sardonyx.account.profile_schemas import GivenSchemas
from sardonyx.account.service import Accounts
from sardonyx.account.storage import StorageAsked
from sardonyx.api import problems
from sardonyx.catalog import own_api, own_pages
from sardonyx.catalog import pages as catalog_pages
from sardonyx.catalog.models import ChartRef
from sardonyx.catalog.service import CatalogService, CatalogSource, default_sources
from sardonyx.errors import UserError
from sardonyx.files import api as files_api
from sardonyx.files import pages as files_pages
from sardonyx.files.models import Column, S3Credentials, Table
from sardonyx.files.service import Files
from sardonyx.launcher.context import ContextInputs
from sardonyx.onyxia import addresses as onyxia_addresses
from sardonyx.projects.errors import ForeignRequestError
from sardonyx.projects.models import Actor, Project
from sardonyx.secrets import pages as secrets_pages
from sardonyx.secrets.service import Secrets
from sardonyx.services import pages as services_pages
from sardonyx.services.errors import ServiceExistsError, ServiceNotFoundError
from sardonyx.services.evidence import EventEvidence
from sardonyx.services.models import (
    LONG_RUNNING,
    LaunchPlan,
    Loss,
    Observation,
    PlannedObject,
    QuotaUse,
    Revision,
    State,
    StepStatus,
    TimelineEvent,
)
from sardonyx.services.project_events import ProjectEvents
from sardonyx.services.quotas import Marks
from sardonyx.services.service import Services
from sardonyx.testing.configurations import MemoryConfigurations
from sardonyx.testing.events import MemoryEvents, MemoryMarks
from sardonyx.testing.identity import People
from sardonyx.testing.object_store import MemoryBroker, MemoryObjectStore, MemoryStorage
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.testing.storage_probe import MemoryProbe
from sardonyx.values import Json, JsonObject, Secret
from sardonyx.web import error_pages, gateway, home_pages, sign_in_pages
from sardonyx.web.bundle import BundleFiles
from sardonyx.web.refusals import RefusalsArrive
from sardonyx.web.security import SameOrigin

PROJECT = Project(id="user-ada", name="ada", bucket="user-ada", secrets_folder="user-ada")
ADA = Actor("ada", "Ada Lovelace", "ada@example.org", (PROJECT,))
JUPYTER = ChartRef("sardonyx", "jupyter-python", "0.1.0")
POSTGRESQL = ChartRef("sardonyx", "postgresql", "0.1.0")
NOTES = """\
# JupyterLab

Your files are under `s3://user-ada/`, read without any key:

    duckdb.sql("SELECT * FROM 's3://user-ada/sample.parquet'")

- What you install with `pip` stays in this service.
- The folder `work` is kept when it is paused.

<script>alert("never")</script>
"""


# What a cluster said of `usual_releases`, the newest first: service, type, reason, message.
EVENTS = (
    (
        "jupyter-python-9041",
        "Warning",
        "FailedScheduling",
        "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: "
        "3 No preemption victims found for incoming pod.",
    ),
    ("postgresql-551", "Error", "Failed", "<script>alert('never')</script> exited with 1"),
    ("jupyter-python-73105", "Warning", "Unhealthy", "Readiness probe failed: 503"),
    ("jupyter-python-73105", "Normal", "Pulled", "Container image already present on machine"),
    ("", "Normal", "SuccessfulDelete", "delete Pod jupyter-python-12-0 successful"),
)


def cluster_event(
    uid: str, kind: str, reason: str, message: str, age: timedelta, *, count: int = 1
) -> EventEvidence:
    """Return an event of a pod that was first seen `age` ago."""
    created = datetime.now(UTC) - age
    return EventEvidence(
        kind="Pod",
        name=f"{uid}-0",
        is_warning=kind == "Warning",
        reason=reason,
        message=message,
        count=count,
        last=created,
        is_error=kind == "Error",
        uid=uid,
        created=created,
    )


def _event(
    at: datetime, step: str, status: str = "done", progress: float | None = None, **detail: Any
) -> TimelineEvent:
    return TimelineEvent(at, step, StepStatus(status), detail, progress)


def _story(start: datetime) -> tuple[TimelineEvent, ...]:
    def after(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    return (
        _event(start, "asked"),
        _event(after(0.02), "checked"),
        _event(after(0.05), "values"),
        _event(after(0.1), "environment", "started"),
        _event(after(1.3), "environment", packages=148, cached=True),
        _event(after(1.4), "init.git"),
        _event(after(1.5), "started", port=42117),
        _event(after(1.6), "answering", "started"),
        _event(after(3.9), "answering"),
    )


def seen(name: str, friendly: str, chart: ChartRef, state: State, age: timedelta) -> Observation:
    """Return a release that has been in `state` for `age`."""
    start = datetime.now(UTC) - age
    running = state is State.RUNNING
    return Observation(
        release=name,
        project=PROJECT.id,
        owner="ada",
        friendly_name=friendly,
        shared=False,
        chart=chart,
        revision=1,
        state=state,
        started_at=start,
        created_at=start,
        urls=(f"http://{name}.localhost:8000",) if running and chart is JUPYTER else (),
        address="http://127.0.0.1:42117" if running else None,
        notes=NOTES,
        timeline=_story(start),
        values={"git": {"name": "Ada", "token": "hidden"}, "packages": ["polars"]},
        secret_paths=frozenset({("git", "token")}),
    )


def usual_releases() -> list[Observation]:
    """Return one running, one starting, one paused and one failed service."""
    starting = seen(
        "jupyter-python-9041", "Labour survey", JUPYTER, State.PREPARING, timedelta(seconds=21)
    )
    begun = starting.created_at
    failed = seen("postgresql-551", "Census archive", POSTGRESQL, State.FAILED, timedelta(hours=3))
    return [
        replace(
            starting,
            timeline=(
                *_story(begun)[:3],
                _event(
                    begun + timedelta(seconds=19),
                    "environment",
                    "started",
                    0.62,
                    bytes=212_400_000,
                    total_bytes=341_000_000,
                    package="pyarrow",
                ),
            ),
        ),
        seen("jupyter-python-73105", "Prices", JUPYTER, State.RUNNING, timedelta(minutes=48)),
        seen("postgresql-118", "Registry", POSTGRESQL, State.PAUSED, timedelta(days=2)),
        replace(
            failed,
            timeline=(
                *_story(failed.created_at)[:7],
                _event(failed.created_at + timedelta(seconds=4), "exited", "failed", exit_code=1),
            ),
            facts={
                "exit_code": 1,
                "last_lines": 'FATAL:  could not open file "postgresql.conf": No such file',
            },
        ),
    ]


class StubRuntime:
    """Releases in a list; what is asked of them changes their state at once."""

    def __init__(self, releases: Sequence[Observation] = ()) -> None:
        self.kept = {one.release: one for one in releases}
        self.installed: list[LaunchPlan] = []
        self.placed: dict[tuple[str, str], bytes] = {}
        self.limits = [
            QuotaUse("limits.memory", "15Gi", "16Gi"),
            QuotaUse("requests.cpu", "500m", "4"),
        ]
        self.changed = asyncio.Condition()
        self.refusal: UserError | None = None
        self.log = "".join(
            f"[I 14:0{minute}:12 ServerApp] Saving file at /analysis-{minute}.ipynb\n"
            for minute in range(9)
        )

    async def install(self, plan: LaunchPlan) -> None:
        if self.refusal is not None:
            raise self.refusal
        if plan.release in self.kept:
            raise ServiceExistsError(name=plan.release, project=plan.project)
        self.installed.append(plan)
        made = seen(plan.release, plan.friendly_name, plan.chart, State.PREPARING, timedelta(0))
        made = replace(
            made,
            project=plan.project,
            owner=plan.owner,
            values=plan.values,
            secret_paths=plan.secret_paths,
        )
        self.kept[plan.release] = replace(made, timeline=made.timeline[:3])
        await self._tell()

    async def upgrade(self, plan: LaunchPlan) -> None:
        seen = self.kept[plan.release]
        self.kept[plan.release] = replace(
            seen,
            chart=plan.chart,
            values=plan.values,
            secret_paths=plan.secret_paths,
            revision=seen.revision + 1,
        )
        await self._set(plan.release, State.STARTING)

    async def rollback(self, project: str, release: str, revision: int) -> None:
        seen = self.kept[release]
        self.kept[release] = replace(seen, revision=seen.revision + 1)
        await self._set(release, State.STARTING)

    async def history(self, project: str, release: str) -> Sequence[Revision]:
        seen = self.kept[release]
        first = {**seen.values, "packages": []}
        hidden = seen.secret_paths
        return (
            Revision(2, seen.created_at, "deployed", seen.chart, "Edited", seen.values, hidden),
            Revision(1, seen.created_at, "superseded", seen.chart, "Launched", first, hidden),
        )

    async def share(self, project: str, release: str, *, shared: bool) -> None:
        self.kept[release] = replace(self.kept[release], shared=shared)
        await self._tell()

    async def adopt(self, project: str, release: str, owner: str) -> None:
        self.kept[release] = replace(self.kept[release], owner=owner)

    async def suspend(self, project: str, release: str) -> None:
        await self._set(release, State.PAUSED)

    async def resume(self, project: str, release: str) -> None:
        await self._set(release, State.RUNNING)

    async def restart(self, project: str, release: str) -> None:
        await self._set(release, State.RUNNING)

    async def uninstall(self, project: str, release: str) -> None:
        del self.kept[release]
        await self._tell()

    async def rename(self, project: str, release: str, friendly_name: str) -> None:
        self.kept[release] = replace(self.kept[release], friendly_name=friendly_name)

    def releases(self, project: str) -> Sequence[Observation]:
        return list(self.kept.values())

    def release(self, project: str, release: str) -> Observation:
        if release not in self.kept:
            raise ServiceNotFoundError(name=release, project=project)
        return self.kept[release]

    async def observe(self, project: str) -> AsyncIterator[Observation]:
        while True:
            async with self.changed:
                await self.changed.wait()
            for one in list(self.kept.values()):
                yield one

    async def logs(
        self, project: str, release: str, *, lines: int = 200, previous: bool = False
    ) -> str:
        return "" if previous else self.log

    async def follow_logs(
        self, project: str, release: str, *, lines: int = 0
    ) -> AsyncIterator[str]:
        if lines:
            yield self.log
        yield "[I 14:09:30 ServerApp] <b>Kernel started</b>\n"
        await asyncio.Event().wait()

    async def losses(self, project: str, release: str) -> Sequence[Loss]:
        return (
            Loss("file", "analysis/prices.ipynb", 48_210),
            Loss("file", "analysis/output", 12_400_000, 31),
            Loss("git_unpushed", "prices-model", 0, 1),
        )

    async def service_credential(
        self, project: str, release: str, *, life: timedelta
    ) -> tuple[str, Secret]:
        return "Authorization", Secret("token")

    async def place_file(self, project: str, release: str, name: str, content: bytes) -> bool:
        return self.placed.setdefault((release, name), content) is content

    async def underneath(self, project: str, release: str) -> str:
        return (
            "uv venv --python 3.13 .venv\nuv pip install -p .venv -r requirements.txt\n"
            'export AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL"\n'
            ".venv/bin/jupyter lab --no-browser --port=8888\n"
        )

    async def underneath_plan(self, plan: LaunchPlan) -> str:
        return await self.underneath(plan.project, plan.release)

    def underneath_action(self, verb: str, project: str, release: str, *, revision: int = 0) -> str:
        return f"# {verb} {release}\n"

    def underneath_look(self, project: str, release: str | None = None) -> str:
        return f"# look at {release or project}\n"

    async def preflight(self, plan: LaunchPlan) -> dict[str, str | int | float]:
        return {}

    async def planned(self, plan: LaunchPlan) -> Sequence[PlannedObject]:
        script = await self.underneath_plan(plan)
        return (
            PlannedObject("Process", plan.release, f"{script}# {plan.merged.get('resources')}\n"),
        )

    def quota(self, project: str) -> Sequence[QuotaUse]:
        return self.limits

    async def _set(self, release: str, state: State) -> None:
        self.kept[release] = replace(self.kept[release], state=state)
        await self._tell()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


class Contexts:
    """The launch context of ada."""

    async def inputs(self, actor: Actor, project: Project) -> ContextInputs:
        return ContextInputs(
            username=actor.username,
            email=actor.email,
            full_name=actor.full_name,
            project_id=project.id,
            git_name=actor.full_name,
            git_email=actor.email,
        )


class Records:
    """Preferences, profiles and audit in memory."""

    def __init__(self) -> None:
        self.kept = Preferences()
        self.profiles: dict[str, JsonObject] = {}
        self.audit: list[AuditEntry] = []

    async def preferences(self, username: str) -> Preferences:
        return self.kept

    async def save_preferences(self, username: str, preferences: Preferences) -> None:
        self.kept = preferences

    async def profile(self, username: str) -> JsonObject | None:
        return self.profiles.get(username)

    async def save_profile(self, username: str, profile: JsonObject) -> None:
        self.profiles[username] = profile

    async def record(self, username: str, action: str, target: str, result: str) -> None:
        self.audit.append(AuditEntry(datetime.now(UTC), username, action, target, result))

    async def entries(self, asked: AuditFilter) -> Sequence[AuditEntry]:
        kept = [e for e in reversed(self.audit) if asked.username in (None, e.username)]
        found = [e for e in kept if asked.target in e.target and asked.by in e.username]
        return [e for e in found if e.action.startswith(asked.action)][: asked.limit]


class Rows:
    """A small table, whatever is asked."""

    async def preview(
        self, credentials: S3Credentials, bucket: str, key: str, *, rows: int
    ) -> Table:
        columns = (
            "region:VARCHAR",
            "month:DATE",
            "price:DOUBLE",
            "quantity:BIGINT",
            "note:VARCHAR",
        )
        made = tuple(
            (
                ("Bretagne", "Île-de-France", "Occitanie")[number % 3],
                f"2026-{number % 12 + 1:02d}-01",
                f"{17.35 + number * 3.1:.2f}",
                str(120 * number),
                None if number % 4 else "estimated",
            )
            for number in range(min(rows, 24))
        )
        typed = tuple(Column(*column.split(":")) for column in columns)
        return Table(typed, made, True, 1_204_331, 0.043, 90_000_000)

    async def query(
        self, credentials: S3Credentials, bucket: str, key: str, sql: str, *, rows: int
    ) -> Table:
        return await self.preview(credentials, bucket, key, rows=3)


@dataclass
class PartStatus:
    """A part of the platform that is ready or not."""

    name: str
    ready: bool


@dataclass
class Parts:
    """The parts' states."""

    kept: list[PartStatus] = field(default_factory=list)

    async def status(self) -> tuple[PartStatus, ...]:
        return tuple(self.kept)


class SignIn:
    """Ada is signed in where the cookie says so."""

    async def actor(self, token: str | None) -> Actor | None:
        return ADA if token == "ada" else None

    async def enter(self, token: str) -> Secret:
        return Secret("ada")

    async def sign_out(self, token: str) -> None:
        return None


def stub_platform(
    releases: Sequence[Observation] = (), sources: Sequence[CatalogSource] = ()
) -> SimpleNamespace:
    """Return a platform whose parts are kept in memory."""
    people = People(names=("ada",))
    records, storage = Records(), MemoryStorage()
    vault = MemorySecretStore(identity=people, issuer=people.issuer)
    broker = MemoryBroker(storage, people, people.issuer)
    catalog = CatalogService([*default_sources(), *sources])
    runtime = StubRuntime(releases)
    services = Services(catalog=catalog, runtime=runtime, contexts=Contexts(), audit=records)
    told = MemoryEvents()
    accounts = Accounts(
        records=records,
        secret_store=vault,
        probe=MemoryProbe(),
        profile_schemas=GivenSchemas({"default": PROFILE}),
    )
    return SimpleNamespace(
        own_charts=None,
        has_files=True,
        has_secrets=True,
        public_url="http://localhost:8000",
        service_host="{release}.localhost:8000",
        session_life=timedelta(days=1),
        catalog=catalog,
        runtime=runtime,
        services=services,
        configurations=Configurations(
            records=MemoryConfigurations(),
            launcher=services,
            charts=catalog,
            audit=records,
            stores=accounts.storage,
        ),
        auto_launch=True,
        quota_marks=Marks(),
        files=Files(broker=broker, store=MemoryObjectStore(storage), tables=Rows()),
        secrets=Secrets(store=vault, address="http://127.0.0.1:8200"),
        accounts=accounts,
        sign_in=SignIn(),
        parts=Parts(),
        setup=None,
        credentials=None,
        told=told,
        events=ProjectEvents(source=told, releases=runtime, marks=MemoryMarks()),
        long_running=LONG_RUNNING,
    )


async def fill(platform: SimpleNamespace) -> None:
    """Give ada files, secrets, a profile, and events."""
    for key, size in (
        ("prices-2026.parquet", 184_220),
        ("survey/wave-2.csv", 91_000),
        ("survey/wave-10.csv", 88_120),
        ("report.pdf", 1_204_000),
        ("part-10.json", 8_100),
        ("part-2.json", 8_400),
    ):
        await platform.files.upload(ADA, PROJECT.id, key, _bytes(size), overwrite=True)
    for path, keys in (
        ("databases/census", ("HOST", "USER", "PASSWORD")),
        ("forge", ("TOKEN",)),
        ("weather-api", ("API_KEY",)),
    ):
        entries = {key: Secret(f"{key.lower()}-value") for key in keys}
        await platform.secrets.write(ADA, PROJECT.id, path, entries)

    for number, (release, kind, reason, message) in enumerate(EVENTS):
        told = cluster_event(
            f"told-{number}", kind, reason, message, timedelta(seconds=15 + 180 * number)
        )
        platform.told.tell(PROJECT.id, told, release)

    nas = StorageAsked(
        name="nas",
        url="https://nas.example:9000",
        folder="prices/2026",
        access_key_id="key",
        secret_access_key=Secret("secret"),
    )
    await platform.accounts.storage.keep(ADA, nas, unchecked=True)
    profiles = platform.accounts.profiles
    identities: Json = [{"forge": "gitlab"}, {"forge": "github"}]
    made = await profiles.of_values(
        ADA, {"team": "prices", "identities": identities}, held_back=["/identities/1"]
    )
    await profiles.save(ADA, made)


async def _bytes(size: int) -> AsyncIterator[bytes]:
    yield b"0" * size


def _refuse(request: Request) -> Response:
    return error_pages.response(request, ForeignRequestError())


def stub_portal(platform: SimpleNamespace) -> FastAPI:
    """Return the pages over `platform`, with the files' REST for uploads."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await platform.files.listing(ADA, PROJECT.id)
        yield

    portal = FastAPI(lifespan=lifespan)
    portal.state.platform = platform
    for area in (
        home_pages,
        sign_in_pages,
        gateway,
        own_pages,
        catalog_pages,
        services_pages,
        configurations_pages,
        files_pages,
        secrets_pages,
        account_pages,
        onyxia_addresses,
        project_pages,
    ):
        portal.include_router(area.router)
    portal.include_router(files_api.router, prefix="/api/v1")
    portal.include_router(own_api.router, prefix="/api/v1")
    portal.mount("/static", BundleFiles(), name="static")
    problems.install(portal, page=error_pages.page)
    portal.add_middleware(RefusalsArrive)
    portal.add_middleware(SameOrigin, refuse=_refuse)
    return portal
