"""The chart with every widget, on a cluster: what Helm was given is the same each way."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import BrowserContext
from tests.cluster.conftest import RunningCluster
from tests.cluster.people import signed_in
from tests.cluster.platform import RunningPlatform, running_platform
from tests.e2e.chromium import chromium
from tests.e2e.every_widget import Runtime, assert_same_each_way, every_widget_chart, two_readers

from sardonyx.services.commands import without
from sardonyx.values import JsonObject

pytestmark = pytest.mark.cluster
# What the schema has as a password; the reader's language and theme are of each launch.
_OF_ONE_LAUNCH = frozenset(
    (("security", "password"), ("texts", "secret"), ("choices", "secret"), ("preferences",))
)


@pytest.fixture
def platform(light_cluster: RunningCluster, tmp_path: Path) -> Iterator[RunningPlatform]:
    with running_platform(
        tmp_path, light_cluster, images={}, host="127.0.0.1", charts=every_widget_chart
    ) as running:
        yield running


def test_form_text_link_and_saved_configuration_give_the_same_values(
    platform: RunningPlatform, light_cluster: RunningCluster, tmp_path: Path
) -> None:
    ada = signed_in(platform, "ada")

    def enter(context: BrowserContext) -> None:
        context.add_cookies(
            [{"name": k, "value": v, "url": platform.url} for k, v in ada.cookies.items()]
        )

    def below(method: str, path: str, *, json: JsonObject | None) -> httpx2.Response:
        return ada.asks(method, f"/projects/{ada.project}{path}", json=json)

    def launched(name: str) -> JsonObject:
        """Return what Helm wrote down of the release."""
        ada.reach(name, "running")
        told = subprocess.run(
            [str(light_cluster.programs / "helm"), "get", "values", name, "-o", "json"],
            check=True,
            capture_output=True,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "KUBECONFIG": str(light_cluster.kubeconfig),
                "HELM_NAMESPACE": ada.project,
            },
        )
        values: JsonObject = json.loads(told.stdout)
        return values

    runtime = Runtime(
        base=platform.url,
        catalog="lab",
        call=below,
        launched=launched,
        comparable=lambda name: without(launched(name), _OF_ONE_LAUNCH),
    )
    with chromium() as browser, two_readers(browser, enter) as (english, french):
        assert_same_each_way(runtime, english, french)
