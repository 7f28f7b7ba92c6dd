"""Archives of strangers: what they may hold, and that nothing else is ever written."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.adapters.charts.archives import chart_archive, file_member, packed

from sardonyx.adapters.charts import archive
from sardonyx.adapters.charts.archive import unpack
from sardonyx.catalog.faults import RepositoryError


def _unpacked(tmp_path: Path, content: bytes) -> Path:
    file, folder = tmp_path / "inside" / "chart.tgz", tmp_path / "inside" / "chart"
    file.parent.mkdir()
    file.write_bytes(content)
    unpack(file, folder)
    return folder


def _refusal(tmp_path: Path, content: bytes) -> str:
    """Return the code of the refusal; nothing was written outside the chart's folder."""
    with pytest.raises(RepositoryError) as refused:
        _unpacked(tmp_path, content)
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    assert {path.name for path in (tmp_path / "inside").iterdir()} <= {"chart.tgz", "chart"}
    return refused.value.problem.code


def test_a_chart_is_unpacked_without_its_top_folder(tmp_path: Path) -> None:
    folder = _unpacked(tmp_path, chart_archive(files={"charts/sub/Chart.yaml": "name: sub\n"}))
    assert (folder / "Chart.yaml").read_text().startswith("apiVersion: v2\nname: tide")
    assert (folder / "charts" / "sub" / "Chart.yaml").is_file()


def test_unpacking_twice_gives_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = (_unpacked(tmp_path / name, chart_archive()) for name in "ab")
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    assert all((one / path).read_bytes() == (two / path).read_bytes() for path in files)


def test_names_made_on_windows_are_read_as_helm_does(tmp_path: Path) -> None:
    folder = _unpacked(tmp_path, packed([file_member("tide\\templates\\one.yaml")]))
    assert (folder / "templates" / "one.yaml").read_text() == "x"


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "tide/../../outside",
        "tide/templates/../../../outside",
        "tide\\..\\..\\outside",
        "/tmp/outside",
        "\\\\host\\share\\outside",
        "C:\\outside",
        "c:/outside",
        "tide/a\nb",
        "tide/a\x1b[2J",
        "tide/" + "a" * 256,
        "tide/" + "a/" * 60 + "b",
        "outside",
        "other/file",
        "..",
        ".",
    ],
)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    content = packed([file_member("tide/Chart.yaml"), file_member(name)])
    assert _refusal(tmp_path, content) == "archive_refused"


def test_a_name_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as tar:
        member, payload = file_member("tide/\udcff\udcfe")
        tar.addfile(member, io.BytesIO(payload))
    assert _refusal(tmp_path, gzip.compress(plain.getvalue())) == "archive_refused"


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CONTTYPE,
    ],
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("tide/values.yaml")
    member.type, member.linkname = kind, "../../outside"
    content = packed([(member, b""), file_member("tide/values.yaml/x")])
    code = _refusal(tmp_path, content)
    # A continuous file is an ordinary one: then the file cannot be a folder too.
    assert code == "archive_refused"


def test_an_entry_twice_is_refused(tmp_path: Path) -> None:
    content = packed([file_member("tide/a"), file_member("tide/a", 2)])
    assert _refusal(tmp_path, content) == "archive_refused"


def test_a_file_that_is_also_a_folder_is_refused(tmp_path: Path) -> None:
    content = packed([file_member("tide/a"), file_member("tide/a/b")])
    assert _refusal(tmp_path, content) == "archive_refused"


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with gzip.open(bomb, "wb", compresslevel=9) as file:
        for _ in range(archive.MAX_UNPACKED // (1 << 20) + 1):
            file.write(bytes(1 << 20))
    assert len(bomb.getvalue()) < 1 << 20
    assert _refusal(tmp_path, bomb.getvalue()) == "archive_too_large"


def test_a_bomb_in_an_extended_header_is_refused(tmp_path: Path) -> None:
    member, payload = file_member("tide/Chart.yaml")
    member.pax_headers = {"comment": "x" * (archive.MAX_UNPACKED + 1)}
    assert _refusal(tmp_path, packed([(member, payload)])) == "archive_too_large"


def test_a_file_that_claims_to_be_sparse_is_refused(tmp_path: Path) -> None:
    member, payload = file_member("tide/Chart.yaml")
    member.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.map": "0,1",
        "GNU.sparse.size": str(1 << 40),
    }
    assert _refusal(tmp_path, packed([(member, payload)])) == "archive_refused"


def test_one_file_larger_than_helm_takes_is_refused(tmp_path: Path) -> None:
    content = packed([file_member("tide/large", archive.MAX_MEMBER + 1)])
    assert _refusal(tmp_path, content) == "archive_too_large"


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    content = packed(file_member(f"tide/{n}", 0) for n in range(archive.MAX_MEMBERS + 1))
    assert _refusal(tmp_path, content) == "archive_too_many"


def test_an_archive_of_60_mb_is_refused_unread(tmp_path: Path) -> None:
    assert _refusal(tmp_path, bytes(60_000_000)) == "archive_too_large"


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("tide/Chart.yaml", "name: tide\n")
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        _zip(),
        gzip.compress(b"no tar at all" * 100),
        chart_archive()[:200],
        gzip.compress(gzip.decompress(chart_archive())[:700]),
    ],
    ids=["empty", "text", "zip", "no-tar", "cut", "cut-inside"],
)
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    assert _refusal(tmp_path, content) == "archive_broken"
