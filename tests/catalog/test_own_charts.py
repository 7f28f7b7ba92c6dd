"""Charts that a person brings: reviewed, kept, launched as any other; pages, REST, refusals.

Over 400 lines: a chart's way from its review to its removal, on one machine and on a cluster.
"""

from __future__ import annotations

import asyncio
import html
import io
import json
import re
import shutil
import socket
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.datastructures import UploadFile
from starlette.types import Message
from tests.catalog.folders import ADA, chart_folder
from tests.services.fakes import MINE
from tests.web.stub_platform import seen, stub_platform, stub_portal

from sardonyx.adapters.charts.any_source import AnyChartFetcher
from sardonyx.catalog.allowance import Allowance
from sardonyx.catalog.errors import ChartNotFoundError, ChartSourceError
from sardonyx.catalog.models import LARGEST_ARCHIVE, Chart, ChartRef
from sardonyx.catalog.own import OwnCharts, without_keys
from sardonyx.catalog.own_folder import FolderShelf, OwnFolder
from sardonyx.catalog.own_ports import OWN_CATALOG, ChartSource, Rehearsed
from sardonyx.catalog.read import read_chart
from sardonyx.catalog.review import review
from sardonyx.projects.models import Actor
from sardonyx.services.models import State

BLOCK = 1024 * 1024
PART = (
    b'--x\r\nContent-Disposition: form-data; name="archive"; filename="a.tgz"\r\n'
    b"Content-Type: application/gzip\r\n\r\n"
)
EVERYTHING = Path(__file__).parents[1] / "data" / "charts" / "everything"
SIGNED_IN = {"cookie": "sardonyx=ada", "accept": "text/html", "sec-fetch-site": "same-origin"}
HOSTILE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: all}
---
apiVersion: v1
kind: Pod
metadata:
  name: x
  namespace: kube-system
  annotations: {helm.sh/hook: pre-install}
spec:
  hostNetwork: true
  volumes: [{name: root, hostPath: {path: /}}]
---
{{ lookup "v1" "Secret" .Release.Namespace "" }}
"""


def archive(folder: Path) -> bytes:
    """Return a folder as `helm package` would."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        tar.add(folder, arcname=folder.name)
    return made.getvalue()


def chart(folder: Path) -> Chart:
    read = read_chart(folder, "own")
    assert isinstance(read, Chart)
    return read


def test_a_review_says_what_runs_and_what_it_receives() -> None:
    found = review(chart(EVERYTHING))
    assert found.processes == ("python {{home}}/server.py {{port}}",)
    assert dict(found.kinds) == {
        "ConfigMap": 4,
        "Deployment": 1,
        "Secret": 1,
        "Service": 1,
    }
    assert {"service.oneTimePassword", "project.password"} <= set(found.secrets)
    assert {"user.email", "s3.port"} <= set(found.reads)
    assert "slots" not in found.reads
    assert [one.code for one in found.remarks] == ["runs_programs"]
    assert not found.refused


def test_a_review_tells_what_a_cluster_would_refuse(tmp_path: Path) -> None:
    files = {"values.yaml": "image: docker.io/evil/x:latest\n", "templates/x.yaml": HOSTILE}
    folder = tmp_path / "tide"
    folder.mkdir()
    (folder / "templates").mkdir()
    for name, content in {"Chart.yaml": "name: tide\nversion: 1.0.0\n", **files}.items():
        (folder / name).write_text(content)
    found = review(chart(folder))
    assert {one.code for one in found.remarks} == {
        "no_process_profile",
        "cluster_objects",
        "other_namespaces",
        "privileges",
        "lookup",
        "no_form",
    }
    assert found.refused
    assert found.hooks == ("pre-install",)
    assert found.images == ("docker.io/evil/x:latest",)


