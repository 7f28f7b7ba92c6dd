"""A person's own charts are waited for where charts are read, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace

import httpx2
import pytest
from tests.web.stub_platform import stub_platform

from sardonyx.catalog.allowance import ANYWHERE
from sardonyx.projects.models import Actor
from sardonyx.web.portal import create_portal


class Asked:
    """The own charts of a cluster, as sessions and pages ask for them."""

    allowance = ANYWHERE

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def known(self, actor: Actor) -> None:
        self.asked.append("known")

    async def ready(self, actor: Actor) -> None:
        self.asked.append("ready")

    def mine(self, actor: Actor) -> tuple[()]:
        return ()


@pytest.mark.parametrize(
    ("address", "waits"),
    [
        ("/api/v1/account/preferences", False),
        ("/api/v1/me", False),
        ("/api/v1/projects/user-ada/services", True),
        ("/files/", False),
        ("/account", False),
        ("/api/v1/catalog", True),
        ("/catalog", True),
        ("/launch/sardonyx/jupyter-python", True),
        ("/services", True),
        ("/catalog/any", True),
        ("/api/v1/own-charts", True),
    ],
)
async def test_only_what_reads_charts_waits_for_them(address: str, waits: bool) -> None:
    platform: SimpleNamespace = stub_platform()
    platform.own_charts = Asked()
    transport = httpx2.ASGITransport(app=create_portal(platform))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(
        transport=transport,
        base_url="http://localhost:8000",
        headers={"cookie": "sardonyx=ada", "accept": "text/html"},
    ) as browser:
        answer = await browser.get(address)
    assert answer.status_code < 400, answer.text
    assert platform.own_charts.asked == (["known", "ready"] if waits else ["known"])
