"""Both charts, launched by the local runtime: environments, sandbox, discovery, pause."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.catalog.folders import ADA
from tests.runtime.world import Credentials, Doors, Machine, processes_of, short_home, until

from sardonyx.adapters.processes.runtime import LocalRuntime
from sardonyx.adapters.processes.supervisor import start_supervisor, stop_supervisor
from sardonyx.catalog.service import CatalogService, default_sources
from sardonyx.launcher.context import ContextInputs, launch_context
from sardonyx.launcher.draft import make_draft
from sardonyx.services.models import LaunchPlan, Observation, State, StepStatus
from sardonyx.values import Secret

pytestmark = pytest.mark.heavy

CATALOG = CatalogService(default_sources())


def _plan(chart: str, release: str) -> LaunchPlan:
    found = CATALOG.chart(ADA, chart)
    inputs = ContextInputs(
        username="ada",
        email="ada@example.org",
        one_time_password=Secret("once"),
        project_id="user-ada",
        project_password=Secret("sta'ble"),
        domain="localhost:8000",
    )
    draft = make_draft(chart=found, context=launch_context(inputs))
    assert draft.problems == ()
    return LaunchPlan(
        release=release,
        project="user-ada",
        owner="ada",
        friendly_name=chart,
        shared=False,
        chart=found.ref,
        values=draft.values,
        merged=draft.merged,
        context=draft.context,
        secret_paths=draft.secret_paths,
    )


@pytest.fixture
async def platform() -> AsyncIterator[Machine]:
    """A supervisor and a runtime that know our own charts."""
    with short_home() as home:
        process = start_supervisor(home, [], detach=False)
        credentials, doors = Credentials(home), Doors()
        runtime = LocalRuntime(
            home=home,
            domain="localhost:8000",
            find_chart=lambda ref: CATALOG.chart(ADA, ref.chart),
            credentials=credentials,
            front_door=doors,
        )
        try:
            await runtime.start()
            yield Machine(home, runtime, credentials, doors)
        finally:
            await runtime.close()
            stop_supervisor(home)
            process.wait()


async def _launch(machine: Machine, chart: str, release: str) -> Observation:
    await machine.runtime.install(_plan(chart, release))
    seen = await machine.reach(release, State.RUNNING, State.FAILED)
    log = await machine.runtime.logs("user-ada", release)
    assert seen.state is State.RUNNING, (seen, log)
    return seen


def _environ(machine: Machine, program: str) -> dict[str, str]:
    for pid, line in processes_of(machine.home).items():
        if program in line and "bwrap" not in line.split()[0]:
            content = Path(f"/proc/{pid}/environ").read_bytes().decode()
            return dict(item.split("=", 1) for item in content.split("\0") if "=" in item)
    raise AssertionError(processes_of(machine.home))


async def test_a_notebook_finds_the_database(platform: Machine) -> None:
    database = await _launch(platform, "postgresql", "db")
    assert database.urls == ()
    assert database.address is not None
    assert database.address.startswith("postgresql://")
    assert "sta'ble" not in database.notes
    notebook = await _launch(platform, "jupyter-python", "lab")
    failed = [event for event in notebook.timeline if event.status is StepStatus.FAILED]
    assert failed == []
    assert "http://lab.localhost:8000" in notebook.notes
    found = _environ(platform, "jupyter-lab")
    assert (found["PGHOST"], found["PGUSER"], found["PGDATABASE"], found["PGPASSWORD"]) == (
        "127.0.0.1",
        "user-ada",
        "defaultdb",
        "sta'ble",
    )
    way: dict[str, Any] = platform.doors.ways["lab"]
    socket = way["upstream"].removeprefix("unix/").partition("|")[0]
    transport = httpx2.AsyncHTTPTransport(uds=socket)
    async with httpx2.AsyncClient(transport=transport, base_url="http://lab.localhost") as client:
        started = await client.post("/api/kernels", json={"name": "python3"})
        assert started.status_code == 201, started.text
        stranger = await client.get("/api", headers={"host": "evil.example"})
        assert stranger.status_code == 403
    for line in processes_of(platform.home).values():
        assert "sta'ble" not in line


async def test_the_databases_files_outlive_a_pause(platform: Machine) -> None:
    await _launch(platform, "postgresql", "db")
    data = platform.home.service("db") / "work" / "data"
    made = (data / "PG_VERSION").stat().st_mtime_ns
    await platform.runtime.suspend("user-ada", "db")
    await platform.reach("db", State.PAUSED)
    # A fast shutdown: the server said goodbye and left no lock behind.
    assert not (data / "postmaster.pid").exists()
    await platform.runtime.resume("user-ada", "db")
    await platform.reach("db", State.RUNNING)
    assert (data / "PG_VERSION").stat().st_mtime_ns == made
    await platform.runtime.uninstall("user-ada", "db")
    await platform.gone("db")
    await until(lambda: not data.exists())
