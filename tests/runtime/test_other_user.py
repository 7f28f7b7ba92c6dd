"""The same runtime for an ordinary user, and what another user of the machine cannot reach."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from tests.runtime.world import Machine, machine, make_plan, short_home, until

from sardonyx.services.models import State

_UID = 23456
_SYSTEM_PYTHON = Path("/usr/bin/python3")

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("setpriv") is None,
        reason="becoming another user needs root and setpriv",
    ),
]


def as_other(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user that is nobody here."""
    return subprocess.run(
        ["setpriv", f"--reuid={_UID}", f"--regid={_UID}", "--clear-groups", "--", *command],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd="/",
        env={"PATH": os.defpath, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
    )


async def test_another_user_reaches_neither_sockets_nor_files(computer: Machine) -> None:
    await computer.launch("hello", "private")
    folder = computer.home.service("private")
    for path in (
        computer.home.supervisor_socket,
        computer.home.supervisor_key,
        folder / "plan.json",
        folder / "work",
        folder / "run",
    ):
        done = await asyncio.to_thread(as_other, "ls", "-la", str(path))
        assert done.returncode != 0
        assert "Permission denied" in done.stderr
    environment = Path(f"/proc/{os.getpid()}/environ")
    assert (await asyncio.to_thread(as_other, "cat", str(environment))).returncode != 0


@pytest.mark.skipif(
    not _SYSTEM_PYTHON.exists()
    or subprocess.check_output([_SYSTEM_PYTHON, "-V"], text=True).split(".")[:2]
    != f"Python {sys.version}".split(".")[:2],
    reason="needs the system's own Python in this very version, which another user can run",
)
def test_an_ordinary_user_launches_pauses_and_deletes(tmp_path: Path) -> None:
    """Run a launch, a pause, a resume and a deletion as a user without any privilege."""
    with short_home() as home:
        place = home.root.parent
        environment = place / "python"
        subprocess.run([_SYSTEM_PYTHON, "-m", "venv", "--without-pip", environment], check=True)
        root = Path(__file__).parents[2]
        paths = [root / "src", root, Path(sysconfig.get_path("purelib"))]
        [site] = environment.glob("lib/python*/site-packages")
        (site / "ours.pth").write_text("".join(f"{path}\n" for path in paths))
        for path in (place, *place.rglob("*")):
            os.chown(path, _UID, _UID, follow_symlinks=False)
        python = str(environment / "bin" / "python")
        done = as_other(python, "-m", "tests.runtime.test_other_user", str(home.root))
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout.splitlines()[-1]) == ["full", "running", "running", 1000]


async def _a_whole_life(folder: Path) -> list[object]:
    from tests.runtime.test_isolation import inside

    from sardonyx.adapters.processes.home import Home

    home = Home(folder)
    async with machine(home) as made:
        await made.runtime.install(make_plan("hello", "mine"))
        first = (await made.reach("mine", State.RUNNING, State.FAILED)).state
        uid = int((await inside(made, "mine", "id", "-u"))["out"])
        await made.runtime.suspend("user-ada", "mine")
        await made.reach("mine", State.PAUSED)
        await made.runtime.resume("user-ada", "mine")
        second = (await made.reach("mine", State.RUNNING, State.FAILED)).state
        await made.runtime.uninstall("user-ada", "mine")
        await made.gone("mine")
        await until(lambda: not home.service("mine").exists())
        return [home.sandbox_level.read_text(), first, second, uid]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_a_whole_life(Path(sys.argv[1])))))  # noqa: T201
