"""Two people on a real node: from sign-in to delete, by pages, in a pod, on their own files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import anyio
import httpx2
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.cluster.conftest import RunningCluster
from tests.cluster.people import SECONDS, Caller
from tests.cluster.platform import (
    DOMAIN,
    GATEWAY,
    HOST,
    RunningPlatform,
    door,
    free_port,
    running_platform,
)
from tests.contracts.object_store import pieces
from tests.e2e.data import flights
from tests.e2e.jupyter import Kernel
from tests.e2e.test_expiry import KEYS, LIVING, SHOWN, refused
from tools.cluster import images

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.s3.objects import S3ObjectStore
from sardonyx.adapters.s3.seaweedfs import KeyLife
from sardonyx.files.models import S3Credentials
from sardonyx.testing.parts import wait_until
from sardonyx.values import Secret

pytestmark = pytest.mark.node
_OPEN = """element => {
  for (let one = element; one; one = one.parentElement)
    if (one.tagName === "DETAILS") one.open = true;
}"""
_KEY_LIFE = KeyLife(usual="45s")
READ_OWN = """
import boto3
s3 = boto3.client("s3")
print(s3.get_object(Bucket="nas", Key="prices/one.csv")["Body"].read().decode())
print(boto3.Session().get_credentials().access_key)
"""


@pytest.fixture(scope="module")
def platform(
    node_cluster: RunningCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPlatform]:
    folder = tmp_path_factory.mktemp("platform")
    with running_platform(
        folder,
        node_cluster,
        images={
            name: f"localhost/sardonyx/{name}:{images.version(name)}"
            for name in ("jupyter-python", "postgresql")
        },
        life=_KEY_LIFE,
    ) as running:
        yield running


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                f"--host-resolver-rules=MAP *.{DOMAIN} {GATEWAY}",
            ],
        )
        yield browser
        browser.close()


class Person(Caller):
    """Somebody at a browser, and their programs' way in."""

    def __init__(self, platform: RunningPlatform, browser: Browser, name: str) -> None:
        context = browser.new_context()
        self.page: Page = context.new_page()
        self.page.set_default_timeout(SECONDS * 1000)
        page = self.page
        page.goto(platform.url)
        page.get_by_role("link", name="Sign in").or_(
            page.get_by_role("button", name="Sign in")
        ).first.click()
        page.fill("input[name=login]", name)
        page.fill("input[name=password]", "anything")
        page.locator("button[type=submit]").click()
        page.wait_for_url(f"{platform.url}/**")
        super().__init__(
            platform, {str(one["name"]): str(one["value"]) for one in context.cookies()}
        )

    def picture(self, name: str) -> None:
        """Keep a picture of the page where SARDONYX_SCREENSHOTS says."""
        folder = os.environ.get("SARDONYX_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=Path(folder) / f"cluster-{name}.png", full_page=True)


def test_from_sign_in_to_delete(  # noqa: PLR0915 - one journey, in the order it is made
    platform: RunningPlatform, node_cluster: RunningCluster, browser: Browser, tmp_path: Path
) -> None:
    ada = Person(platform, browser, "ada")
    page, project = ada.page, ada.project

    # Her file, by the page.
    sample = flights(tmp_path)
    page.goto(f"{platform.url}/files/?project={project}")
    page.set_input_files("input[type=file]:not([webkitdirectory])", str(sample.file))
    page.get_by_role("heading", name="flights.parquet").wait_for()
    ada.picture("files")

    # JupyterLab in a pod, by a click.
    page.goto(f"{platform.url}/launch/lab/jupyter-python?project={project}")
    ada.picture("launch")
    page.get_by_role("button", name="Launch").first.click()
    page.locator("#open").wait_for()
    ada.picture("running")
    name = page.url.split("/services/")[1].split("?")[0]
    shown = ada.service(name)
    assert shown["state"] == "running"
    pods = json.loads(node_cluster.kubectl("get", "pods", "-n", project, "-o", "json"))["items"]
    assert [pod["metadata"]["labels"]["app.kubernetes.io/instance"] for pod in pods] == [name]

    # Its kernel reads the file, with keys that end and are renewed.
    bucket = ada.api("GET", "/projects").json()["projects"][0]["bucket"]
    uri = f"s3://{bucket}/flights.parquet"
    with Kernel(shown["urls"][0], _header(ada, name), through=GATEWAY) as kernel:
        cell = sample.cell.replace("BUCKET", bucket).replace("KEY", "flights.parquet")
        printed = kernel.run(cell)
        assert f"polars {sample.rows}" in printed
        assert all(str(count) in printed for _, count in sample.largest)
        kernel.run(LIVING.replace("URI", uri))
        before = json.loads(kernel.run(SHOWN))
        first = json.loads(kernel.run(KEYS))
        wait_until(lambda: refused(first, bucket), "the first keys' end", seconds=180)
        assert json.loads(kernel.run(SHOWN)) == before
        assert not [way for way, got in before.items() if isinstance(got, str)]

    # Pause and resume.
    page.get_by_role("button", name="Pause").click()
    ada.reach(name, "paused")
    assert "jupyterlab" not in node_cluster.kubectl("get", "pods", "-n", project)
    page.goto(f"{platform.url}/services/{name}?project={project}")
    ada.picture("paused")
    page.get_by_role("button", name="Start again").click()
    ada.reach(name, "running")

    # More memory: what changes is shown first.
    page.goto(f"{platform.url}/services/{name}/edit?project={project}")
    change(page, "/resources/limits/memory", "4")
    ada.picture("edit-diff")
    assert "4Gi" in page.content()
    page.locator("#apply").click()
    _settled(ada, name, lambda: _memory(node_cluster, project, name) == "4Gi")
    ada.reach(name, "running")  # the cluster has it before Helm has ended

    # Back to what it was.
    page.goto(f"{platform.url}/services/{name}/history?project={project}")
    ada.picture("history")
    page.get_by_role("link", name="Return to state 1").click()
    page.wait_for_url("**/history/1**")
    ada.picture("rollback")
    page.get_by_role("button", name="Return").first.click()
    _settled(ada, name, lambda: _memory(node_cluster, project, name) == "8Gi")
    ada.reach(name, "running")

    # Somebody else sees nothing of it.
    grace = Person(platform, browser, "grace")
    for path in (
        f"/projects/{project}/services",
        f"/projects/{project}/services/{name}",
        f"/projects/{project}/services/{name}/logs",
        f"/projects/{project}/services/{name}/credential",
        f"/projects/{project}/files",
        f"/projects/{project}/secrets",
    ):
        assert grace.asks("GET", path).status_code == 404, path
    for verb in ("pause", "resume", "restart"):
        answer = grace.asks("POST", f"/projects/{project}/services/{name}/{verb}")
        assert answer.status_code == 404, verb
    assert grace.asks("DELETE", f"/projects/{project}/services/{name}").status_code == 404
    grace.page.goto(f"{platform.url}/services/{name}?project={project}")
    assert name not in (grace.page.locator("main").text_content() or "").replace(
        f"/services/{name}", ""
    )
    assert grace.api("GET", f"/projects/{grace.project}/services").json()["services"] == []

    # And it goes.
    page.goto(f"{platform.url}/services/{name}/delete?project={project}")
    ada.picture("delete")
    page.get_by_role("button", name="Delete for good").click()
    ada.gone(name)
    wait_until(
        lambda: (
            not node_cluster.kubectl(
                "get", "statefulsets,services,httproutes", "-n", project, "-o", "name"
            ).strip()
        ),
        "nothing of it is left",
    )


def test_a_pod_reads_the_storage_of_its_person(
    platform: RunningPlatform, node_cluster: RunningCluster, browser: Browser
) -> None:
    """A store with keys that do not end, reached at an address that is not the platform's."""
    ada = Person(platform, browser, "ada")
    home = Home(platform.settings.parent / "home")
    kept = json.loads((home.parts / "seaweedfs" / "keys.json").read_text())
    keys = S3Credentials(
        access_key_id=kept["admin_id"],
        secret_access_key=Secret(kept["admin_secret"]),
        session_token=Secret(""),
        expiration=datetime.max.replace(tzinfo=UTC),
        endpoint=f"http://127.0.0.1:{home.ports()['s3']}",
        region="us-east-1",
    )

    async def filled() -> None:
        async with httpx2.AsyncClient(trust_env=False) as client:
            store = S3ObjectStore(client=client)
            await store.ensure_bucket(keys, "nas")
            await store.put(keys, "nas", "prices/one.csv", pieces(b"price,1"))

    with ThreadPoolExecutor(1) as beside:  # in this thread runs the browser's loop
        beside.submit(anyio.run, filled).result()
    port = free_port(HOST)
    with door((HOST, port), home.ports()["s3"]):
        store = {
            "url": f"http://{HOST}:{port}",
            "folder": "nas/prices",
            "accessKeyId": kept["admin_id"],
            "secretAccessKey": kept["admin_secret"],
        }
        # Of a platform outside the cluster, the probe leads to no address inside.
        ada.api("PUT", "/account/storage/nas?unchecked=true", json=store)
        body = {"chart": "jupyter-python", "catalog": "lab", "s3Profile": "nas"}
        name = ada.api("POST", ada.services(), json=body).json()["name"]
        ada.reach(name, "running")
        printed = node_cluster.kubectl(
            *("exec", "-n", ada.project, f"{name}-0", "-c", "jupyterlab", "--"),
            *("/opt/venv/bin/python", "-c", READ_OWN),
        )
        assert printed.split() == ["price,1", kept["admin_id"]]
        ada.api("DELETE", ada.services(f"/{name}"))
        ada.gone(name)
    ada.api("DELETE", "/account/storage/nas")


def change(page: Page, path: str, value: str) -> None:
    """Set a field of the form, whatever fold it is in, and go on to the difference."""
    field = page.locator(f'[name="{path}"]').first
    field.evaluate(_OPEN)
    field.fill(value)
    field.dispatch_event("change")
    page.locator("#launch-button").click()
    page.locator("#apply").wait_for()


def _header(person: Person, name: str) -> tuple[str, str]:
    opened = person.api("GET", f"/projects/{person.project}/services/{name}/credential").json()
    return opened["header"], opened["value"]


def _memory(cluster: RunningCluster, namespace: str, release: str) -> str:
    found = json.loads(
        cluster.kubectl("get", "statefulset", release, "-n", namespace, "-o", "json")
    )
    memory: str = found["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"][
        "memory"
    ]
    return memory


def _settled(person: Person, name: str, holds: Callable[[], bool]) -> None:
    wait_until(
        holds,
        f"{name} changes: {json.dumps(person.service(name))[:2000]}",
        seconds=SECONDS,
    )
