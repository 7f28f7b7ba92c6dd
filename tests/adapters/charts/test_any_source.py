"""Charts by address, archive and Git repository, honest and hostile; nothing of them runs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.adapters.charts.archives import HelmServer, chart_archive, packed
from tests.adapters.charts.test_oci import Registry
from tests.adapters.charts.test_outward import OUTSIDE, Names
from tests.charts.servers import Answer, certificate, git_answers, serving

from sardonyx.adapters.charts.any_source import AnyChartFetcher
from sardonyx.adapters.git.archive import git_archive
from sardonyx.catalog.errors import ChartSourceError
from sardonyx.catalog.faults import RepositoryError
from sardonyx.catalog.own_ports import ChartSource


@pytest.fixture
async def fetcher() -> AsyncIterator[AnyChartFetcher]:
    made = AnyChartFetcher(plain=True)
    yield made
    await made.close()


@pytest.fixture
def repository() -> Iterator[str]:
    server = HelmServer()
    for version in ("1.0.0", "1.2.0", "2.0.0-rc.1"):
        server.add("tide", version)
    server.add("moon", "0.3.0")
    server.extra["broken.tgz"] = Answer(200, b"no archive")
    with serving(server.answer) as base:
        yield f"{base}/charts"


def _version(place: Path) -> str:
    lines = (place / "chart" / "Chart.yaml").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("version"))


async def _code(fetcher: AnyChartFetcher, source: ChartSource, to: Path) -> str:
    with pytest.raises(ChartSourceError) as refused:
        await fetcher.fetch(source, to)
    assert not to.exists()
    return refused.value.problems[0].code


@pytest.mark.parametrize(
    ("chart", "version", "found"),
    [("tide", "", "1.2.0"), ("tide", "1.0.0", "1.0.0"), ("tide", "2.0.0-rc.1", "2.0.0-rc.1")],
)
async def test_a_helm_repository_gives_the_version_that_is_asked_for(
    fetcher: AnyChartFetcher,
    repository: str,
    tmp_path: Path,
    chart: str,
    version: str,
    found: str,
) -> None:
    source = ChartSource(repository, chart=chart, version=version)
    brought = await fetcher.fetch(source, tmp_path / "c")
    assert _version(tmp_path / "c") == found
    archive = (tmp_path / "c" / "chart.tgz").read_bytes()
    assert brought.digest == hashlib.sha256(archive).hexdigest()
    assert brought.listing["version"] == found


async def test_an_archive_is_fetched_by_its_address(
    fetcher: AnyChartFetcher, repository: str, tmp_path: Path
) -> None:
    await fetcher.fetch(ChartSource(f"{repository}/moon-0.3.0.tgz"), tmp_path / "c")
    assert _version(tmp_path / "c") == "0.3.0"


@pytest.mark.parametrize(("tag", "found"), [("", "1.1.0"), (":1.0.0", "1.0.0")])
async def test_a_registry_gives_its_newest_or_the_tag(
    fetcher: AnyChartFetcher, tmp_path: Path, tag: str, found: str
) -> None:
    registry = Registry({one: chart_archive("tide", one) for one in ("1.0.0", "1.1.0")})
    with serving(registry.answer) as base:
        registry.realm = f"{base}/token"
        address = base.replace("http://", "oci://") + f"/charts/tide{tag}"
        await fetcher.fetch(ChartSource(address), tmp_path / "c")
    assert _version(tmp_path / "c") == found


@pytest.mark.parametrize(
    ("path", "chart", "version", "code"),
    [
        ("/none.tgz", "", "", "repository_status"),
        ("/broken.tgz", "", "", "archive_broken"),
        ("", "", "", "source_chart"),
        ("", "sun", "", "source_missing"),
        ("", "tide", "9.9.9", "source_missing"),
    ],
)
async def test_what_is_not_there_is_told(
    fetcher: AnyChartFetcher,
    repository: str,
    tmp_path: Path,
    path: str,
    chart: str,
    version: str,
    code: str,
) -> None:
    source = ChartSource(repository + path, chart=chart, version=version)
    found = await _code(fetcher, source, tmp_path / "c")
    assert found == code or (code == "repository_status" and found.startswith("repository"))


@pytest.mark.parametrize(
    "address",
    [
        "http://charts.example/x.tgz",
        "file:///etc/passwd",
        "https://ada:secret@charts.example/x.tgz",
        "ftp://charts.example/x.tgz",
        "https://[::1",
        "x.tgz",
        "https://charts.example/x.tgz?private_token=abc",
        "oci://charts.example/x#abc",
    ],
)
async def test_only_https_addresses_without_keys_are_taken(address: str, tmp_path: Path) -> None:
    fetcher = AnyChartFetcher()
    assert await _code(fetcher, ChartSource(address), tmp_path / "c") == "source_address"
    await fetcher.close()


async def test_a_key_in_an_address_is_in_no_message(tmp_path: Path) -> None:
    fetcher = AnyChartFetcher()
    for address in ("https://ada:hunter2@charts.example/x.tgz", "ftp://x/y.tgz?token=hunter2"):
        with pytest.raises(ChartSourceError) as refused:
            await fetcher.fetch(ChartSource(address), tmp_path / "c")
        said = refused.value
        assert "hunter2" not in f"{said} {said.values} {[one.message for one in said.problems]}"
    await fetcher.close()


async def test_an_archive_that_is_sent_is_bounded_and_read_apart(
    fetcher: AnyChartFetcher, tmp_path: Path
) -> None:
    async def sent(content: bytes) -> AsyncIterator[bytes]:
        yield content

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1024 * 1024)

    await fetcher.unpack(sent(chart_archive()), tmp_path / "good")
    assert _version(tmp_path / "good") == "1.0.0"
    link = tarfile.TarInfo("tide/values.yaml")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    for content in (sent(packed([(link, b"")])), endless()):
        with pytest.raises(ChartSourceError):
            await fetcher.unpack(content, tmp_path / "bad")
        assert not (tmp_path / "bad").exists()


def _git(folder: Path, *words: str) -> None:
    names = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *names, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with a chart in a folder, of version 1.0.0 on `main`, 2.0.0 on `next`."""
    root = tmp_path / "repo"
    chart = root / "charts" / "tide"
    (chart / "templates").mkdir(parents=True)
    _git(tmp_path, "init", "--quiet", "--initial-branch=main", str(root))
    (chart / "values.yaml").write_text("{}\n")
    (chart / ".gitattributes").write_text("values.yaml filter=evil\n")
    for version, branch in (("1.0.0", "main"), ("2.0.0", "next")):
        if branch != "main":
            _git(root, "checkout", "--quiet", "-b", branch)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: tide\nversion: {version}\n")
        _git(root, "add", ".")
        _git(root, "commit", "--quiet", "-m", version)
    _git(root, "checkout", "--quiet", "main")
    return root