def test_a_review_tells_that_it_did_not_read_all(tmp_path: Path) -> None:
    folder = chart_folder(tmp_path, "tide")
    template = folder / "templates" / "x.yaml"
    template.parent.mkdir()
    template.write_text("# padding\n" * 30_000 + "kind: ClusterRole\n")
    assert "templates_unread" in {one.code for one in review(chart(folder)).remarks}
    template.write_text("kind: Pod\n")
    assert "templates_unread" not in {one.code for one in review(chart(folder)).remarks}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[SimpleNamespace]:
    folder = tmp_path / "own"
    made = stub_platform(sources=[OwnFolder(folder)])
    fetcher = AnyChartFetcher()
    made.own_charts = own_charts(made, fetcher, folder)
    yield made
    await fetcher.close()


def own_charts(
    platform: SimpleNamespace, fetcher: AnyChartFetcher, folder: Path, **more: Any
) -> OwnCharts:
    """Return the service over a folder, as `app` wires it."""
    return OwnCharts(
        fetcher=fetcher,
        shelf=FolderShelf(folder),
        kept=platform.catalog.brought_by,
        launched=platform.services.launched_from,
        **{"audit": _Audit(), **more},
    )


class _Audit:
    def __init__(self) -> None:
        self.kept: list[tuple[str, str, str]] = []

    async def record(self, username: str, action: str, target: str, result: str) -> None:
        self.kept.append((action, target, result))


@pytest.fixture
async def browser(platform: SimpleNamespace) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=stub_portal(platform)),
        base_url="http://localhost:8000",
        headers=SIGNED_IN,
    ) as client:
        yield client


async def test_a_chart_is_sent_reviewed_kept_and_opens_in_the_launcher(
    browser: httpx2.AsyncClient,
) -> None:
    assert "/catalog/any" in (await browser.get("/catalog")).text
    sent = await browser.post(
        "/catalog/any", files={"archive": ("everything-1.0.0.tgz", archive(EVERYTHING))}
    )
    assert sent.status_code == 303, sent.text
    place = sent.headers["location"].partition("?")[0]
    page = await browser.get(sent.headers["location"])
    assert "service.oneTimePassword" in page.text
    assert "ConfigMap" in page.text
    assert "sardonyx chart add everything-1.0.0.tgz" in page.text
    # Nothing is offered before it is kept.
    assert "/launch/own/" not in (await browser.get("/catalog")).text
    kept = await browser.post(place)
    assert kept.headers["location"].startswith("/launch/own/everything?version=1.0.0")
    form = await browser.get(kept.headers["location"])
    assert form.status_code == 200
    assert 'name="/choices/enum"' in form.text
    # Kept once: the review is spent.
    assert (await browser.post(place)).status_code == 404


