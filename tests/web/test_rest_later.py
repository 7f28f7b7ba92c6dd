"""REST is put on the portal of one machine when it is first asked for, whole and once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from types import ModuleType

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from tests.web.stub_platform import stub_platform

from sardonyx.web.later import LoadedLater
from sardonyx.web.portal import create_portal

HEADERS = {"cookie": "sardonyx=ada", "sec-fetch-site": "same-origin"}


def browser(app: Starlette) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://localhost:8000",
        headers=HEADERS,
    )


async def said(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.url.path)


class Part:
    """An application with a part that is added later; `faults` times this fails."""

    def __init__(self, faults: int = 0) -> None:
        self.added = 0
        self._faults = faults
        self.app = Starlette(routes=[Route("/page", said), Route("/api/first", said)])
        self.app.add_middleware(
            LoadedLater, prefix="/api", besides={"/api/first"}, module="json", add=self._add
        )

    def _add(self, module: ModuleType) -> None:
        assert module.__name__ == "json"
        if self._faults:
            self._faults -= 1
            raise RuntimeError("not now")
        self.added += 1
        self.app.router.routes.append(Route("/api/rest", said))


async def test_only_what_needs_the_part_loads_it_and_once() -> None:
    part = Part()
    async with browser(part.app) as person:
        for path in ("/page", "/api/first", "/apiary", "/"):
            await person.get(path)
        assert part.added == 0
        answers = await asyncio.gather(*(person.get("/api/rest") for _ in range(5)))
        assert [one.text for one in answers] == ["/api/rest"] * 5
        assert part.added == 1


async def test_a_loading_that_fails_is_tried_again() -> None:
    part = Part(faults=1)
    async with browser(part.app) as person:
        with pytest.raises(RuntimeError, match="not now"):
            await person.get("/api/rest")
        assert (await person.get("/page")).status_code == 200
        assert (await person.get("/api/rest")).status_code == 200


async def test_all_of_rest_is_there_whenever_it_is_loaded() -> None:
    async with (
        browser(create_portal(stub_platform())) as at_once,  # type: ignore[arg-type]
        browser(create_portal(stub_platform(), rest_later=True)) as later,  # type: ignore[arg-type]
    ):
        document = (await at_once.get("/api/v1/openapi.json")).json()
        assert (await later.get("/api/v1/projects/user-ada/services")).status_code == 200
        assert (await later.get("/api/v1/openapi.json")).json() == document
        assert len(document["paths"]) > 50
        assert (await later.get("/api/v1/nothing")).status_code == 404


async def test_a_foreign_page_is_refused_before_anything_is_loaded() -> None:
    portal = create_portal(stub_platform(), rest_later=True)  # type: ignore[arg-type]
    known = len(portal.router.routes)
    async with browser(portal) as person:
        refused = await person.post(
            "/api/v1/projects/user-ada/services", headers={"sec-fetch-site": "cross-site"}
        )
        assert refused.status_code in (401, 403)
        assert len(portal.router.routes) == known
        assert (await person.get("/api/v1/projects/user-ada/services")).status_code == 200
        assert len(portal.router.routes) > known


def test_the_portal_of_one_machine_starts_without_rest() -> None:
    asked = (
        "import sys, sardonyx.portal; print([one for one in sys.modules if one in "
        "('sardonyx.web.rest', 'sardonyx.services.api', 'sardonyx.account.api')])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