@pytest.mark.parametrize(("branch", "version"), [("", "1.0.0"), ("next", "2.0.0")])
async def test_a_git_repository_gives_its_folder(
    fetcher: AnyChartFetcher, repo: Path, tmp_path: Path, branch: str, version: str
) -> None:
    source = ChartSource(f"git+file://{repo}", folder="charts/tide", branch=branch)
    await fetcher.fetch(source, tmp_path / "c")
    assert _version(tmp_path / "c") == version
    assert not (tmp_path / "c" / "chart" / ".git").exists()


async def test_a_named_server_is_believed_by_the_authorities_of_the_process(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a cluster: over https, with an authority of the organisation."""
    _git(tmp_path, "clone", "--quiet", "--bare", str(repo), str(tmp_path / "served" / "charts.git"))
    trusted = certificate(tmp_path)
    fetcher = AnyChartFetcher(named=frozenset({"127.0.0.1"}))
    with serving(git_answers(tmp_path / "served"), tls=trusted) as address:
        source = ChartSource(f"git+{address}/charts.git", folder="charts/tide")
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        assert await _code(fetcher, source, tmp_path / "c") == "git_failed"
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        await fetcher.fetch(source, tmp_path / "d")
    moved = Answer(301, headers={"Location": f"{address}/charts.git/info/refs"})
    with serving(lambda asked: moved, tls=trusted) as elsewhere:
        source = ChartSource(f"git+{elsewhere}/charts.git", folder="charts/tide")
        assert await _code(fetcher, source, tmp_path / "e") == "git_failed"
    await fetcher.close()
    assert _version(tmp_path / "d") == "1.0.0"


async def test_nothing_of_a_repository_runs_and_no_link_is_followed(
    fetcher: AnyChartFetcher, repo: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    for hook in ("post-checkout", "post-upload-pack", "pre-receive"):
        file = repo / ".git" / "hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {mark}\n")
        file.chmod(0o755)
    source = ChartSource(f"git+file://{repo}", folder="charts/tide")
    await fetcher.fetch(source, tmp_path / "c")
    assert not mark.exists()
    (repo / "charts" / "tide" / "values.yaml").unlink()
    (repo / "charts" / "tide" / "values.yaml").symlink_to("/etc/passwd")
    _git(repo, "commit", "--quiet", "-am", "link")
    assert await _code(fetcher, source, tmp_path / "d") == "archive_refused"


@pytest.mark.parametrize(
    ("address", "folder", "branch", "code"),
    [
        ("https://ada:secret@git.example/x.git", "", "", "git_address"),
        ("https://token@git.example/x.git", "", "", "git_address"),
        ("https://git.example/x.git?private_token=abc", "", "", "git_address"),
        ("https://git.example/x.git#abc", "", "", "git_address"),
        ("file:///srv/x.git", "", "", "git_address"),
        ("ext::sh -c touch% /tmp/x", "", "", "git_address"),
        ("--upload-pack=touch", "", "", "git_address"),
        ("https://git.example/x.git", "../../etc", "", "git_folder"),
        ("https://git.example/x.git", "-x", "", "git_folder"),
        ("https://git.example/x.git", "", "--output=/tmp/x", "git_branch"),
        ("https://git.example/x.git", "", "a..b", "git_branch"),
    ],
)
async def test_addresses_that_git_would_take_amiss_are_refused(
    tmp_path: Path, address: str, folder: str, branch: str, code: str
) -> None:
    with pytest.raises(RepositoryError) as refused:
        await git_archive(address, tmp_path / "x.tgz", folder=folder, branch=branch)
    assert refused.value.problem.code == code


@pytest.mark.parametrize(("folder", "branch"), [("charts/none", ""), ("", "none")])
async def test_git_says_what_is_not_there(
    fetcher: AnyChartFetcher, repo: Path, tmp_path: Path, folder: str, branch: str
) -> None:
    source = ChartSource(f"git+file://{repo}", folder=folder, branch=branch)
    assert await _code(fetcher, source, tmp_path / "c") == "git_failed"


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ("ulimit -d", str(512 * 1024)),
        ("cat /proc/$$/oom_score_adj", "1000"),
    ],
)
async def test_git_has_little_memory_and_goes_before_we_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: str, said: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    # The bounds are set once it runs.
    script = f'#!/bin/sh\nuntil [ "$({seen})" = {said} ]; do :; done; {seen} >&2; exit 1\n'
    (programs / "git").write_text(script)
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with pytest.raises(RepositoryError) as refused:
        await git_archive("https://git.example/x.git", tmp_path / "x.tgz", seconds=20.0)
    assert refused.value.problem.code == "git_failed"
    assert refused.value.problem.message.values["reason"] == said


async def test_a_git_that_does_not_end_is_ended(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").write_text("#!/bin/sh\nsleep 1000\n")
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with pytest.raises(RepositoryError) as refused:
        await git_archive(f"file://{repo}", tmp_path / "x.tgz", schemes=("file",), seconds=0.2)
    assert refused.value.problem.code == "git_slow"


async def test_a_host_that_is_not_named_is_outside_whatever_else_was_named(tmp_path: Path) -> None:
    """`[https://charts.internal/, https://*]`: a star leads outside, though one host is inside."""
    names = Names({"charts.internal": [["10.0.0.4"]], "any.example": [["10.0.0.5"]]})
    fetcher = AnyChartFetcher(named=frozenset(("charts.internal",)), plain=True, resolve=names)
    for source in (
        ChartSource("http://any.example:1/moon-0.3.0.tgz"),
        ChartSource("http://any.example:1/charts", chart="moon"),
        ChartSource("oci://any.example:1/charts/moon:0.3.0"),
    ):
        assert await _code(fetcher, source, tmp_path / "c") == "repository_address"
    await fetcher.close()


async def test_a_named_host_outside_leads_to_no_other_that_was_named(tmp_path: Path) -> None:
    away = Answer(302, headers={"Location": "http://inside.example:1/moon-0.3.0.tgz"})
    names = Names({"inside.example": [["10.0.0.4"]], "outside.example": [["127.0.0.1"], [OUTSIDE]]})
    named = frozenset(("inside.example", "outside.example"))
    fetcher = AnyChartFetcher(named=named, plain=True, resolve=names)
    with serving(lambda _: away) as base:
        source = ChartSource(f"http://outside.example:{base.rpartition(':')[2]}/moon-0.3.0.tgz")
        assert await _code(fetcher, source, tmp_path / "c") == "repository_address"
    await fetcher.close()


async def test_what_an_administrator_did_not_name_is_refused(
    repository: str, repo: Path, tmp_path: Path
) -> None:
    fetcher = AnyChartFetcher(named=frozenset(), plain=True)
    archive = ChartSource(f"{repository}/moon-0.3.0.tgz")
    assert await _code(fetcher, archive, tmp_path / "c") == "repository_address"
    # Git connects by itself: it goes to what was named, with no key of a person's.
    for address in ("git+https://git.example/x.git", f"git+file://{repo}"):
        assert await _code(fetcher, ChartSource(address), tmp_path / "c") == "git_host"
    await fetcher.close()
    named = AnyChartFetcher(named=frozenset(("127.0.0.1", "git.example")), plain=True)
    await named.fetch(archive, tmp_path / "c")
    ssh = ChartSource("git+ssh://git.example/x.git")
    assert await _code(named, ssh, tmp_path / "d") == "git_address"
    await named.close()
