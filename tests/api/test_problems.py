"""Every error has one shape, says what to do, and never shows our inside."""

from __future__ import annotations

import pytest
import structlog
from fastapi import FastAPI
from pydantic import BaseModel
from tests.api.world import caller

from sardonyx.api import problems
from sardonyx.errors import HTTP_STATUS, Kind, PlatformError, Problem, SystemFault, UserError
from sardonyx.files.errors import ObjectNotFoundError
from sardonyx.text import Text


class Body(BaseModel):
    count: int


class BrokenPartError(SystemFault):
    code = "broken_part"
    title = "A part is broken"


def app_that_fails() -> FastAPI:
    app = FastAPI()
    problems.install(app)
    path = "/api/v1/projects/user-ada"

    @app.get(path + "/known")
    async def known() -> None:
        problem = Problem("/a/b", "minimum", "error", Text("at least {least}", {"least": 2}))
        raise ObjectNotFoundError(key="a {b} %s", field="key", problems=(problem,))

    @app.get(path + "/unknown")
    async def unknown() -> None:
        raise RuntimeError("password=hunter2")

    @app.get(path + "/fault")
    async def fault() -> None:
        raise BrokenPartError

    @app.post(path + "/body")
    async def body(body: Body) -> None: ...

    return app


async def test_a_known_error_tells_where_and_what_next() -> None:
    async with caller(app_that_fails()) as client:
        answer = await client.get("/known")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"].endswith(":object_not_found")
    assert document["status"] == 404
    assert document["code"] == "object_not_found"
    assert document["title"] == "No such file"
    assert document["detail"] == "There is no file “a {b} %s”."
    assert document["field"] == "key"
    assert document["next"]
    assert document["problems"] == [
        {"pointer": "/a/b", "code": "minimum", "level": "error", "message": "at least 2"}
    ]


async def test_an_unforeseen_error_becomes_a_number_and_shows_nothing() -> None:
    with structlog.testing.capture_logs() as logged:
        async with caller(app_that_fails()) as client:
            answer = await client.get("/unknown")
    assert answer.status_code == 500
    assert answer.json()["code"] == "incident"
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    number = answer.json()["detail"].rstrip(".").rpartition(" ")[2]
    assert [entry["incident"] for entry in logged] == [number]
    assert "test_problems.py" in logged[0]["stack"]


async def test_a_fault_of_a_part_is_told_apart_from_wrong_input() -> None:
    with structlog.testing.capture_logs() as logged:
        async with caller(app_that_fails()) as client:
            answer = await client.get("/fault")
    assert [entry["code"] for entry in logged] == ["broken_part"]
    assert answer.status_code == 502
    assert answer.json()["code"] == "broken_part"


async def test_wrong_input_has_the_same_shape_with_pointers() -> None:
    async with caller(app_that_fails()) as client:
        wrong = await client.post("/body", json={"count": "many"})
        absent = await client.post("/body", content=b"{")
    assert wrong.status_code == absent.status_code == 422
    assert wrong.json()["code"] == "request_invalid"
    assert wrong.json()["field"] == "count"
    assert wrong.json()["problems"][0]["pointer"] == "/count"
    assert "many" not in wrong.text


async def test_an_unknown_address_and_method_have_the_same_shape() -> None:
    async with caller(app_that_fails()) as client:
        unknown = await client.get("/nowhere")
        method = await client.delete("/known")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no_such_address")
    assert (method.status_code, method.json()["code"]) == (405, "request_refused")


async def test_the_language_is_the_caller_s() -> None:
    async with caller(app_that_fails(), language="fr-FR,fr;q=0.9") as client:
        answer = await client.get("/known")
    assert answer.headers["content-language"] == "fr"


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_error_has_a_status(kind: Kind) -> None:
    assert 400 <= HTTP_STATUS[kind] < 600


def test_an_error_without_values_leaves_out_what_it_does_not_know() -> None:
    class PlainError(UserError):
        code = "plain"
        title = "Plain"

    error: PlatformError = PlainError()
    document = problems.problem_document(error, status=422, language="en")
    assert set(document) == {"type", "title", "status", "code", "detail"}
