"""What can go wrong under a service, and what is left after it: on real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import pytest
from tests.runtime.world import (
    ONE_TIME,
    Credentials,
    Doors,
    Machine,
    machine,
    make_plan,
    make_runtime,
    processes_of,
    until,
)

from sardonyx.adapters.processes.errors import HomeInUseError
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.memory import MemoryLimit
from sardonyx.adapters.processes.parts import Part
from sardonyx.adapters.processes.rpc import call
from sardonyx.adapters.processes.runner import told_to_end
from sardonyx.adapters.processes.runner_part import runner_name
from sardonyx.adapters.processes.supervisor import (
    Supervisor,
    running,
    start_supervisor,
    stop_supervisor,
)
from sardonyx.services.diagnosis import diagnose
from sardonyx.services.errors import LaunchRefusedError, RuntimeUnavailableError
from sardonyx.services.models import Observation, State, StepStatus

pytestmark = pytest.mark.real


def codes(seen: Observation) -> list[str]:
    return [finding.code for finding in diagnose(seen)]


def pid_of(home: Home, *words: str) -> int:
    """Return the oldest process of the home whose command line holds all `words`."""
    found = [pid for pid, line in processes_of(home).items() if all(w in line for w in words)]
    assert found, processes_of(home)
    return min(found)


async def ended(home: Home, pids: set[int]) -> None:
    await until(lambda: not (pids & processes_of(home).keys()), saying=lambda: processes_of(home))


async def test_a_killed_service_is_started_again(computer: Machine) -> None:
    before = await computer.launch("hello", "hardy")
    os.kill(pid_of(computer.home, "server.py"), signal.SIGKILL)
    await until(lambda: computer.seen("hardy").started_at != before.started_at)
    seen = await computer.reach("hardy", State.RUNNING, State.FAILED)
    assert seen.state is State.RUNNING
    ends = [event for event in seen.timeline if event.step == "exited"]
    assert [event.detail["signal"] for event in ends] == ["SIGKILL"]
    assert codes(seen) == []


async def test_a_killed_runner_takes_its_service_along_and_comes_back(computer: Machine) -> None:
    before = await computer.launch("hello", "orphan")
    service = pid_of(computer.home, "server.py")
    runner = pid_of(computer.home, "processes.runner", "--release orphan")
    os.kill(runner, signal.SIGKILL)
    await ended(computer.home, {service, runner})
    await until(lambda: computer.seen("orphan").started_at != before.started_at)
    assert (await computer.reach("orphan", State.RUNNING, State.FAILED)).state is State.RUNNING


async def test_a_runner_that_did_not_listen_yet_learns_that_it_was_to_end(home: Home) -> None:
    """Its signal is lost: without asking, the end would take the supervisor's whole patience."""
    async with machine(home):
        deaf = ("/bin/sh", "-c", "trap '' TERM; exec sleep 600")
        name = runner_name("early")
        Supervisor(home).add(Part(name, deaf, home.root), nests=True)
        await until(lambda: "sleep 600 " in processes_of(home).values())
        assert not told_to_end(home, "early")
        assert not told_to_end(home, "unknown")
        key = home.supervisor_key.read_text()
        call(home.supervisor_socket, key, "supervisor.stopProcessGroup", name, False)
        assert told_to_end(home, "early")
        call(home.supervisor_socket, key, "supervisor.signalProcess", name, "KILL")
    assert not told_to_end(home, "early"), "nobody is there to ask"


async def test_a_service_dying_at_once_is_given_up(computer: Machine) -> None:
    seen = await computer.launch("crash", "frail")
    assert codes(seen) == ["crashed"]
    assert [event.step for event in seen.timeline].count("exited") == 3
    await computer.runtime.resume("user-ada", "frail")
    seen = await computer.reach("frail", State.FAILED)
    assert codes(seen) == ["crashed"]


