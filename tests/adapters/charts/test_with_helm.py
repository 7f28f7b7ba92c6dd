"""What Helm itself packs and lists is read, and what was read is what Helm takes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.adapters.charts.archives import HelmServer
from tests.adapters.charts.programs import program
from tests.catalog.folders import ADA
from tests.charts.servers import serving

from sardonyx.adapters.charts.catalogs import ChartCatalogs
from sardonyx.catalog.models import Chart
from sardonyx.catalog.service import CatalogService

OWN = Path(__file__).parents[3] / "catalog"


def _helm(tmp_path: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "helm-home")}
    done = subprocess.run(
        [program("helm"), *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    return done.stdout


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def _sources(tmp_path: Path) -> Path:
    """Write a chart with a chart inside, as a folder and as an archive inside the archive."""
    one = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: NAME}\n"
    one += "data: {size: '{{ .Values.size }}'}\n"
    moon = "apiVersion: v2\nname: moon\nversion: 0.1.0\n"
    about = (
        "apiVersion: v2\nname: tide\nversion: 1.2.0\ndescription: Sea.\nkeywords: [sea]\n"
        "dependencies:\n- {name: moon, version: 0.1.0, repository: 'file://../moon'}\n"
    )
    _write(
        tmp_path / "moon",
        {
            "Chart.yaml": moon,
            "values.yaml": "size: small\n",
            "templates/m.yaml": one.replace("NAME", "moon"),
        },
    )
    return _write(
        tmp_path / "tide",
        {
            "Chart.yaml": about,
            "values.yaml": "size: 1Gi\n",
            "values.schema.json": '{"type": "object"}',
            ".helmignore": "*.bak\n",
            "old.bak": "gone",
            "templates/t.yaml": one.replace("NAME", "tide"),
        },
    )


async def _read(tmp_path: Path) -> CatalogService:
    """Serve what is in `out` and read it once."""
    server = HelmServer()
    for file in (tmp_path / "out").iterdir():
        if file.suffix == ".tgz":
            server.archives[file.name] = file.read_bytes()
    server.index = (tmp_path / "out" / "index.yaml").read_bytes()
    with serving(server.answer) as base:
        catalogs = ChartCatalogs([{"id": "lab", "location": base}], data=tmp_path / "data")
        await catalogs.read_once()
    return CatalogService(catalogs.sources)


def _named(objects: list[Any]) -> list[tuple[str, str]]:
    return [(one["kind"], one["metadata"]["name"]) for one in objects]


def _manifests(tmp_path: Path, chart: Chart | Path) -> list[Any]:
    folder = chart.folder if isinstance(chart, Chart) else chart
    return list(yaml.safe_load_all(_helm(tmp_path, "template", "one", str(folder))))


@pytest.mark.real
async def test_a_chart_with_a_chart_inside_renders_as_its_source_does(tmp_path: Path) -> None:
    source = _sources(tmp_path)
    _helm(tmp_path, "dependency", "update", str(source))
    (tmp_path / "out").mkdir()
    _helm(tmp_path, "package", str(source), "-d", "out")
    _helm(tmp_path, "repo", "index", "out")
    chart = (await _read(tmp_path)).chart(ADA, "tide")
    assert chart.keywords == ("sea",)
    assert [one.name for one in chart.dependencies] == ["moon"]
    assert not (chart.folder / "old.bak").exists()
    rendered = _manifests(tmp_path, chart)
    assert len(rendered) == 2
    assert rendered == _manifests(tmp_path, source)


@pytest.mark.real
async def test_our_own_charts_packed_by_helm_are_the_same_charts(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in ("jupyter-python", "postgresql"):
        _helm(tmp_path, "package", str(OWN / name), "-d", "out")
    _helm(tmp_path, "repo", "index", "out", "--json")
    own = await _read(tmp_path)
    for name in ("jupyter-python", "postgresql"):
        chart = own.chart(ADA, name)
        assert chart.icon is not None
        assert chart.schema is not None
        assert chart.local is not None
        assert chart.values == yaml.safe_load((OWN / name / "values.yaml").read_text())
        # A password is drawn for each rendering: names are compared.
        assert _named(_manifests(tmp_path, chart)) == _named(_manifests(tmp_path, OWN / name))
