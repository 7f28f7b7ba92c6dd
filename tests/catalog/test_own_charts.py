"""Charts that a person brings: reviewed, kept, launched as any other; pages, REST, refusals."""

from __future__ import annotations

import html
import io
import re
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from tests.catalog.folders import ADA, chart_folder
from tests.web.stub_platform import stub_platform, stub_portal

from sardonyx.adapters.charts.any_source import AnyChartFetcher
from sardonyx.catalog.errors import ChartSourceError, OwnChartsOffError
from sardonyx.catalog.models import Chart
from sardonyx.catalog.own import OWN_CATALOG, ChartSource, OwnCharts
from sardonyx.catalog.read import read_chart
from sardonyx.catalog.review import review
from sardonyx.catalog.service import CatalogSource

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
    made = stub_platform(sources=[CatalogSource(OWN_CATALOG, "Own", folder)])
    fetcher = AnyChartFetcher()
    made.own_charts = OwnCharts(fetcher=fetcher, folder=folder, audit=_Audit())
    yield made
    await fetcher.close()


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
    assert kept.json() == {"catalog": "own", "chart": "everything", "version": "1.0.0"}
    refused = await browser.post("/api/v1/chart-reviews", json={"address": "ftp://x/y.tgz"})
    assert (refused.status_code, refused.json()["code"]) == (422, "chart_source")


async def test_where_they_are_off_nothing_is_fetched(
    platform: SimpleNamespace, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    platform.own_charts = None
    assert "/catalog/any" not in (await browser.get("/catalog")).text
    for answer in (
        await browser.get("/catalog/any"),
        await browser.post("/api/v1/chart-reviews", json={"address": "https://x/y.tgz"}),
    ):
        assert answer.status_code == 403
    off = OwnCharts(fetcher=None, folder=tmp_path / "off", audit=_Audit())
    with pytest.raises(OwnChartsOffError):
        await off.review(ADA, ChartSource("https://charts.example/x.tgz"))


async def test_the_audit_holds_no_key_of_an_address(tmp_path: Path) -> None:
    audit, fetcher = _Audit(), AnyChartFetcher()
    own = OwnCharts(fetcher=fetcher, folder=tmp_path / "own", audit=audit)
    with pytest.raises(ChartSourceError):
        await own.review(ADA, ChartSource("https://ada:hunter2@charts.example/x.tgz?token=t"))
    await fetcher.close()
    assert audit.kept == [("chart.review", "https://charts.example/x.tgz", "chart_source")]
