"""Make chart folders for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sardonyx.projects.models import Actor

ADA = Actor("ada", "Ada", "ada@example.org", ())
CHART = "apiVersion: v2\nname: {name}\nversion: {version}\n"


def chart_folder(
    root: Path,
    name: str = "tide",
    version: str = "1.0.0",
    *,
    folder: str | None = None,
    about: str = "",
    files: Mapping[str, str | bytes] | None = None,
) -> Path:
    """Write a chart. about: more lines of Chart.yaml. files: name -> content."""
    place = root / (folder or name)
    place.mkdir(parents=True)
    (place / "Chart.yaml").write_text(CHART.format(name=name, version=version) + about)
    contents: dict[str, str | bytes] = {"values.yaml": "{}\n", **(files or {})}
    for name_of_file, content in contents.items():
        (place / name_of_file).write_bytes(
            content.encode() if isinstance(content, str) else content
        )
    return place
