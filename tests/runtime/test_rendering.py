"""A process profile rendered for one launch: values, conditions, what does not resolve."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.world import ONE_TIME, SECONDS, make_plan, read_chart

from sardonyx.adapters.processes.home import free_ports
from sardonyx.adapters.processes.profile import When, parse_profile
from sardonyx.adapters.processes.programs import find_program
from sardonyx.adapters.processes.rendering import Place, Rendered, holds, memory_bytes, render
from sardonyx.adapters.processes.sandbox import INSIDE_HOME, Layout, Level
from sardonyx.adapters.processes.script import pins, script
from sardonyx.values import JsonObject

PLACE = Place(
    layout=Layout(INSIDE_HOME, f"{INSIDE_HOME}/work", "/run/sardonyx", "/run/token"),
    level=Level.FULL,
    boot="boot",
    port=8888,
    address_port=9999,
    domain="localhost:8000",
)


def rendered(
    changes: JsonObject, values: JsonObject | None = None, place: Place = PLACE
) -> Rendered:
    chart = read_chart("hello")
    assert chart.local is not None
    document: dict[str, Any] = {**chart.local, **changes}
    plan = make_plan("hello", "lab-1", values=values)
    return render(chart, parse_profile(document), plan, place)


def process(**parts: Any) -> JsonObject:
    return {"process": {"command": ["true"], **parts}}


def test_a_command_is_rendered_word_by_word() -> None:
    words = ["a", "--port={{port}}", "{{work}}", "{{socket}}", "{{url}}", "{{host}}", "{{release}}"]
    assert rendered(process(command=words)).orders.command == [
        "a",
        "--port=8888",
        "/home/onyxia/work",
        "/run/sardonyx/service.sock",
        "http://lab-1.localhost:8000",
        "lab-1.localhost",
        "lab-1",
    ]


def test_plain_words_are_no_references() -> None:
    assert rendered(process(command=["port", "values.greeting"])).orders.command == [
        "port",
        "values.greeting",
    ]


def test_variables_are_texts_and_null_leaves_one_out() -> None:
    env = {"A": True, "B": 2, "C": "{{values.n}}", "D": "{{values.none}}", "E": "{{values.flag}}"}
    values: JsonObject = {"n": 3, "none": None, "flag": False}
    assert rendered(process(env=env), values).orders.env == {
        "A": "true",
        "B": "2",
        "C": "3",
        "E": "false",
    }


def test_what_discovery_lacks_leaves_a_variable_out() -> None:
    env = {"PGHOST": "{{discovery.postgres.host}}"}
    assert rendered(process(env=env)).orders.env == {}
    found = replace(PLACE, discovery={"postgres": {"host": "127.0.0.1"}})
    assert rendered(process(env=env), place=found).orders.env == {"PGHOST": "127.0.0.1"}


def test_credentials_win_over_the_profile() -> None:
    issued = replace(PLACE, issued={"A": "issued"})
    assert rendered(process(env={"A": "own"}), place=issued).orders.env == {"A": "issued"}


def test_an_unresolved_reference_is_a_problem_with_its_pointer() -> None:
    found = rendered(process(env={"A": "{{user.nobody}} {{port}}"}))
    [problem] = found.problems
    assert problem.pointer == "local.yaml#/process/env/A"
    assert problem.message.values["reference"] == "user.nobody"


def test_a_file_that_is_missing_or_outside_is_a_problem(tmp_path: Path) -> None:
    files = [{"path": "a", "from": "files/nothing"}]
    [problem] = rendered(process(files=files)).problems
    assert problem.pointer == "local.yaml#/process/files/0/from"
    chart = replace(read_chart("hello"), folder=tmp_path)
    (tmp_path / "requirements.txt").symlink_to("/etc/passwd")
    profile = parse_profile({**process(), "apiVersion": "sardonyx.dev/v1", "ready": {"tcp": True},
                             "environment": {"python": "requirements.txt"}})  # fmt: skip
    [problem] = render(chart, profile, make_plan("hello", "lab"), PLACE).problems
    assert problem.code == "file_missing"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("git.enabled", True, True),
        ("git.enabled", False, False),
        ("git.enabled", 1, False),
        ("git.name", "ada", True),
        ("git.nothing", None, False),
        ("git.token", None, True),
        ("discovery.postgres", True, True),
        ("discovery.mlflow", True, False),
        ("discovery.mlflow", False, True),
    ],
)
def test_conditions(path: str, value: Any, expected: bool) -> None:
    scope: JsonObject = {
        "values": {"git": {"enabled": True, "name": "ada", "token": None}},
        "discovery": {"postgres": {"host": "x"}},
    }
    assert holds(When(path=path, value=value), scope) is expected


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2Gi", 2 * 1024**3),
        ("500Mi", 500 * 1024**2),
        ("1.5G", 1_500_000_000),
        ("800k", 800_000),
        ("1000", 1000),
        ("much", 0),
        (None, 0),
    ],
)
def test_the_memory_of_a_chart_is_bytes(text: str | None, size: int) -> None:
    assert memory_bytes({"resources": {"limits": {"memory": text}}}) == size


def test_notes_are_filled_and_forgive() -> None:
    found = rendered({})
    assert found.notes == {"en": "Hello at http://lab-1.localhost:8000, good morning.\n"}
    assert found.header is not None
    assert found.header[1].reveal() == f"token {ONE_TIME}"
    assert ONE_TIME not in repr(found)


def test_a_script_runs_without_us_and_asks_for_secrets() -> None:
    chart = read_chart("hello")
    text = script(chart, parse_profile(chart.local), make_plan("hello", "lab-1"), discovery={})
    assert ONE_TIME not in text
    assert ': "${PASSWORD:?give PASSWORD first}"; export PASSWORD' in text
    assert "export GREETING='good morning'" in text
    assert text.splitlines()[-2] == 'exec python "$here"\'/server.py\' "$port"'


@pytest.mark.real
def test_the_script_does_the_same_in_a_plain_shell(tmp_path: Path) -> None:
    chart = read_chart("hello")
    text = script(chart, parse_profile(chart.local), make_plan("hello", "lab-1"), discovery={})
    [port] = free_ports(1)
    uv = find_program("uv").path.parent
    environment = {
        "PATH": f"{uv}:{os.defpath}",
        "HOME": str(tmp_path),
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_OFFLINE": "1",
        "UV_PYTHON": sys.executable,
        "PORT": str(port),
        "PASSWORD": "given by hand",
    }
    process = subprocess.Popen(
        ["sh", "-c", text], cwd=tmp_path, env=environment, start_new_session=True
    )
    try:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                    said = json.loads(answer.read())
                    break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert said["greeting"] == "good morning"
        assert said["environment"]["PASSWORD"] == "given by hand"
        assert said["environment"]["HOME"] == str(tmp_path / "lab-1")
    finally:
        # The shell waits for the program in a shell of its own: both must end.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_script_without_its_secret_asks_for_it(tmp_path: Path) -> None:
    chart = read_chart("hello")
    text = script(chart, parse_profile(chart.local), make_plan("hello", "lab-1"), discovery={})
    kept = [line for line in text.splitlines() if not line.startswith("uv ")]
    done = subprocess.run(
        ["sh", "-c", "\n".join(kept)],
        cwd=tmp_path,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "give PASSWORD first" in done.stderr


def test_the_script_brings_the_chosen_repository(tmp_path: Path) -> None:
    chart = read_chart("hello")
    environment: JsonObject = {
        "GIT_USER_NAME": "Ada $HOME",
        "GIT_REPOSITORY": f"file://{tmp_path}/prices.git",
        "GIT_BRANCH": "",
    }
    local = chart.local
    assert isinstance(local, dict)
    assert isinstance(local["process"], dict)
    process: JsonObject = {**local["process"], "env": environment, "command": ["true"]}
    profile = parse_profile({**local, "init": True, "process": process})
    text = script(chart, profile, make_plan("hello", "lab-1"), discovery={})
    for words in (
        "init --quiet prices.git",
        "-C prices.git -c user.name=a -c user.email=b commit --quiet --allow-empty -m first",
    ):
        subprocess.run(["git", *words.split()], cwd=tmp_path, check=True)
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("uv "))
    for _ in range(2):  # the second time it is there
        subprocess.run(
            ["sh", "-c", kept], cwd=tmp_path, env={"PATH": os.environ["PATH"]}, check=True
        )
    assert (tmp_path / "lab-1" / "work" / "prices" / ".git").is_dir()
    assert "name = Ada $HOME" in (tmp_path / "lab-1" / ".gitconfig").read_text()


def test_pins_keep_versions_and_drop_digests() -> None:
    text = (
        "# made by uv\n"
        "duckdb==1.5.5 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via x\n"
        "psycopg[binary]==3.3.1 ; python_full_version >= '3.11' \\\n    --hash=sha256:cc\n"
    )
    assert pins(text) == ["duckdb==1.5.5", "psycopg[binary]==3.3.1 ; python_full_version >= '3.11'"]
