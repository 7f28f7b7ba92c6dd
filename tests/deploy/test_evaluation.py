"""An evaluation: one person, one link that works once, and doors that open no inner port."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from tests.setup.settings import region, tree

from sardonyx.adapters.caddy.config import Route
from sardonyx.adapters.processes.home import Home, free_ports
from sardonyx.adapters.processes.programs import find_program
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.roles import RegionRoles
from sardonyx.adapters.s3.sts import RoleBroker
from sardonyx.adapters.setup.probes import forged_token
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.catalog.models import ChartRef
from sardonyx.deployment import ClusterSettings
from sardonyx.evaluation import Evaluation, front_door, prepare
from sardonyx.projects.errors import OneTimeLinkError, SignInRequiredError
from sardonyx.projects.sign_in import SignIn
from sardonyx.services.models import Observation, State
from sardonyx.services.ports import Runtime
from sardonyx.testing.parts import RunningParts, wait_until
from sardonyx.values import Secret

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def home() -> Iterator[Home]:
    with TemporaryDirectory(prefix="sx") as folder:
        made = Home(Path(folder))
        prepare(made)
        yield made


def _settings(folder: Path, home: Path, **changes: Any) -> ClusterSettings:
    (folder / "link").write_text("first-token\n")
    alone = {"singleNamespace": True, "expose": {"domain": "localhost:8000", "ingress": False}}
    asked = {"home": str(home), "namespace": "lab", "linkFile": str(folder / "link")}
    content = {
        "publicUrl": "http://localhost:8000",
        "regions": [region(services=alone)],
        "evaluation": asked,
        **changes,
    }
    return ClusterSettings.model_validate(tree(folder, **content))


async def test_the_one_person_is_an_administrator_of_one_project(
    tmp_path: Path, home: Home
) -> None:
    evaluation = Evaluation.of(_settings(tmp_path, home.root))
    person = await evaluation.identity.actor("admin")
    assert person.is_admin
    assert [project.namespace for project in person.projects] == ["lab"]
    assert evaluation.service_host.format(release="demo") == "demo.localhost:8000"
    with pytest.raises(SignInRequiredError):
        await evaluation.identity.actor("eve")
    with pytest.raises(SignInRequiredError):
        await evaluation.identity.web_identity("eve")


async def test_the_link_of_the_chart_works_once_also_after_a_restart(
    tmp_path: Path, home: Home
) -> None:
    evaluation = Evaluation.of(_settings(tmp_path, home.root))
    records = SqlRecords(sqlite_database(tmp_path / "x.sqlite"))
    day = NOW - NOW.replace(day=1)
    sign_in = SignIn(
        records=records, identities=evaluation.identity, session_life=day, link_life=day
    )
    await evaluation.admit(records, sign_in)
    await sign_in.enter("first-token")
    await evaluation.admit(records, sign_in)
    with pytest.raises(OneTimeLinkError):
        await sign_in.enter("first-token")
    (tmp_path / "link").write_text("second-token")  # the chart's Secret was drawn again
    await evaluation.admit(records, sign_in)
    await sign_in.enter("second-token")
    token = evaluation.command_line_token().reveal()
    actor = await sign_in.actor(token)
    assert actor is not None
    assert actor.username == "admin"
    assert (home.keys / "cli.token").stat().st_mode & 0o777 == 0o600
    records.close()


def test_what_a_killed_pod_left_is_no_obstacle(home: Home) -> None:
    ports = home.ports()
    (home.run / "caddy.sock").touch()
    prepare(home)
    assert not (home.run / "caddy.sock").exists()
    assert home.ports() == ports


def _seen(state: State, address: str | None) -> Observation:
    return Observation(
        release="demo",
        project="single-project",
        owner="admin",
        friendly_name="Demo",
        shared=False,
        chart=ChartRef("sardonyx", "jupyter-python", "0.1.0"),
        revision=1,
        state=state,
        started_at=NOW,
        created_at=NOW,
        urls=(),
        address=address,
        notes="",
        timeline=(),
        values={},
        secret_paths=frozenset(),
    )


class _Runtime:
    """One release, whose state is told as the test goes on."""

    def __init__(self) -> None:
        self.states: asyncio.Queue[Observation] = asyncio.Queue()
        self.present: list[Observation] = []

    def releases(self, project: str) -> list[Observation]:
        return self.present

    def release(self, project: str, release: str) -> Observation:
        return self.present[0]

    async def observe(self, project: str) -> AsyncIterator[Observation]:
        while True:
            yield await self.states.get()

    async def service_credential(self, *given: object, **named: object) -> tuple[str, Secret]:
        return "Authorization", Secret("token s3cret")

    def quota(self, project: str) -> str:
        return f"of {project}"


class _Door:
    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.changed = asyncio.Event()

    async def add(self, **route: Any) -> None:
        self.routes[route["release"]] = Route(**route)
        self.changed.set()

    async def remove(self, release: str) -> None:
        self.routes.pop(release, None)
        self.changed.set()


async def test_running_services_open_at_the_front_door_and_paused_ones_do_not(
    tmp_path: Path, home: Home
) -> None:
    door, runtime = _Door(), _Runtime()
    evaluation = replace(Evaluation.of(_settings(tmp_path, home.root)), door=cast("Any", door))
    given = cast("Runtime", runtime)
    opened = evaluation.opened(given)
    running = _seen(State.RUNNING, "http://demo.lab.svc:8888")
    runtime.present = [running]
    assert opened.release("p", "demo").urls == (), "the front door was not told yet"
    assert cast("Any", opened).quota("p") == "of p"
    async with evaluation.open_services(opened):
        await asyncio.wait_for(door.changed.wait(), 30)
        await evaluation.ways.opened("demo")
        assert opened.release("p", "demo").urls == ("http://demo.localhost:8000",)
        assert opened.releases("p")[0].urls == ("http://demo.localhost:8000",)
        assert door.routes["demo"].upstream == "demo.lab.svc:8888"
        assert door.routes["demo"].header == ("Authorization", Secret("token s3cret"))
        door.changed.clear()
        runtime.states.put_nowait(_seen(State.PAUSED, None))
        await asyncio.wait_for(door.changed.wait(), 30)
        assert door.routes == {}
    runtime.present = [_seen(State.PAUSED, None)]
    assert opened.release("p", "demo").urls == ()


@pytest.fixture(scope="module")
def doors(real_parts: RunningParts) -> Iterator[SimpleNamespace]:
    """A front door of an evaluation before the real store and secrets."""
    page, s3, secrets, portal = free_ports(4)
    home = real_parts.home
    part = front_door(
        home, port=page, portal=f"127.0.0.1:{portal}", s3_port=s3, secrets_port=secrets
    ).part(str(find_program("caddy").path))
    with subprocess.Popen(
        part.command, cwd=part.directory, env=dict(part.environment), stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(
                lambda: (
                    httpx2.get(f"http://127.0.0.1:{s3}/status", timeout=5).is_success
                    if home.caddy_admin_socket.exists()
                    else False
                ),
                "the front door",
            )
            yield SimpleNamespace(page=page, s3=s3, secrets=secrets, home=home)
        finally:
            process.terminate()


@pytest.mark.real
async def test_files_are_read_and_written_through_the_door_by_the_person_alone(
    doors: SimpleNamespace, tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{doors.s3}"
    role = {"roleARN": "arn:aws:iam::role/UserRole", "roleSessionName": "sardonyx"}
    store = {
        "URL": address,
        "region": "us-east-1",
        "pathStyleAccess": True,
        "sts": {"role": role},
        "workingDirectory": {"bucketMode": "multi", "bucketNamePrefix": "user-"},
    }
    alone = {"singleNamespace": True}
    made = region(services=alone, data={"S3": store})
    evaluation = Evaluation.of(_settings(tmp_path, doors.home.root, regions=[made]))
    person = evaluation.identity.person
    (project,) = person.projects
    async with httpx2.AsyncClient(trust_env=False) as client:
        broker = RoleBroker(
            identity=evaluation.identity,
            client=client,
            roles=RegionRoles(region=made, identity=evaluation.identity),
        )
        keys = await broker.credentials(username=person.username, project=project)
        assert keys.endpoint == address
        objects = S3ObjectStore(client=client)
        await objects.ensure_bucket(keys, project.bucket)

        async def content() -> AsyncIterator[bytes]:
            yield b"kept"

        await objects.put(keys, project.bucket, "a.txt", content())
        link = objects.presign_get(keys, project.bucket, "a.txt", timedelta(minutes=5))
        assert (await client.get(link)).content == b"kept"
        assert (await client.get(link.replace("a.txt", "b.txt"))).status_code == 403
        assert (await client.get(link.partition("?")[0])).status_code == 403


@pytest.mark.real
def test_the_doors_open_nothing_of_the_inside(doors: SimpleNamespace) -> None:
    s3, secrets = f"http://127.0.0.1:{doors.s3}", f"http://127.0.0.1:{doors.secrets}"
    ports = doors.home.ports()
    # What the filer and the master answer inside must not be answered here, whatever the host.
    for path in (
        "/buckets/",
        "/dir/status",
        "/col/delete?collection=user-admin",
        "/cluster/status",
    ):
        for host in ("x", f"127.0.0.1:{ports['seaweedfs_filer']}"):
            answer = httpx2.post(f"{s3}{path}", headers={"host": host})
            assert answer.status_code in (400, 403, 404, 405), (path, answer.text)
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "RoleArn": "arn:aws:iam::role/UserRole",
        "RoleSessionName": "x",
        "WebIdentityToken": forged_token(),
    }
    assert httpx2.post(s3, data=form).status_code == 400
    login = {"role": "user", "jwt": forged_token()}
    assert httpx2.post(f"{secrets}/v1/auth/jwt/login", json=login).status_code == 400
    assert httpx2.get(f"{secrets}/v1/sys/mounts").status_code == 403
    assert httpx2.get(f"{secrets}/v1/sys/health").status_code == 200


@pytest.mark.real
def test_pages_listen_on_loopback_alone(doors: SimpleNamespace) -> None:
    """A forwarded port ends on the pod's loopback; no other pod reaches the pages there."""
    listening = {line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]}
    here = [one for one in listening if one.endswith(f":{doors.page:04X}")]
    assert here == [f"0100007F:{doors.page:04X}"]
