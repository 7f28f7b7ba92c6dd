"""The Helm program is confined, bounded, and ends when it is told to."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from tools.helm import program

from sardonyx.adapters.helm.cli import Helm, HelmFailedError
from sardonyx.services.errors import HelmUnavailableError
from sardonyx.values import JsonObject, Secret

SOON = timedelta(seconds=30)
TOKEN = "confined-token-4711"
DOUBLED = """\
{{- $all := dict "text" "0123456789abcdef" }}
{{- range until 28 }}{{ $_ := set $all "text" (printf "%s%s" $all.text $all.text) }}{{ end }}
"""
ACCESS = Secret(f'{{"token": "{TOKEN}"}}')


def write_program(folder: Path, text: str) -> str:
    """Write a shell script that stands for Helm."""
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


async def until_there(path: Path) -> str:
    deadline = time.monotonic() + 60
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline, path
        await asyncio.sleep(0.02)
    return path.read_text()


async def test_the_real_program_tells_its_version(tmp_path: Path) -> None:
    helm = Helm(program=str(program()), folder=tmp_path / "helm")
    major, _, _ = await helm.version()
    assert major in {3, 4}


async def test_a_missing_program_is_said(tmp_path: Path) -> None:
    helm = Helm(program="no-such-helm", folder=tmp_path / "helm")
    with pytest.raises(HelmUnavailableError) as caught:
        await helm.version()
    assert "no-such-helm" in str(caught.value)


@pytest.mark.parametrize("told", ["v3.9.4", "v2.17.0", "nonsense"])
async def test_an_old_program_is_refused(tmp_path: Path, told: str) -> None:
    helm = Helm(program=write_program(tmp_path, f"echo {told}"), folder=tmp_path / "helm")
    with pytest.raises(HelmUnavailableError):
        await helm.version()


@pytest.mark.parametrize("told", ["v3.19.2", "v4.3.1+gabc"])
async def test_helm_3_and_4_are_known(tmp_path: Path, told: str) -> None:
    helm = Helm(program=write_program(tmp_path, f"echo {told}"), folder=tmp_path / "helm")
    assert (await helm.version())[0] == int(told[1])


async def test_secrets_go_by_files_only_we_can_read(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = (
        f'{{ echo "$@"; env; for a in "$@"; do [ -f "$a" ] && stat -c %a "$a" && cat "$a"; done;'
        f' stat -c %a "$KUBECONFIG"; cat "$KUBECONFIG"; stat -c %a .; }} > {seen}'
    )
    helm = Helm(program=write_program(tmp_path, script), folder=tmp_path / "helm")
    values: JsonObject = {"security": {"password": "hunter2-4711"}, "global": {"suspend": False}}
    arguments = ("upgrade", "--install", "--", "demo", "/chart")
    await helm.run(arguments, limit=SOON, kubeconfig=ACCESS, values=values)
    lines = seen.read_text().splitlines()
    argv, environment = lines[0], [line for line in lines if "=" in line]
    assert argv.startswith("upgrade --values ")
    assert argv.endswith(" --install -- demo /chart")
    assert TOKEN not in argv
    assert "hunter2" not in argv
    assert not [line for line in environment if TOKEN in line or "hunter2" in line]
    text = seen.read_text()
    assert f"600\n{json.dumps(values)}600\n{ACCESS.reveal()}700\n" in text
    assert not list((tmp_path / "helm").glob("run-*"))


async def test_our_environment_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SARDONYX_SECRET_KEY", "ours")
    monkeypatch.setenv("HELM_PLUGINS", "/ours")
    monkeypatch.setenv("KUBECONFIG", "/ours")
    monkeypatch.setenv("HELM_DRIVER", "memory")
    helm = Helm(program=write_program(tmp_path, "env"), folder=tmp_path / "helm")
    output = await helm.run((), limit=SOON)
    names = {line.partition("=")[0] for line in output.out.splitlines()}
    assert "/ours" not in output.out
    assert not {"SARDONYX_SECRET_KEY", "KUBECONFIG", "HELM_DRIVER"} & names
    home = tmp_path / "helm" / "home"
    assert f"HOME={home}" in output.out.splitlines()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


async def test_what_it_says_is_kept_and_bounded(tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 3000 ]; do echo line $i of many words >&2; i=$((i+1)); done; "
    helm = Helm(program=write_program(tmp_path, script + "exit 3"), folder=tmp_path / "helm")
    with pytest.raises(HelmFailedError) as caught:
        await helm.run((), limit=SOON)
    assert caught.value.exit_code == 3
    assert caught.value.said.endswith("line 2999 of many words")
    assert len(caught.value.said) <= 64_000
    assert "many words" not in str(caught.value)


async def test_endless_output_ends_it(tmp_path: Path) -> None:
    helm = Helm(program=write_program(tmp_path, "exec yes"), folder=tmp_path / "helm", grace=1)
    with pytest.raises(HelmFailedError) as caught:
        await helm.run((), limit=SOON)
    assert "printed more than" in caught.value.said


async def test_a_template_that_asks_for_all_memory_costs_itself_alone(tmp_path: Path) -> None:
    chart = tmp_path / "bomb"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: bomb\nversion: 1.0.0\n")
    (chart / "templates" / "bomb.yaml").write_text(DOUBLED)
    helm = Helm(program=str(program()), folder=tmp_path / "helm")
    with pytest.raises(HelmFailedError) as caught:
        await helm.run(("template", "demo", str(chart)), limit=SOON)
    assert caught.value.said == "it took more than 512 MB of memory"


async def test_the_limit_gives_time_to_finish(tmp_path: Path) -> None:
    done = tmp_path / "done"
    script = f"trap 'echo tidied > {done}; exit 1' TERM; echo waiting >&2; sleep 60 & wait"
    helm = Helm(program=write_program(tmp_path, script), folder=tmp_path / "helm")
    with pytest.raises(HelmFailedError) as caught:
        await helm.run((), limit=timedelta(seconds=0.5))
    assert caught.value.timed_out
    assert caught.value.said == "waiting"
    assert done.read_text() == "tidied\n"


async def test_one_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"trap '' TERM; sleep 300 & echo $! > {pid}; wait; wait; sleep 300"
    helm = Helm(program=write_program(tmp_path, script), folder=tmp_path / "helm", grace=0.3)
    with pytest.raises(HelmFailedError):
        await helm.run((), limit=timedelta(seconds=0.5))
    child = int(pid.read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


async def test_a_cancelled_caller_ends_it(tmp_path: Path) -> None:
    begun, done = tmp_path / "begun", tmp_path / "done"
    script = f"trap 'echo tidied > {done}; exit 1' TERM; echo $$ > {begun}; sleep 60 & wait"
    helm = Helm(program=write_program(tmp_path, script), folder=tmp_path / "helm")
    running = asyncio.create_task(helm.run((), limit=SOON))
    await until_there(begun)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert done.read_text() == "tidied\n"


async def test_it_ends_with_us_when_we_are_killed(tmp_path: Path) -> None:
    begun, done = tmp_path / "begun", tmp_path / "done"
    script = f"trap 'echo tidied > {done}; exit 1' TERM; echo $$ > {begun}; sleep 60 & wait"
    code = (
        "import asyncio, sys; from datetime import timedelta; from pathlib import Path\n"
        "from sardonyx.adapters.helm.cli import Helm\n"
        "helm = Helm(program=sys.argv[1], folder=Path(sys.argv[2]))\n"
        "asyncio.run(helm.run((), limit=timedelta(seconds=60)))\n"
    )
    words = [sys.executable, "-c", code, write_program(tmp_path, script), str(tmp_path / "helm")]
    process = await asyncio.create_subprocess_exec(*words)
    await until_there(begun)
    process.kill()
    await process.wait()
    assert await until_there(done) == "tidied\n"
