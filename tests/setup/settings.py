"""Settings files for tests: a whole one, and small changes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sardonyx.deployment import ClusterSettings
from sardonyx.launcher import yaml_text


def region(**parts: Any) -> dict[str, Any]:
    """Return a region as Onyxia writes it."""
    return {
        "id": "test",
        "services": {
            "singleNamespace": False,
            "expose": {"domain": "lab.example.org", "httpRoute": {"enabled": True}},
        },
        "data": {
            "S3": {
                "URL": "https://s3.example.org",
                "sts": {"role": {"roleARN": "arn:aws:iam:::role/p", "roleSessionName": "s"}},
            }
        },
        "vault": {"URL": "https://vault.example.org", "kvEngine": "kv", "role": "user"},
        **parts,
    }


def tree(folder: Path, **changes: Any) -> dict[str, Any]:
    """Return what a settings file holds; the files it names are made in `folder`."""
    (folder / "seal.key").write_text("k" * 43)
    (folder / "data").mkdir(exist_ok=True)
    return {
        "publicUrl": "https://lab.example.org",
        "data": str(folder / "data"),
        "keyFile": str(folder / "seal.key"),
        "identity": {"issuer": "https://id.example.org/realms/science"},
        "regions": [region()],
        **changes,
    }


def written(folder: Path, content: dict[str, Any]) -> Path:
    """Write a settings file and return its place."""
    file = folder / "sardonyx.yaml"
    file.write_text(yaml_text.write(content))
    return file


def settings(folder: Path, **changes: Any) -> ClusterSettings:
    """Return settings as they are after reading."""
    return ClusterSettings.model_validate(tree(folder, **changes))
