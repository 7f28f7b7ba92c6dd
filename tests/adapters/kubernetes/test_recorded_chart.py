"""A chart taken out of Helm's record of a release."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from sardonyx.adapters.kubernetes.recorded_chart import (
    Content,
    is_of,
    recorded_files,
    write_files,
)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _stored(chart: Any) -> str:
    packed = gzip.compress(json.dumps({"name": "tide", "version": 1, "chart": chart}).encode())
    return base64.b64encode(base64.b64encode(packed)).decode()


def _chart(**changes: Any) -> dict[str, Any]:
    return {
        "metadata": {"apiVersion": "v2", "name": "hello", "version": "1.0.0"},
        "values": {"global": {"suspend": False}},
        "schema": _encoded("{}"),
        "templates": [{"name": "templates/a.yaml", "data": _encoded("kind: A")}],
        "files": [{"name": "files/deep/b.txt", "data": _encoded("b")}],
        **changes,
    }


def test_it_is_whole() -> None:
    found = {str(one.place): one.data for one in recorded_files(_stored(_chart()))}
    assert json.loads(found.pop("Chart.yaml"))["version"] == "1.0.0"
    assert json.loads(found.pop("values.yaml")) == {"global": {"suspend": False}}
    assert found == {
        "values.schema.json": b"{}",
        "templates/a.yaml": b"kind: A",
        "files/deep/b.txt": b"b",
    }


@pytest.mark.parametrize("name", ["../x", "/etc/x", "templates/../../x", "a\\..\\x", ""])
def test_a_file_that_leads_elsewhere_gives_no_chart(name: str) -> None:
    assert recorded_files(_stored(_chart(files=[{"name": name, "data": ""}]))) == ()


@pytest.mark.parametrize(
    "name",
    ["a\0b", "x" * 300, "/".join(["x" * 200] * 30), "Chart.yaml/x", "templates", "\ud800"],
)
def test_a_name_that_no_disk_takes_gives_no_chart(tmp_path: Path, name: str) -> None:
    files = [Content(PurePosixPath("Chart.yaml"), b""), Content(PurePosixPath("templates/a"), b"")]
    assert write_files(tmp_path, files)
    assert not write_files(tmp_path, [*files, Content(PurePosixPath(name), b"")])


@pytest.mark.parametrize(
    "stored",
    ["", "no base64!", _encoded("no"), _stored(None), _stored({"metadata": 1}), _encoded("H4sIAA")],
)
def test_a_record_that_cannot_be_read_gives_no_chart(stored: str) -> None:
    assert recorded_files(stored) == ()


def test_half_a_chart_is_none() -> None:
    parts = {**_chart()["metadata"], "dependencies": [{"name": "cache"}]}
    assert recorded_files(_stored(_chart(metadata=parts))) == ()


def test_a_release_is_of_a_chart_by_its_templates(tmp_path: Path) -> None:
    assert not is_of(_stored(_chart()), tmp_path)
    (tmp_path / "templates" / "deep").mkdir(parents=True)
    (tmp_path / "templates" / "a.yaml").write_text("kind: A")
    assert is_of(_stored(_chart()), tmp_path)
    (tmp_path / "templates" / "deep" / "b.yaml").write_text("kind: B")
    assert not is_of(_stored(_chart()), tmp_path)
    assert not is_of("no base64!", tmp_path)
