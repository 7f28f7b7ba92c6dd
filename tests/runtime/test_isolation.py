"""What a service cannot reach, tried from inside one; and what it can do."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.world import Machine, make_wheel, processes_of

from sardonyx.adapters.processes.sandbox import Level
from sardonyx.services.diagnosis import diagnose
from sardonyx.services.models import State

pytestmark = pytest.mark.real


async def inside(computer: Machine, release: str, *command: str) -> dict[str, Any]:
    """Run a command inside the service and return its status, out and err."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{computer.port(release)}/", data=json.dumps(command).encode()
    )

    def ask() -> dict[str, Any]:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.loads(answer.read()))

    return await asyncio.to_thread(ask)


async def python_inside(computer: Machine, release: str, script: str) -> str:
    done = await inside(computer, release, "python", "-c", script)
    assert done["status"] == 0, done
    return str(done["out"])


@pytest.fixture
async def service(computer: Machine) -> Machine:
    seen = await computer.launch("hello", "inmate")
    assert seen.state is State.RUNNING, seen
    return computer


async def test_the_platforms_home_does_not_exist_inside(service: Machine) -> None:
    home = service.home
    await service.launch("hello", "neighbour")
    places = [
        home.run,
        home.keys,
        home.services,
        home.service("neighbour"),
        home.service("neighbour") / "work",
        home.service("inmate") / "plan.json",
        home.service("inmate") / "orders.json",
        home.supervisor_socket,
        home.supervisor_key,
        home.database,
        Path.home() / ".ssh",
        Path("/etc/shadow"),
    ]
    script = f"import os; print([p for p in {[str(p) for p in places]!r} if os.path.exists(p)])"
    assert await python_inside(service, "inmate", script) == "[]\n"


async def test_sockets_of_the_platform_are_refused_inside(service: Machine) -> None:
    path = service.home.supervisor_socket
    with socket.socket(socket.AF_UNIX) as outside:
        outside.connect(str(path))
    script = (
        "import socket\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "try:\n"
        f"    s.connect({str(path)!r})\n"
        "except OSError as error:\n"
        "    print(type(error).__name__)\n"
    )
    assert await python_inside(service, "inmate", script) == "FileNotFoundError\n"


async def test_a_service_sees_only_its_own_processes(service: Machine) -> None:
    await service.launch("hello", "neighbour")
    done = await inside(service, "inmate", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "server.py" in done["out"]
    assert "supervisord" not in done["out"]
    assert str(service.home.services) not in done["out"]
    assert str(service.port("inmate")) in done["out"]
    assert str(service.port("neighbour")) not in done["out"]


async def test_a_service_is_nobody_on_the_machine(service: Machine) -> None:
    done = await inside(service, "inmate", "id")
    assert done["out"].startswith("uid=1000(onyxia) gid=100(users)")
    status = await inside(service, "inmate", "grep", "CapEff", "/proc/self/status")
    assert int(status["out"].split()[1], 16) == 0
    for place in ("/usr/x", "/etc/x", "/x"):
        assert (await inside(service, "inmate", "touch", place))["status"] != 0


async def test_its_token_is_there_and_its_files_are_its_own(service: Machine) -> None:
    script = (
        "import os; print(open(os.environ['TOKEN_FILE']).read());"
        "open('draft.txt', 'w').write('mine'); print(os.getcwd())"
    )
    out = await python_inside(service, "inmate", script)
    assert out == "token of inmate\n/home/onyxia/work\n"
    draft = service.home.service("inmate") / "work" / "draft.txt"
    assert draft.read_text() == "mine"
    assert draft.stat().st_uid == os.getuid()


async def test_installed_packages_stay_with_the_service(service: Machine, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "sardonyx-tiny")
    work = service.home.service("inmate") / "work"
    (work / wheel.name).write_bytes(wheel.read_bytes())
    if service.home.sandbox_level.read_text() != "full":
        pytest.skip("overlays are missing: bubblewrap below 0.11, or an unsuited file system")
    unpack = (
        "import sysconfig, zipfile;"
        f"zipfile.ZipFile({wheel.name!r}).extractall(sysconfig.get_path('purelib'))"
    )
    await python_inside(service, "inmate", unpack)
    version = "import sardonyx_tiny; print(sardonyx_tiny.VERSION)"
    assert await python_inside(service, "inmate", version) == "1.0\n"
    [environment] = [one for one in service.home.environments.iterdir() if one.is_dir()]
    assert list(environment.rglob("sardonyx_tiny*")) == []
    await service.launch("hello", "neighbour")
    other = await inside(service, "neighbour", "python", "-c", "import sardonyx_tiny")
    assert "ModuleNotFoundError" in other["err"]
    await service.runtime.restart("user-ada", "inmate")
    await service.reach("inmate", State.STARTING, State.PREPARING)
    await service.reach("inmate", State.RUNNING)
    assert await python_inside(service, "inmate", version) == "1.0\n"
    await service.runtime.uninstall("user-ada", "inmate")
    await service.gone("inmate")
    assert not service.home.service("inmate").exists()


async def test_a_link_in_place_of_a_file_of_ours_is_not_followed(
    service: Machine, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    await inside(service, "inmate", "ln", "-sf", str(target), "/home/onyxia/server.py")
    await service.runtime.restart("user-ada", "inmate")
    await service.reach("inmate", State.STARTING, State.PREPARING)
    await service.reach("inmate", State.RUNNING)
    assert target.read_text() == "precious"
    await inside(service, "inmate", "ln", "-sf", "/home/onyxia", "/home/onyxia/loop")


async def test_a_link_in_place_of_its_socket_stops_the_service(service: Machine) -> None:
    path = service.home.supervisor_socket
    # It may be stopped before it has answered.
    with suppress(OSError, HTTPException):
        await inside(service, "inmate", "ln", "-s", str(path), "/run/sardonyx/service.sock")
    seen = await service.reach("inmate", State.FAILED)
    assert [finding.code for finding in diagnose(seen)] == ["socket_replaced"]
    lines = processes_of(service.home).values()
    assert not any("server.py" in line for line in lines)


@pytest.mark.parametrize("level", list(Level))
async def test_a_service_runs_at_every_level_of_isolation(computer: Machine, level: Level) -> None:
    if level is Level.FULL and computer.home.sandbox_level.read_text() != Level.FULL:
        pytest.skip("overlays are missing: bubblewrap below 0.11, or an unsuited file system")
    computer.home.sandbox_level.write_text(level)
    seen = await computer.launch("hello", "any")
    assert seen.state is State.RUNNING, seen
    there = await python_inside(
        computer, "any", "import os; print(os.getcwd(), os.environ['HOME'])"
    )
    folder = computer.home.service("any")
    if level is Level.NONE:
        assert there == f"{folder / 'work'} {folder / 'home'}\n"
    else:
        assert there == "/home/onyxia/work /home/onyxia\n"
    if level is not Level.NONE:
        writes = await inside(computer, "any", "sh", "-c", "echo x > $VIRTUAL_ENV/written")
        assert (writes["status"] == 0) is (level is Level.FULL)
        assert not list(computer.home.environments.glob("*/written"))
    await computer.runtime.suspend("user-ada", "any")
    await computer.reach("any", State.PAUSED)
    assert not any("server.py" in line for line in processes_of(computer.home).values())
    assert "leaving in order" in await computer.runtime.logs("user-ada", "any")