async def test_a_chart_that_cannot_run_here_is_not_kept(
    browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    folder = chart_folder(tmp_path, "moon")
    sent = await browser.post("/catalog/any", files={"archive": ("m.tgz", archive(folder))})
    place = sent.headers["location"].partition("?")[0]
    page = await browser.get(place)
    assert "local.yaml" in page.text
    assert f'action="{place}"' in page.text
    assert "Keep it" not in page.text
    refused = await browser.post(place)
    assert refused.status_code == 403
    assert "/launch/own/" not in (await browser.get("/catalog")).text


async def test_an_address_that_gives_no_chart_keeps_the_form(browser: httpx2.AsyncClient) -> None:
    answer = await browser.post("/catalog/any", data={"address": "http://x.example/<b>.tgz"})
    assert answer.status_code == 422
    assert html.escape("http://x.example/<b>.tgz") in answer.text
    assert "<b>" not in answer.text
    assert re.search(r'role="alert"', answer.text)


@pytest.mark.parametrize("digest", ["0" * 64, "x" * 64, "new-x"])
async def test_a_review_that_is_not_there_is_not_found(
    browser: httpx2.AsyncClient, digest: str
) -> None:
    assert (await browser.get(f"/catalog/any/{digest}")).status_code == 404


async def test_it_is_the_same_over_rest(browser: httpx2.AsyncClient) -> None:
    sent = await browser.put("/api/v1/chart-archives/everything.tgz", content=archive(EVERYTHING))
    assert sent.status_code == 201, sent.text
    found = sent.json()
    assert found["commands"]["platform"] == "sardonyx chart add everything.tgz\n"
    again = (await browser.get(f"/api/v1/chart-reviews/{found['digest']}")).json()
    assert again["secrets"] == found["secrets"]
    kept = await browser.post(f"/api/v1/chart-reviews/{found['digest']}/keep")
    assert kept.json() == {
        "catalog": "own",
        "chart": "everything",
        "version": "1.0.0",
        "commands": {
            "platform": "sardonyx chart add everything.tgz --yes\n",
            "underneath": "# This exists on the platform only.\n",
        },
    }
    refused = await browser.post("/api/v1/chart-reviews", json={"address": "ftp://x/y.tgz"})
    assert (refused.status_code, refused.json()["code"]) == (422, "chart_source")


async def test_kept_by_a_process_that_did_not_review_it_the_commands_name_no_source(
    platform: SimpleNamespace, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    sent = await browser.put("/api/v1/chart-archives/everything.tgz", content=archive(EVERYTHING))
    platform.own_charts = own_charts(platform, AnyChartFetcher(), tmp_path / "own")
    kept = await browser.post(f"/api/v1/chart-reviews/{sent.json()['digest']}/keep")
    (told, command) = kept.json()["commands"]["platform"].splitlines()
    assert (told[0], command) == ("#", 'sardonyx chart add "$SOURCE" --yes')


async def test_a_chart_is_removed_and_its_services_go_on(
    platform: SimpleNamespace, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    sent = await browser.put("/api/v1/chart-archives/everything.tgz", content=archive(EVERYTHING))
    await browser.post(f"/api/v1/chart-reviews/{sent.json()['digest']}/keep")
    ref = ChartRef(OWN_CATALOG, "everything", "1.0.0")
    platform.runtime.kept["lab"] = seen("lab", "Lab", ref, State.RUNNING, timedelta(hours=1))
    (listed,) = (await browser.get("/api/v1/own-charts")).json()
    assert (listed["chart"], [one["name"] for one in listed["services"]]) == ("everything", ["lab"])
    place = "/catalog/own/everything/1.0.0/remove"
    assert place in (await browser.get("/catalog/any")).text
    asked = (await browser.get(place)).text
    assert "/services/lab" in asked and "They go on" in asked
    assert "was removed from" not in (await browser.get("/services/lab")).text
    gone = await browser.post(place)
    assert (gone.status_code, gone.headers["location"].partition("?")[0]) == (303, "/catalog/any")
    # Nothing new is launched from it; what runs knows its chart, and says what became of it.
    assert "/launch/own/" not in (await browser.get("/catalog")).text
    assert (await browser.get("/launch/own/everything")).status_code == 404
    assert platform.catalog.installed(ref).withdrawn
    assert platform.catalog.present(ref).withdrawn
    assert "was removed from" in (await browser.get("/services/lab")).text
    assert (await browser.get("/services/lab/edit")).status_code == 200
    for again in (await browser.get(place), await browser.post(place)):
        assert again.status_code == 404
    assert (await browser.delete("/api/v1/own-charts/everything")).status_code == 404
    assert ("chart.remove", "everything 1.0.0", "done") in platform.own_charts._audit.kept
    # Another that is kept takes nothing from what services use.
    newer = shutil.copytree(EVERYTHING, tmp_path / "newer")
    about = newer / "Chart.yaml"
    about.write_text(about.read_text().replace("version: 1.0.0", "version: 1.1.0"))
    sent = await browser.put("/api/v1/chart-archives/everything.tgz", content=archive(newer))
    kept = await browser.post(f"/api/v1/chart-reviews/{sent.json()['digest']}/keep")
    assert kept.json()["version"] == "1.1.0"
    assert platform.catalog.installed(ref).withdrawn
    assert (await browser.delete("/api/v1/own-charts/everything")).status_code == 200
    # Brought again, it is offered again; removed when nothing uses it, it is gone for good.
    sent = await browser.put("/api/v1/chart-archives/everything.tgz", content=archive(EVERYTHING))
    await browser.post(f"/api/v1/chart-reviews/{sent.json()['digest']}/keep")
    assert not platform.catalog.installed(ref).withdrawn
    platform.runtime.kept.clear()
    removed = (await browser.delete("/api/v1/own-charts/everything")).json()
    assert (removed["removed"][0]["version"], removed["services"]) == ("1.0.0", [])
    assert removed["commands"]["platform"] == "sardonyx chart remove everything\n"
    with pytest.raises(ChartNotFoundError):
        platform.catalog.installed(ref)


def test_a_release_written_by_hand_names_no_folder_elsewhere(tmp_path: Path) -> None:
    chart_folder(tmp_path, "moon")
    own = OwnFolder(tmp_path / "own")
    (tmp_path / "own" / ".removed").mkdir(parents=True)
    assert own.installed(ChartRef(OWN_CATALOG, "../../moon", "1.0.0")) is None
    assert own.installed(ChartRef(OWN_CATALOG, "moon", "/1.0.0")) is None


@asynccontextmanager
async def serving(platform: SimpleNamespace) -> AsyncIterator[int]:
    """Serve the portal on a port of its own, which is yielded."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who comes before the server is up waits
        app = stub_portal(platform)
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


def put(port: int, headers: dict[str, str]) -> tuple[int, str]:
    """Send an archive that is too large as a plain client does: all of it, then listen."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    content = bytes(LARGEST_ARCHIVE + 5 * BLOCK)
    # As urllib does: the server has no next request to wait for, and closes behind its answer.
    alone = {**headers, "Connection": "close"}
    connection.request("PUT", "/api/v1/chart-archives/x.tgz", body=content, headers=alone)
    answer = connection.getresponse()
    code = json.loads(answer.read())["code"]
    connection.close()
    return answer.status, code


async def test_the_refusal_of_an_archive_arrives_though_it_is_still_being_sent(
    platform: SimpleNamespace,
) -> None:
    async with serving(platform) as port:

        async def sent(**headers: str) -> tuple[int, str]:
            return await asyncio.to_thread(put, port, headers)

        assert await sent(**SIGNED_IN) == (422, "chart_source")
        platform.own_charts.allowance = Allowance((), archives=False)
        assert await sent(**SIGNED_IN) == (403, "chart_archive_refused")
        platform.own_charts = None
        assert await sent(**SIGNED_IN) == (403, "own_charts_off")


async def test_where_they_are_off_nothing_is_fetched(
    platform: SimpleNamespace, browser: httpx2.AsyncClient
) -> None:
    platform.own_charts = None
    assert "/catalog/any" not in (await browser.get("/catalog")).text
    for answer in (
        await browser.get("/catalog/any"),
        await browser.post("/api/v1/chart-reviews", json={"address": "https://x/y.tgz"}),
    ):
        assert answer.status_code == 403


async def test_the_audit_holds_no_key_of_an_address(
    platform: SimpleNamespace, tmp_path: Path
) -> None:
    audit, fetcher = _Audit(), AnyChartFetcher()
    own = own_charts(platform, fetcher, tmp_path / "own", audit=audit)
    with pytest.raises(ChartSourceError):
        await own.review(ADA, ChartSource("https://ada:hunter2@charts.example/x.tgz?token=t"))
    await fetcher.close()
    assert audit.kept == [("chart.review", "https://charts.example/x.tgz", "chart_source")]


@pytest.mark.parametrize(
    ("announced", "size", "read"),
    [
        pytest.param(None, 2 * LARGEST_ARCHIVE, 2 * LARGEST_ARCHIVE, id="a little too large"),
        pytest.param(2 * LARGEST_ARCHIVE, 2 * LARGEST_ARCHIVE, 2 * LARGEST_ARCHIVE, id="announced"),
        pytest.param(None, 100 * LARGEST_ARCHIVE, 6 * LARGEST_ARCHIVE, id="without end"),
    ],
)
async def test_an_upload_that_is_too_large_is_refused_while_it_is_read(
    platform: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    announced: int | None,
    size: int,
    read: int,
) -> None:
    spooled = 0

    async def write(file: UploadFile, data: bytes) -> None:
        nonlocal spooled
        spooled += len(data)

    monkeypatch.setattr(UploadFile, "write", write)
    sent, answers = 0, list[Message]()

    async def receive() -> Message:
        nonlocal sent
        assert not answers, "read after it was answered"
        block = PART if sent == 0 else bytes(BLOCK)
        sent += len(block)
        return {"type": "http.request", "body": block, "more_body": sent < size}

    async def send(message: Message) -> None:
        answers.append(message)

    headers = {
        **SIGNED_IN,
        "host": "localhost:8000",
        "content-type": "multipart/form-data; boundary=x",
        **({"content-length": str(announced)} if announced else {}),
    }
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/catalog/any",
        "raw_path": b"/catalog/any",
        "query_string": b"",
        "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
        "server": ("localhost", 8000),
        "client": ("127.0.0.1", 1),
    }
    await stub_portal(platform)(scope, receive, send)
    assert answers[0]["status"] == 422
    assert "more than 20 MB" in b"".join(one.get("body", b"") for one in answers).decode()
    assert spooled <= (0 if announced else LARGEST_ARCHIVE + BLOCK)
    # What is a little too large was taken to its end, so that the refusal arrives.
    assert read <= sent < read + 3 * BLOCK


class _Cluster:
    """A shelf of one person's, and a cluster that says what it is told to."""

    def __init__(self, platform: SimpleNamespace, folder: Path) -> None:
        self.error: Rehearsed | None = None
        self.asked = 0
        self.now = datetime(2026, 11, 2, tzinfo=UTC)
        self.fetcher = AnyChartFetcher(named=frozenset())
        self.own = own_charts(
            platform,
            self.fetcher,
            folder,
            allowance=Allowance(("https://charts.example/stable",), archives=True),
            rehearse=self._planned,
            clock=lambda: self.now,
        )

    async def _planned(self, actor: Actor, chart: Chart) -> Rehearsed:
        self.asked += 1
        return self.error or Rehearsed((("ConfigMap", f"{chart.ref.chart}-1"),))


@pytest.fixture
async def cluster(platform: SimpleNamespace, tmp_path: Path) -> AsyncIterator[_Cluster]:
    made = _Cluster(platform, tmp_path / "own")
    platform.own_charts = made.own
    yield made
    await made.fetcher.close()


async def test_on_a_cluster_a_review_says_what_would_be_created(
    cluster: _Cluster, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    folder = chart_folder(tmp_path, "moon")
    sent = await browser.put("/api/v1/chart-archives/moon.tgz", content=archive(folder))
    found = sent.json()
    assert found["objects"] == [{"kind": "ConfigMap", "name": "moon-1"}]
    assert not found["refused"]  # without a process profile it runs there all the same
    assert {one["code"] for one in found["remarks"]} == {"runs_images", "no_form"}
    page = (await browser.get(f"/catalog/any/{found['digest']}")).text
    assert "ConfigMap moon-1" in page and "secret: x" not in page
    assert "On this cluster" in page and "On this machine" not in page


async def test_what_the_cluster_said_is_shown_again_and_asked_anew_where_it_matters(
    cluster: _Cluster, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    content = archive(chart_folder(tmp_path, "moon"))
    found = (await browser.put("/api/v1/chart-archives/moon.tgz", content=content)).json()
    place, page = f"/api/v1/chart-reviews/{found['digest']}", f"/catalog/any/{found['digest']}"
    assert found["askedAt"] == "2026-11-02T00:00:00Z"
    cluster.now += timedelta(minutes=14)
    for _ in range(3):
        again = (await browser.get(place)).json()
        assert (again["objects"], again["askedAt"]) == (found["objects"], found["askedAt"])
        assert "Ask again" in (await browser.get(page)).text
    assert cluster.asked == 1
    # A person's rights may have changed: what one asks for, or keeps, is asked of the cluster.
    cluster.error = Rehearsed(refusal="ClusterRole all", reaches_out=True)
    assert not (await browser.get(place)).json()["refused"]
    assert (await browser.post(f"{place}/keep")).status_code == 403
    assert (await browser.get(place)).json()["refused"]
    cluster.error = None
    anew = (await browser.get(page, params={"anew": "true"})).text
    assert (cluster.asked, "Keep it and set it up" in anew) == (3, True)
    cluster.now += timedelta(minutes=16)
    await browser.get(place)
    assert cluster.asked == 4


async def test_each_person_and_place_has_an_answer_of_its_own(
    cluster: _Cluster, tmp_path: Path
) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield archive(chart_folder(tmp_path, "moon"))

    here = replace(ADA, projects=(MINE,))
    elsewhere = replace(ADA, projects=(replace(MINE, id="user-other"),))
    digest = (await cluster.own.review_archive(here, "a.tgz", content())).result.digest
    for actor in (here, elsewhere, replace(here, username="grace")):
        await cluster.own.reviewed(actor, digest)
        await cluster.own.reviewed(actor, digest)
    assert cluster.asked == 3


async def test_what_reaches_out_is_not_kept_and_what_a_value_may_mend_is(
    cluster: _Cluster, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    folder = chart_folder(tmp_path, "moon")
    cluster.error = Rehearsed(refusal="ClusterRole all", reaches_out=True)
    sent = await browser.put("/api/v1/chart-archives/moon.tgz", content=archive(folder))
    found = sent.json()
    assert found["refused"] and "ClusterRole all" in found["remarks"][0]["message"]
    place = f"/api/v1/chart-reviews/{found['digest']}"
    refused = await browser.post(f"{place}/keep")
    assert (refused.status_code, refused.json()["code"]) == (403, "own_chart_outside")
    cluster.error = Rehearsed(refusal="a password is required")
    again = (await browser.get(place, params={"anew": True})).json()
    assert not again["refused"] and again["remarks"][0]["code"] == "not_rendered"
    assert (await browser.post(f"{place}/keep")).status_code == 201


async def test_only_what_an_administrator_allows_is_fetched(
    cluster: _Cluster, browser: httpx2.AsyncClient
) -> None:
    page = (await browser.get("/catalog/any")).text
    assert "https://charts.example/stable" in page
    for address in ("https://charts.example/other/x.tgz", "https://ada:key@evil.example/x.tgz?a=b"):
        answer = await browser.post("/api/v1/chart-reviews", json={"address": address})
        assert (answer.status_code, answer.json()["code"]) == (403, "chart_address_refused")
        assert "https://charts.example/stable" in answer.json()["next"]
        assert "key" not in answer.json()["detail"] and "a=b" not in answer.json()["detail"]
        shown = await browser.post("/catalog/any", data={"address": address})
        assert (shown.status_code, 'role="alert"' in shown.text) == (403, True)
    cluster.own.allowance = Allowance(("https://charts.example/stable",), archives=False)
    assert 'type="file"' not in (await browser.get("/catalog/any")).text
    for refused in (
        await browser.put("/api/v1/chart-archives/x.tgz", content=b"x"),
        await browser.post("/catalog/any", files={"archive": ("x.tgz", b"x")}),
    ):
        assert refused.status_code == 403


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://charts.example/x.tgz", "https://charts.example/x.tgz"),
        ("oci://registry.example:5000/team/x:1.0.0", "oci://registry.example:5000/team/x:1.0.0"),
        ("https://ada:key@charts.example/x.tgz", "https://charts.example/x.tgz"),
        ("https://key@charts.example/x.tgz", "https://charts.example/x.tgz"),
        ("https://ada:k/e/y@charts.example/x.tgz", "https://charts.example/x.tgz"),
        ("https://ada:k@e/y@charts.example/x.tgz", "https://charts.example/x.tgz"),
        ("git+https://git.example/x.git?token=key#key", "git+https://git.example/x.git"),
    ],
)
def test_no_key_of_an_address_is_kept_or_shown(address: str, shown: str) -> None:
    assert without_keys(address) == shown
