"""What is counted, under which names, and that no label grows without end."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from sardonyx.adapters.prometheus.meters import Meters, Reading
from sardonyx.errors import SystemFault, UserError
from sardonyx.web.observing import Observed, figures_application


class _Port:
    kept = 3

    async def install(self, release: str) -> str:
        if release == "refused":
            raise UserError
        if release == "fault":
            raise SystemFault
        return release

    def releases(self, project: str) -> tuple[str, ...]:
        return (project,)


def test_answers_are_counted_by_template_not_by_address() -> None:
    meters = Meters()
    app = FastAPI()

    @app.get("/things/{name}")
    async def thing(name: str) -> PlainTextResponse:
        return PlainTextResponse(name, 404 if name == "none" else 200)

    client = TestClient(Observed(app, meters))
    for name in ("one", "two", "none"):
        client.get(f"/things/{name}")
    client.get("/elsewhere")
    client.request("BREW", "/things/one")
    text = meters.text().decode()
    found = 'sardonyx_requests_total{method="GET",route="/things/{name}",status="200"} 2.0'
    assert found in text
    assert 'route="/things/{name}",status="404"} 1.0' in text
    assert 'route="none",status="404"} 1.0' in text
    assert 'method="other"' in text
    assert "BREW" not in text
    assert "elsewhere" not in text


async def test_a_port_is_counted_and_timed_by_method() -> None:
    meters = Meters()
    port = meters.metered("runtime", _Port())
    assert await port.install("demo") == "demo"
    with pytest.raises(UserError):
        await port.install("refused")
    with pytest.raises(SystemFault):
        await port.install("fault")
    assert port.releases("p") == ("p",)
    assert port.kept == 3
    text = meters.text().decode()
    for result in ("ok", "refused", "fault"):
        found = f'method="install",port="runtime",result="{result}"}} 1.0'
        assert found in text
    assert 'sardonyx_port_call_seconds_count{method="releases",port="runtime"} 1.0' in text


def test_operations_and_readings() -> None:
    meters = Meters()
    meters.operation("install", "done", 3.1)
    length = 4
    meters.source(
        lambda: [
            Reading("queue_length", length),
            Reading("cache_objects", 10, {"kind": "pods"}),
            Reading("cache_objects", 20, {"kind": "secrets"}),
        ]
    )

    def broken() -> list[Reading]:
        raise RuntimeError("down")

    meters.source(broken)
    text = meters.text().decode()
    assert 'sardonyx_operations_total{action="install",result="done"} 1.0' in text
    assert 'sardonyx_operation_seconds_bucket{action="install",le="5.0"} 1.0' in text
    assert "sardonyx_queue_length 4.0" in text
    assert 'sardonyx_cache_objects{kind="secrets"} 20.0' in text
    assert "sardonyx_source_faults 1.0" in text


def test_the_second_port_serves_figures_and_nothing_else() -> None:
    client = TestClient(figures_application(Meters()))
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert client.get("/").status_code == 404
