"""A person's folder of charts is whole again after a crash."""

from __future__ import annotations

from pathlib import Path

from sardonyx.catalog.own_folder import FolderShelf


def _chart(folder: Path, said: str) -> None:
    folder.mkdir(parents=True)
    (folder / "values.yaml").write_text(said)


def test_a_chart_that_a_crash_left_aside_is_put_back(tmp_path: Path) -> None:
    """Between the two renames of `keep` the old one stands aside, and nothing in its place."""
    _chart(tmp_path / ".old-tide-1.0.0", "old")
    _chart(tmp_path / ".old-moon-1.0.0", "old")
    _chart(tmp_path / "moon-1.0.0", "new")
    FolderShelf(tmp_path)
    assert (tmp_path / "tide-1.0.0" / "values.yaml").read_text() == "old"
    assert (tmp_path / "moon-1.0.0" / "values.yaml").read_text() == "new"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["moon-1.0.0", "tide-1.0.0"]