async def test_a_launch_whose_way_cannot_be_opened_leaves_nothing_behind(
    computer: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(**_: object) -> None:
        raise RuntimeUnavailableError

    monkeypatch.setattr(computer.doors, "add", refuse)
    with pytest.raises(RuntimeUnavailableError):
        await computer.runtime.install(make_plan("hello", "stray"))
    assert Supervisor(computer.home).states() == {}
    assert not computer.home.service("stray").exists()
    assert computer.credentials.revoked == ["stray"]


async def test_services_end_with_a_killed_supervisor_and_can_go_on(home: Home) -> None:
    async with machine(home) as first:
        await first.launch("hello", "durable")
        (home.service("durable") / "work" / "thesis.txt").write_text("all of it")
        # The runner also keeps the machine's own children apart from ours.
        left = set(processes_of(home))
        assert left
        supervisor = int((home.run / "supervisord.pid").read_text())
        os.kill(supervisor, signal.SIGKILL)
        await until(lambda: not processes_of(home), saying=lambda: processes_of(home))
        await first.reach("durable", State.STOPPED)
        assert codes(first.seen("durable")) == ["supervisor_gone"]
        with pytest.raises(RuntimeUnavailableError):
            await first.runtime.install(make_plan("hello", "other"))
    async with machine(home) as second:
        assert codes(second.seen("durable")) == ["supervisor_gone"]
        await second.runtime.resume("user-ada", "durable")
        assert (await second.reach("durable", State.RUNNING, State.FAILED)).state is State.RUNNING
        assert (home.service("durable") / "work" / "thesis.txt").read_text() == "all of it"


async def test_an_orderly_end_leaves_nothing_and_stops_in_order(home: Home) -> None:
    async with machine(home) as made:
        await made.launch("hello", "polite")
        log = home.service("polite") / "logs" / "service.log"
    assert processes_of(home) == {}
    assert not running(home)
    assert "leaving in order" in log.read_text()
    async with machine(home) as again:
        assert again.seen("polite").state is State.STOPPED


async def test_a_second_supervisor_on_a_home_is_refused(computer: Machine) -> None:
    with pytest.raises(HomeInUseError):
        await asyncio.to_thread(start_supervisor, computer.home, [], detach=True)
    assert Supervisor(computer.home).states() == {}


async def test_a_taken_port_is_said_and_resume_works_when_it_is_free(computer: Machine) -> None:
    await computer.launch("hello", "porter")
    await computer.runtime.suspend("user-ada", "porter")
    await computer.reach("porter", State.PAUSED)
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", computer.port("porter")))
        thief.listen()
        await computer.runtime.resume("user-ada", "porter")
        seen = await computer.reach("porter", State.FAILED)
        [finding] = diagnose(seen)
        assert (finding.code, finding.values["port"]) == ("port_taken", computer.port("porter"))
    await computer.runtime.resume("user-ada", "porter")
    assert (await computer.reach("porter", State.RUNNING)).state is State.RUNNING


async def test_a_missing_program_is_said_with_how_to_get_it(computer: Machine) -> None:
    seen = await computer.launch("program", "lacking")
    [finding] = diagnose(seen)
    assert finding.code == "program_missing"
    assert finding.values == {"program": "sardonyx-no-such-program", "hint": "apt-get install it"}
    facts = await computer.runtime.preflight(make_plan("program", "asked"))
    assert facts["program_missing"] == "sardonyx-no-such-program"


async def test_a_failed_step_keeps_the_service_from_starting(computer: Machine) -> None:
    seen = await computer.launch("step", "stuck")
    assert seen.state is State.FAILED
    [finding] = diagnose(seen)
    assert (finding.code, finding.values["step"]) == ("step_failed", "migrate")
    assert "no such table" in finding.evidence
    steps = [event.step for event in seen.timeline]
    assert "init.never" not in steps
    assert "started" not in steps


async def test_references_that_do_not_resolve_refuse_the_launch(computer: Machine) -> None:
    with pytest.raises(LaunchRefusedError) as caught:
        await computer.runtime.install(make_plan("unresolved", "vague"))
    assert [problem.pointer for problem in caught.value.problems] == [
        "local.yaml#/process/command/1",
        "local.yaml#/process/env/A",
    ]
    assert not computer.home.service("vague").exists()
    assert computer.runtime.releases("user-ada") == []


async def test_uninstall_leaves_nothing_but_the_archive(computer: Machine) -> None:
    await computer.launch("hello", "brief")
    await computer.runtime.uninstall("user-ada", "brief")
    await computer.gone("brief")
    assert not computer.home.service("brief").exists()
    assert computer.credentials.revoked.count("brief") == 1
    assert computer.doors.ways == {}
    assert Supervisor(computer.home).states() == {}
    assert not any("brief" in line for line in processes_of(computer.home).values())
    assert list((computer.home.run / "conf.d").iterdir()) == []
    assert [one.name.rpartition("--")[0] for one in computer.home.archive.iterdir()] == [
        "user-ada--brief"
    ]


async def test_a_cut_deletion_is_ended_at_the_next_start(home: Home) -> None:
    async with machine(home) as made:
        await made.launch("hello", "half")
        record = home.service("half") / "record.json"
        document = json.loads(record.read_text())
        record.write_text(json.dumps(document | {"desired": "deleted"}))
    async with machine(home) as again:
        await again.gone("half")
        assert not home.service("half").exists()


async def test_a_service_goes_on_without_the_portal(computer: Machine) -> None:
    await computer.runtime.install(make_plan("hello", "free"))
    await computer.runtime.close()
    other = make_runtime(computer.home, Credentials(computer.home), Doors())
    await other.start()
    try:
        await until(lambda: other.release("user-ada", "free").state is State.RUNNING)
        steps = [event.step for event in other.release("user-ada", "free").timeline]
        assert steps[-1] == "answering"
    finally:
        await other.close()


async def test_a_later_service_gets_what_an_earlier_one_provides(computer: Machine) -> None:
    auth = {"database": "db", "username": "ada", "password": "p4ssw0rd-of-db"}
    seen = await computer.launch("provider", "db-1", auth=auth)
    assert seen.urls == ()
    assert seen.address is not None
    assert seen.address.startswith("postgresql://ada@127.0.0.1:")
    assert "p4ssw0rd-of-db" not in repr(seen)
    await computer.launch("hello", "reader")
    orders = json.loads((computer.home.service("reader") / "orders.json").read_text())
    assert orders["env"]["PGHOST"] == "127.0.0.1"
    await computer.runtime.suspend("user-ada", "db-1")
    await computer.reach("db-1", State.PAUSED)
    await computer.launch("hello", "late")
    orders = json.loads((computer.home.service("late") / "orders.json").read_text())
    assert "PGHOST" not in orders["env"]


async def test_no_secret_is_on_a_command_line_or_readable_by_others(computer: Machine) -> None:
    await computer.launch("hello", "discreet")
    for line in processes_of(computer.home).values():
        assert ONE_TIME not in line
    folder = computer.home.service("discreet")
    for name in ("plan.json", "orders.json", "record.json", "state.json", "timeline.jsonl"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600, name
    for name in ("supervisord.conf", "supervisor.key", "network.json"):
        assert (computer.home.run / name).stat().st_mode & 0o777 == 0o600, name
    assert computer.home.supervisor_socket.stat().st_mode & 0o777 == 0o600
    for place in (computer.home.root, computer.home.services, computer.home.logs):
        assert place.stat().st_mode & 0o777 == 0o700
    assert ONE_TIME not in "".join(
        path.read_text(errors="replace") for path in computer.home.logs.iterdir()
    )


@pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/sys/fs/cgroup").exists(),
    reason="memory groups need root and /sys/fs/cgroup",
)
def test_services_of_one_name_in_two_homes_have_each_their_bound() -> None:
    name = f"twin{os.getpid()}"
    bounds = [MemoryLimit(name, 2**30) for _ in range(2)]
    try:
        groups = list(Path("/sys/fs/cgroup").rglob(f"sardonyx-{name}-*"))
        assert len(groups) == 2
        assert all((group / "cgroup.procs").exists() for group in groups)
    finally:
        for bound in bounds:
            bound.remove()
    assert not list(Path("/sys/fs/cgroup").rglob(f"sardonyx-{name}-*"))


@pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/sys/fs/cgroup").exists(),
    reason="memory groups need root and /sys/fs/cgroup",
)
async def test_a_service_out_of_memory_is_said_so(computer: Machine) -> None:
    limits = {"limits": {"memory": "100Mi"}}
    seen = await computer.launch("memory", "greedy", resources=limits)
    assert seen.state is State.FAILED
    assert codes(seen) == ["out_of_memory"]


