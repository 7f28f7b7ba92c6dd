"""Every mistake of a settings file is named with its place and what to do (D28)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.setup.settings import tree, written

from sardonyx.deployment_file import load_settings
from sardonyx.setup.errors import SettingsFileError, SettingsFileUnreadableError


def _mistakes(file: Path) -> dict[str, str]:
    with pytest.raises(SettingsFileError) as caught:
        load_settings(file)
    assert caught.value.values["count"] == len(caught.value.problems)
    return {one.pointer: one.message.in_language("en") for one in caught.value.problems}


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, tree(tmp_path, port=9000, sessionLife="P2D")))
    assert settings.port == 9000
    assert settings.session_life.days == 2
    assert settings.regions[0]["id"] == "test"


def test_every_mistake_is_named_with_its_place(tmp_path: Path) -> None:
    content = tree(tmp_path, publicURL="x", port=99999, helm={"atOnce": 0}, identity={})
    del content["publicUrl"]
    found = _mistakes(written(tmp_path, content))
    assert found["/publicUrl"].startswith("is missing (How browsers reach the platform")
    assert found["/publicURL"] == "is no setting: did you mean “publicUrl”?"
    assert "65535" in found["/port"]
    assert "/helm/atOnce" in found
    assert found["/identity/issuer"].startswith("is missing (Address of the provider")


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"publicUrl": "lab.example.org"}, "/publicUrl", "is no web address"),
        ({"publicUrl": "https://lab.example.org/sub"}, "/publicUrl", "must end after the host"),
        ({"identity": {"issuer": "id"}}, "/identity/issuer", "is no web address"),
        ({"keyFile": "/nonexistent/key"}, "/keyFile", "cannot be read (/nonexistent/key)"),
        ({"data": "/nonexistent/deep/data"}, "/data", "cannot be written"),
        ({"metricsPort": 8080}, "/metricsPort", "is the port of the pages"),
        ({"regions": []}, "/regions", "at least 1"),
        ({"regions": [{"services": {"a": 1}}]}, "/regions/0/id", "is missing in this region"),
        ({"ownCharts": {"addresses": ["x"]}}, "/ownCharts/addresses/0", "must begin with https"),
        ({"helm": {"perSeconds": 1}}, "/helm/perSeconds", "did you mean “perSecond”"),
    ],
)
def test_a_mistake_says_what_to_do(
    tmp_path: Path, changes: dict[str, Any], place: str, words: str
) -> None:
    assert words in _mistakes(written(tmp_path, tree(tmp_path, **changes)))[place]


def test_a_password_written_by_mistake_is_not_repeated(tmp_path: Path) -> None:
    content = tree(tmp_path, databasePassword="hunter2-is-secret", port="hunter2-is-secret")
    file = written(tmp_path, content)
    with pytest.raises(SettingsFileError) as caught:
        load_settings(file)
    told = [str(caught.value), *(p.message.in_language("en") for p in caught.value.problems)]
    assert "hunter2" not in " ".join(told)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    ["a: [", "a: 1\na: 2\n", "a: &x [*x, *x]\nb: *x", "--- 1\n--- 2\n", "- 1\n"],
)
def test_what_is_no_object_of_yaml_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(SettingsFileError):
        load_settings(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsFileUnreadableError):
        load_settings(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    with pytest.raises(SettingsFileUnreadableError):
        load_settings(tmp_path / "latin.yaml")


def test_the_command_ends_with_2_and_names_the_place(tmp_path: Path) -> None:
    file = written(tmp_path, tree(tmp_path, publicUrl="nowhere"))
    done = subprocess.run(
        [sys.executable, "-m", "sardonyx", "serve", "--config", str(file)],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LANG": "C"},
    )
    assert done.returncode == 2, done.stderr
    assert "/publicUrl: is no web address" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_git_address_needs_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, tree(tmp_path, ownCharts={"addresses": ["git+https://git.example"]}))
    assert load_settings(file).own_charts.addresses == ("git+https://git.example",)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "needs the program git" in _mistakes(file)["/ownCharts/addresses/0"]
