"""The command line itself: help, usage, a platform that is not there, faults nobody foresaw."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sardonyx.adapters.processes.home import Home, free_ports, write_private
from sardonyx.cli.main import main

PROGRAM = "import sys; from sardonyx.cli.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def short_home() -> Iterator[Home]:
    """A home whose sockets' paths are short enough, as pytest's folders are not."""
    with tempfile.TemporaryDirectory(prefix="sx") as folder:
        home = Home(Path(folder))
        home.prepare()
        yield home


def test_help_loads_no_server_and_no_http_library() -> None:
    script = (
        "import sys; from sardonyx.cli.main import main; main(['--help']);"
        "heavy = {'httpx2', 'pydantic', 'fastapi', 'sqlalchemy', 'rich', 'duckdb'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for command in ("up", "launch", "services", "files", "secrets", "catalog", "account"):
        assert f"\n  {command} " in done.stdout


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip()


def test_a_home_without_platform_says_how_to_start_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["services", "list", "--home", str(tmp_path), "--json"]) == 5
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "(platform_not_running)" in shown.err
    assert "sardonyx up" in shown.err


def test_a_socket_that_nobody_serves_says_the_same(
    short_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    write_private(short_home.keys / "cli.token", b"t")
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(short_home.portal_socket))
    assert main(["whoami", "--home", str(short_home.root)]) == 5
    assert "(platform_not_running)" in capsys.readouterr().err


def test_a_fault_nobody_foresaw_is_an_incident_without_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    home.prepare()
    (home.keys / "cli.token").write_bytes(b"\xff\xfe")  # not what anybody writes there
    home.portal_socket.touch()
    monkeypatch.setenv("SARDONYX_HOME", str(tmp_path))
    assert main(["whoami"]) == 5
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    number = shown.err.split("incident ")[1].split(".")[0]
    assert number in (home.logs / "command-line.log").read_text()


def test_an_incident_that_cannot_be_noted_shows_no_traceback_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    home.prepare()
    (home.keys / "cli.token").write_bytes(b"\xff\xfe")
    home.portal_socket.touch()
    (home.logs / "command-line.log").mkdir()
    monkeypatch.setenv("SARDONYX_HOME", str(tmp_path))
    assert main(["whoami"]) == 5
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert "could not be noted" in shown.err


def test_the_steps_of_up_are_told_in_the_language_of_the_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sardonyx.cli.machine import Steps
    from sardonyx.text import Text, translations

    if translations("fr").gettext("programs") == "programs":
        pytest.skip("the French texts are not compiled: python tools/translations.py compile")
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    told: list[Text] = []
    with Steps(told.append, total=4).step("programs") as done:
        done(Text("{count} parts", {"count": 6}))
    assert told[0].in_language("fr").startswith("1/4 programmes             6 parties ")


def test_a_reader_that_has_enough_is_no_fault() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "--help"],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_linting_needs_no_platform(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chart", "lint", "catalog/postgresql"]) == 0
    assert main(["chart", "lint", str(tmp_path)]) == 2
    assert "chart_file_missing" in capsys.readouterr().out
    assert main(["chart", "lint", str(tmp_path / "nope")]) == 2


def test_open_and_down_say_that_nothing_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["open", "--print"], ["down"]):
        assert main([*words, "--home", str(tmp_path / "nowhere")]) == 3
        shown = capsys.readouterr()
        assert (shown.out, "(nothing_runs)" in shown.err) == ("", True)
        assert "sardonyx up" in shown.err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SARDONYX_PORT", "abc", "SARDONYX_PORT: Input should be a valid integer"),
        ("SARDONYX_KEY_LIFE", "long", "SARDONYX_KEY_LIFE: String should match pattern"),
        ("SARDONYX_CATALOGS", "/charts", 'SARDONYX_CATALOGS: this is no JSON, such as ["/folder"]'),
    ],
)
def test_a_wrong_setting_is_named(
    name: str,
    value: str,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["status"]) == 2
    shown = capsys.readouterr()
    assert "(setting_invalid)" in shown.err
    assert words in shown.err
    assert "settings.md" in shown.err


def test_a_home_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    [port] = free_ports(1)
    words = ["up", "--detach", "--port", str(port), "--home", str(tmp_path / "file" / "home")]
    assert main(words) == 4
    shown = capsys.readouterr()
    assert (shown.out, "(home_unusable)" in shown.err) == ("", True)
    assert "Not a directory" in shown.err
    assert "--home" in shown.err