async def test_an_interrupted_preparation_is_said_so(home: Home) -> None:
    async with machine(home) as made:
        await made.launch("hello", "cut")
        folder = home.service("cut")
        document = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps(document | {"state": "preparing"}))
    event = {"at": document["started_at"], "step": "environment", "status": "started"}
    with (folder / "timeline.jsonl").open("a") as timeline:
        timeline.write(json.dumps(event | {"detail": {}, "progress": 0.2}) + "\n")
    async with machine(home) as again:
        seen = again.seen("cut")
        assert seen.timeline[-1].status is StepStatus.STARTED
        assert codes(seen) == ["environment_interrupted"]


async def test_a_foreground_supervisor_ends_with_its_caller(home: Home) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from sardonyx.adapters.processes.home import Home\n"
        "from sardonyx.adapters.processes.supervisor import start_supervisor\n"
        "start_supervisor(Home(Path(sys.argv[1])), [], detach=False)\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    import sys

    caller = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(home.root), stdout=asyncio.subprocess.PIPE
    )
    assert caller.stdout is not None
    assert await caller.stdout.readline() == b"up\n"
    assert running(home)
    caller.kill()
    await caller.wait()
    await until(lambda: not running(home))
    await until(lambda: not processes_of(home), saying=lambda: processes_of(home))
    assert not stop_supervisor(home)
