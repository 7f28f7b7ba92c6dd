"""A person's folder of charts shows the old chart or the new one, whatever fails in between."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.catalog.folders import chart_folder

from sardonyx.catalog.errors import ReviewGoneError
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.catalog.own_folder import FolderShelf, OwnFolder
from sardonyx.catalog.own_ports import Brought

STEPS = [(Path, "rename"), (Path, "symlink_to"), (Path, "replace"), (shutil, "rmtree")]


async def waiting(shelf: FolderShelf, digest: str, said: str) -> Chart:
    """Have a chart wait whose values say `said`."""
    with shelf.scratch() as scratch:
        chart_folder(scratch, "chart", files={"values.yaml": f"said: {said}\n"})
        await shelf.wait("ada", scratch, Brought(digest, {}))
    return await shelf.waiting("ada", digest)


async def keep(shelf: FolderShelf, digest: str, said: str) -> Chart:
    chart = await waiting(shelf, digest, said)
    await shelf.keep("ada", digest, chart, ())
    return chart


def said_by(folder: Path) -> list[object]:
    """Return what a reader that comes now finds."""
    return [chart.values["said"] for chart in OwnFolder(folder).catalog().charts]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("of", "step"), STEPS, ids=[step for _, step in STEPS])
async def test_a_fault_between_two_steps_leaves_the_old_chart_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: object, step: str
) -> None:
    shelf = FolderShelf(tmp_path)
    await keep(shelf, "a" * 64, "old")
    chart = await waiting(shelf, "b" * 64, "new")
    real: Callable[..., object] = getattr(of, step)
    found: list[list[object]] = []

    def failing(*given: object, **named: object) -> object:
        found.append(said_by(tmp_path))
        if step == "rmtree":  # what was replaced goes last
            return None
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(of, step, failing)
        if step == "rmtree":
            await shelf.keep("ada", "b" * 64, chart, ())
        else:
            with pytest.raises(OSError, match="No space"):
                await shelf.keep("ada", "b" * 64, chart, ())
    assert real is getattr(of, step)
    now = "new" if step == "rmtree" else "old"
    assert found and found[0] == [now]
    again = FolderShelf(tmp_path)  # the next start
    assert said_by(tmp_path) == [now]
    assert len(list((tmp_path / ".content").iterdir())) == 1
    assert not list(tmp_path.glob(".new-*"))
    await keep(again, "b" * 64, "new")
    assert said_by(tmp_path) == ["new"]


async def test_a_home_may_be_moved(tmp_path: Path) -> None:
    chart = await keep(FolderShelf(tmp_path / "here"), "a" * 64, "old")
    (tmp_path / "here").rename(tmp_path / "there")
    assert said_by(tmp_path / "there") == ["old"]
    shelf = FolderShelf(tmp_path / "there")
    await shelf.remove("ada", [chart.ref], [chart.ref])
    assert said_by(tmp_path / "there") == []
    found = OwnFolder(tmp_path / "there").installed(chart.ref)
    assert found is not None and found.withdrawn and found.values["said"] == "old"


async def test_what_is_kept_twice_is_there_once(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path)
    chart = await keep(shelf, "a" * 64, "same")
    await keep(shelf, "a" * 64, "same")
    assert said_by(tmp_path) == ["same"]
    await shelf.remove("ada", [chart.ref], [])
    assert not list((tmp_path / ".content").iterdir())
    assert not list((tmp_path / ".removed").iterdir())


def former(root: Path) -> None:
    """Write a home as versions before links had it, with what a crash between two steps left."""
    chart_folder(root, "tide", "1.0.0", folder="tide-1.0.0")
    chart_folder(root, "soil", "1.0.0", folder="soil-1.0.0")
    chart_folder(root / ".removed", "reef", "1.0.0", folder="reef-1.0.0")
    chart_folder(root, "dune", "1.0.0", folder=".old-dune-1.0.0")
    chart_folder(root, "soil", "0.9.0", folder=".old-soil-1.0.0")


def ref(chart: str) -> ChartRef:
    return ChartRef("own", chart, "1.0.0")


def offered(root: Path) -> set[tuple[str, str]]:
    return {(one.ref.chart, one.ref.version) for one in OwnFolder(root).catalog().charts}


@pytest.mark.parametrize("step", ["", "rename", "replace"])
async def test_a_home_of_a_former_version_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    former(tmp_path)
    if step:  # what fails once, or is killed there, loses no chart
        with monkeypatch.context() as patched:
            patched.setattr(Path, step, lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
            with pytest.raises(OSError, match="No space"):
                FolderShelf(tmp_path)
    shelf = FolderShelf(tmp_path)
    everything = {("tide", "1.0.0"), ("soil", "1.0.0"), ("dune", "1.0.0")}
    assert offered(tmp_path) == everything
    removed = OwnFolder(tmp_path).installed(ref("reef"))
    assert removed is not None and removed.withdrawn
    with shelf.scratch() as scratch:
        chart_folder(scratch, "tide", folder="chart", files={"values.yaml": "said: new\n"})
        await shelf.wait("ada", scratch, Brought("b" * 64, {}))
    chart = await shelf.waiting("ada", "b" * 64)
    assert await shelf.keep("ada", "b" * 64, chart, [ref("reef")]) == ref("tide")
    (tide,) = [one for one in OwnFolder(tmp_path).catalog().charts if one.ref == ref("tide")]
    assert isinstance(tide, Chart) and tide.values == {"said": "new"}
    await shelf.remove("ada", [ref("tide"), ref("soil")], [ref("soil")])
    assert offered(tmp_path) == {("dune", "1.0.0")}
    assert [one.name for one in (tmp_path / ".removed").iterdir()] == ["soil-1.0.0"]
    assert len(list((tmp_path / ".content").iterdir())) == 2  # no other is left behind
    assert not list(tmp_path.glob(".old-*"))


async def test_of_two_clicks_that_keep_one_chart_the_second_is_told(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path)
    chart = await waiting(shelf, "a" * 64, "once")
    await shelf.keep("ada", "a" * 64, chart, ())
    with pytest.raises(ReviewGoneError):
        await shelf.keep("ada", "a" * 64, chart, ())
    assert said_by(tmp_path) == ["once"]
