"""The set-up page and its REST: for administrators, in both languages, each part testable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from tests.setup.settings import settings
from tests.web.stub_platform import ADA, stub_platform

from sardonyx.parts import PartStatus
from sardonyx.projects.models import Actor
from sardonyx.setup.models import (
    Answer,
    CatalogFacts,
    DatabaseFacts,
    ExposureFacts,
    IdentityFacts,
    ImagesFacts,
    Right,
    RightsFacts,
    SecretsFacts,
    StorageFacts,
)
from sardonyx.setup.service import SetupChecks
from sardonyx.text import translations
from sardonyx.web.portal import create_portal

HOST = "https://lab.example.org"


class _Probes:
    """Everything is right but the rights; counts the looks at identity."""

    def __init__(self) -> None:
        self.looks = 0

    async def identity(self) -> IdentityFacts:
        self.looks += 1
        issuer = "https://id.example.org/realms/science"
        return IdentityFacts(Answer("x", 200, json={"issuer": issuer}), Answer("x", 200))

    async def database(self) -> DatabaseFacts:
        return DatabaseFacts("sqlite")

    async def rights(self, needed: Sequence[Right]) -> RightsFacts:
        return RightsFacts((Right("watch", "pods"),), "v1.37.2")

    async def storage(self) -> StorageFacts | None:
        return StorageFacts(Answer("x", 403), Answer("x", 400))

    async def secrets(self) -> SecretsFacts | None:
        return None

    async def exposure(self) -> ExposureFacts:
        return ExposureFacts(frozenset({"HTTPRoute"}), ("192.0.2.1",))

    async def catalogs(self) -> Sequence[CatalogFacts]:
        return [CatalogFacts("ide", 3)]

    async def images(self) -> ImagesFacts:
        return ImagesFacts(("localhost/x:1",))


class _SignIn:
    async def actor(self, token: str | None, **_: Any) -> Actor | None:
        if token == "admin":
            return replace(ADA, is_admin=True)
        return ADA if token == "ada" else None


@pytest.fixture
def platform(tmp_path: Path) -> SimpleNamespace:
    made = stub_platform()
    made.public_url, made.service_host = HOST, None
    made.sign_in = _SignIn()
    made.probes = _Probes()
    made.setup = SetupChecks(settings=settings(tmp_path), probes=made.probes)
    return made


def _client(platform: SimpleNamespace, token: str, **headers: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=create_portal(cast("Any", platform))),
        base_url=HOST,
        headers={"cookie": f"sardonyx={token}", "sec-fetch-site": "same-origin", **headers},
    )


@pytest.fixture
async def browser(platform: SimpleNamespace) -> AsyncIterator[httpx2.AsyncClient]:
    async with _client(platform, "admin", accept="text/html") as made:
        yield made


async def test_each_part_is_shown_with_its_verdict_and_remedy(
    browser: httpx2.AsyncClient,
) -> None:
    page = (await browser.get("/setup")).text
    assert "1 part fails" in page
    assert "lacks rights (1), explained in deploy/rbac/service-account.yaml: watch pods" in page
    assert "database: postgresql+psycopg://" in page
    for area in ("identity", "database", "rights", "storage", "secrets", "exposure", "catalogs"):
        assert f'id="{area}"' in page
        assert f'name="area" value="{area}"' in page
    for words in ("ready", "evaluation only", "failing", "not set"):
        assert f">{words}</span>" in page


async def test_a_part_is_looked_at_again_when_its_button_is_pressed(
    platform: SimpleNamespace, browser: httpx2.AsyncClient
) -> None:
    await browser.get("/setup")
    await browser.get("/setup")
    assert platform.probes.looks == 1, "the page keeps what was found"
    answer = await browser.post("/setup/test", data={"area": "identity"})
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("#identity")
    assert platform.probes.looks == 2
    answer = await browser.post("/setup/test", data={"area": "elsewhere"})
    assert answer.status_code == 404


async def test_nobody_else_sees_it(platform: SimpleNamespace) -> None:
    async with _client(platform, "ada", accept="text/html") as person:
        assert (await person.get("/setup")).status_code == 403
        assert (await person.post("/setup/test", data={"area": "identity"})).status_code == 403
        assert (await person.get("/api/v1/setup")).json()["code"] == "administrator_required"
        assert (await person.post("/api/v1/setup/identity/test")).status_code == 403
    async with _client(platform, "nobody") as stranger:
        assert (await stranger.get("/api/v1/setup")).status_code == 401
    assert platform.probes.looks == 0


async def test_rest_says_the_same(platform: SimpleNamespace) -> None:
    async with _client(platform, "admin") as program:
        items = (await program.get("/api/v1/setup")).json()["items"]
        one = (await program.post("/api/v1/setup/rights/test")).json()
    verdicts = {item["area"]: item["verdict"] for item in items}
    assert verdicts["rights"] == "failing"
    assert verdicts["secrets"] == "off"
    assert "setting" not in one
    assert one["found"] == {"cluster": "v1.37.2", "mode": "serviceAccount"}


async def test_the_page_is_there_in_french(platform: SimpleNamespace) -> None:
    if translations("fr").gettext("ready") == "ready":
        pytest.skip("the texts are not compiled: python tools/translations.py compile")
    async with _client(platform, "admin", **{"accept-language": "fr"}) as browser:
        page = (await browser.get("/setup")).text
    assert "Mise en place" in page
    assert "prêt" in page


async def test_ready_means_database_and_caches(platform: SimpleNamespace) -> None:
    def part(name: str, ready: bool) -> PartStatus:
        return PartStatus(name, ready=ready, source="", version="")

    async with _client(platform, "none", host="10.1.2.3:8080") as kubelet:
        platform.parts.kept = [part("database", True), part("cluster", False), part("s3", False)]
        answer = await kubelet.get("/readyz")
        assert (answer.status_code, answer.json()["for"]) == (503, ["cluster"])
        assert (await kubelet.get("/healthz")).status_code == 200
        platform.parts.kept = [part("database", True), part("cluster", True), part("s3", False)]
        assert (await kubelet.get("/readyz")).status_code == 200


async def test_other_names_reach_nothing_but_probes_and_programs(
    platform: SimpleNamespace,
) -> None:
    """DNS rebinding: a page whose name leads here has cookies of its own name at most."""
    async with _client(platform, "admin", host="evil.example") as browser:
        assert (await browser.get("/")).status_code == 421
        assert (await browser.get("/api/v1/setup")).status_code == 421
    programs = {"host": "sardonyx.lab.svc", "authorization": "Bearer admin"}
    app = create_portal(cast("Any", platform))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url=HOST, headers=programs
    ) as program:
        assert (await program.get("/api/v1/setup")).status_code == 200
        assert (await program.get("/setup")).status_code == 421


async def test_pages_may_load_from_services_only_where_these_are_beside_them(
    browser: httpx2.AsyncClient,
) -> None:
    policy = (await browser.get("/setup")).headers["content-security-policy"]
    assert "localhost" not in policy
