"""`sardonyx chart add`: a chart of one's own, by the command line and from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.catalog.folders import chart_folder
from tests.catalog.test_own_charts import EVERYTHING, HOSTILE, archive
from tests.cli.machine import Machine, Served

from sardonyx.adapters.charts.any_source import AnyChartFetcher
from sardonyx.catalog.models import ChartRef
from sardonyx.catalog.own import OwnCharts
from sardonyx.catalog.own_folder import FolderShelf, OwnFolder
from sardonyx.catalog.own_ports import LaunchedFrom
from sardonyx.catalog.service import CatalogService
from sardonyx.client import AsyncClient, Client, RemoteError
from sardonyx.client.charts import KeptChart
from sardonyx.client.models import Commands


class _Audit:
    async def record(self, username: str, action: str, target: str, result: str) -> None:
        return None


@pytest.fixture
def shelf(machine: Machine, served: Served, tmp_path: Path) -> Path:
    """Return the folder where kept charts lie."""
    folder = tmp_path / "own"
    served.app.state.platform.own_charts = OwnCharts(
        fetcher=AnyChartFetcher(),
        shelf=FolderShelf(folder),
        kept=CatalogService([OwnFolder(folder)]).brought_by,
        launched=lambda actor, catalog: [
            LaunchedFrom(ChartRef(catalog, "everything", "1.0.0"), "user-ada", "lab", "Lab")
        ],
        audit=_Audit(),
    )
    return folder


def kept_in(shelf: Path) -> list[Path]:
    """Return what lies there to be launched; reviews wait in a hidden folder."""
    return [one for one in shelf.glob("*") if not one.name.startswith(".")]


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    file = tmp_path / "everything.tgz"
    file.write_bytes(archive(EVERYTHING))
    return file


def test_a_chart_is_reviewed_in_plain_words_and_kept(
    machine: Machine, shelf: Path, everything: Path
) -> None:
    added = machine.run("chart", "add", str(everything), "--yes")
    assert added.code == 0
    assert added.out.startswith("everything 1.0.0: ")
    for words in (
        "programs that it runs: python {{home}}/server.py {{port}}",
        "secrets of yours that it would receive: ",
        "objects its templates name: ",
    ):
        assert words in added.out
    assert "service.oneTimePassword" in added.out
    assert "ConfigMap × 4" in added.out
    assert "sardonyx launch everything --catalog own" in added.err
    assert kept_in(shelf)


def test_as_json_it_is_only_reviewed_unless_one_says_yes(
    machine: Machine, shelf: Path, everything: Path
) -> None:
    found = json.loads(machine.run("chart", "add", str(everything), "--json").out)
    assert (found["chart"], found["kept"], found["refused"]) == ("everything", None, False)
    assert not kept_in(shelf)
    kept = json.loads(machine.run("chart", "add", str(everything), "--json", "--yes").out)["kept"]
    assert (kept["catalog"], kept["chart"], kept["version"]) == ("own", "everything", "1.0.0")


def test_what_was_reviewed_is_kept_by_its_digest(
    machine: Machine, shelf: Path, everything: Path
) -> None:
    digest = json.loads(machine.run("chart", "add", str(everything), "--json").out)["digest"]
    kept = json.loads(machine.run("chart", "keep", digest, "--json").out)
    assert kept["commands"]["platform"] == "sardonyx chart add everything.tgz --yes\n"
    assert kept_in(shelf)
    assert machine.run("chart", "keep", digest).code == 3
    assert machine.run("chart", "keep", "../x").code == 3


def test_without_a_terminal_nothing_is_kept_unasked(
    machine: Machine, shelf: Path, everything: Path
) -> None:
    asked = machine.run("chart", "add", str(everything))
    assert (asked.code, "--yes" in asked.err) == (4, True)
    assert "programs that it runs" in asked.out
    assert not kept_in(shelf)


def test_a_kept_chart_is_removed_and_says_what_goes_on(
    machine: Machine, shelf: Path, everything: Path
) -> None:
    machine.run("chart", "add", str(everything), "--yes")
    asked = machine.run("chart", "remove", "everything")
    assert (asked.code, "--yes" in asked.err) == (4, True)
    assert kept_in(shelf)
    unknown = machine.run("chart", "remove", "everything", "--version", "2.0.0", "--yes")
    assert (unknown.code, unknown.out) == (3, "")
    gone = machine.run("chart", "remove", "everything", "--version", "1.0.0", "--yes")
    assert gone.code == 0
    assert "lab was launched from it, and goes on." in gone.err
    assert not kept_in(shelf)
    machine.run("chart", "add", str(everything), "--yes")
    shown = json.loads(machine.run("chart", "remove", "everything", "--yes", "--json").out)
    assert shown["removed"] == [{"catalog": "own", "chart": "everything", "version": "1.0.0"}]
    assert shown["services"][0]["name"] == "lab"
    assert machine.run("chart", "remove", "everything", "--yes").code == 3


def test_a_chart_that_cannot_run_here_is_refused_after_its_review(
    machine: Machine, shelf: Path, tmp_path: Path
) -> None:
    folder = chart_folder(tmp_path, "moon")
    (folder / "templates").mkdir()
    (folder / "templates" / "x.yaml").write_text(HOSTILE)
    file = tmp_path / "moon.tgz"
    file.write_bytes(archive(folder))
    refused = machine.run("chart", "add", str(file), "--yes")
    assert refused.code == 4
    assert "  ! " in refused.out and "ClusterRole" in refused.out
    assert "jobs that run around a launch: pre-install" in refused.out
    assert not kept_in(shelf)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("gone.tgz",), 2),
        (("gone.tgz", "--chart", "x"), 2),
        (("ftp://x.example/y.tgz",), 2),
        (("https://127.0.0.1:9/y.tgz", "--yes"), 2),
    ],
)
def test_what_is_no_chart_is_told(
    machine: Machine, shelf: Path, words: tuple[str, ...], code: int
) -> None:
    told = machine.run("chart", "add", *words)
    assert (told.code, told.out) == (code, "")
    assert told.err


def test_a_broken_archive_is_told(machine: Machine, shelf: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.tgz"
    file.write_bytes(b"no archive")
    told = machine.run("chart", "add", str(file), "--yes")
    assert (told.code, told.out) == (2, "")


async def test_a_review_has_types_in_python(
    machine: Machine, shelf: Path, everything: Path
) -> None:
    with Client.of_home(machine.home) as platform:
        found = platform.charts.review_archive(everything)
    assert (found.chart, found.version, found.refused) == ("everything", "1.0.0", False)
    assert ("ConfigMap", 4) in found.kinds
    assert found.commands is not None
    assert found.commands.platform == "sardonyx chart add everything.tgz\n"
    assert found.raw["digest"] == found.digest
    async with AsyncClient.of_home(machine.home) as there:
        kept = await there.charts.keep(found.digest)
        commands = Commands(
            "sardonyx chart add everything.tgz --yes\n", "# This exists on the platform only.\n"
        )
        assert kept == KeptChart("own", "everything", "1.0.0", {}, commands)
        with pytest.raises(RemoteError) as spent:
            await there.charts.keep(found.digest)
        assert spent.value.status == 404
        with pytest.raises(RemoteError) as refused:
            await there.charts.review("ftp://x.example/y.tgz")
        assert refused.value.remote_code == "chart_source"
