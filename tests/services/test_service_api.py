"""REST of services: addresses, headers, problem documents, streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from tests.services.world import World, portal, world

from sardonyx.services.models import Loss, State

SERVICES = "/api/v1/projects/user-ada/services"
FIELDS = {
    "name",
    "friendlyName",
    "chart",
    "version",
    "project",
    "owner",
    "shared",
    "state",
    "urls",
    "address",
    "startedAt",
    "findings",
}


@asynccontextmanager
async def caller(
    w: World, token: str = "ada-token", language: str = "en"
) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=portal(w)),
        base_url="http://localhost",
        headers={"authorization": f"Bearer {token}", "accept-language": language},
    ) as client:
        yield client


async def launched(client: httpx2.AsyncClient, **body: object) -> str:
    answer = await client.post(SERVICES, json={"chart": "postgresql", **body})
    assert answer.status_code == 202, answer.text
    name: str = answer.json()["name"]
    return name


async def test_launching_answers_202_with_the_place_and_the_whole_service() -> None:
    async with caller(world("4711")) as client:
        answer = await client.post(SERVICES, json={"chart": "postgresql", "friendlyName": "DB"})
        assert answer.status_code == 202
        assert answer.headers["location"] == f"{SERVICES}/postgresql-4711"
        document = answer.json()
        assert document.keys() >= FIELDS | {"timeline", "commands"}
        assert document["friendlyName"] == "DB"
        shown = await client.get(answer.headers["location"])
        assert shown.json().keys() == document.keys()
        (listed,) = (await client.get(SERVICES)).json()["services"]
        assert listed.keys() >= FIELDS


async def test_the_same_idempotency_key_launches_once() -> None:
    w = world()
    async with caller(w) as client:
        for _ in range(2):
            answer = await client.post(
                SERVICES, json={"chart": "postgresql"}, headers={"idempotency-key": "k1"}
            )
            assert answer.status_code == 202
        assert w.runtime.installs == 1
        other = await client.post(
            SERVICES,
            json={"chart": "postgresql", "friendlyName": "B"},
            headers={"idempotency-key": "k1"},
        )
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_a_dry_run_changes_nothing_and_shows_no_secret() -> None:
    w = world()
    async with caller(w) as client:
        answer = await client.post(
            f"{SERVICES}?dryRun=true",
            json={"chart": "postgresql", "values": {"auth": {"password": "hunter2"}}},
        )
        assert answer.status_code == 200
        document = answer.json()
        assert not document["refused"]
        assert document["values"]["auth"]["password"] == "$AUTH_PASSWORD"
        assert "hunter2" not in answer.text
        assert w.runtime.installs == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": {"auth": {"database": "No Good"}}},
        {"set": ["auth.database=No Good"]},
        {"patch": [{"path": ["auth", "database"], "value": "No Good"}]},
    ],
)
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_wrong_values_are_a_problem_document(wrong: dict[str, object], language: str) -> None:
    async with caller(world(), language=language) as client:
        answer = await client.post(SERVICES, json={"chart": "postgresql", **wrong})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["code"] == "launch_refused"
    assert [problem["pointer"] for problem in document["problems"]] == ["/auth/database"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"chart": "nope"}, 404, "chart_not_found"),
        ({"chart": "postgresql", "version": "9.9.9"}, 404, "chart_version_not_found"),
        ({"chart": "postgresql", "catalog": "nope"}, 404, "catalog_not_found"),
        ({"chart": "postgresql", "name": "No"}, 422, "service_name"),
        ({"chart": "postgresql", "unknown": 1}, 422, "request_invalid"),
        ({}, 422, "request_invalid"),
    ],
)
async def test_refusals_have_their_code(body: dict[str, object], status: int, code: str) -> None:
    async with caller(world()) as client:
        answer = await client.post(SERVICES, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_name_taken_is_409_and_names_the_field() -> None:
    async with caller(world()) as client:
        await launched(client, name="census")
        answer = await client.post(SERVICES, json={"chart": "postgresql", "name": "census"})
    assert (answer.status_code, answer.json()["field"]) == (409, "name")


async def test_nobody_and_strangers_are_refused() -> None:
    w = world()
    async with caller(w) as client:
        name = await launched(client)
    async with caller(w, token="") as client:
        assert (await client.get(SERVICES)).status_code == 401
    async with caller(w, token="eve-token") as client:
        for path in ("", f"/{name}", f"/{name}/logs", f"/{name}/events", f"/{name}/credential"):
            assert (await client.get(SERVICES + path)).status_code == 404
        assert (await client.delete(f"{SERVICES}/{name}")).status_code == 404
    assert name in w.runtime.seen


async def test_actions_and_losses() -> None:
    w = world()
    w.runtime.losses_of = [Loss("file", "a.ipynb", 3)]
    async with caller(w) as client:
        name = await launched(client)
        for verb, state in (("pause", "paused"), ("resume", "starting"), ("restart", "starting")):
            answer = await client.post(f"{SERVICES}/{name}/{verb}")
            assert (answer.status_code, answer.json()["state"]) == (202, state)
        losses = (await client.get(f"{SERVICES}/{name}/losses")).json()["losses"]
        assert losses == [{"kind": "file", "path": "a.ipynb", "size": 3, "count": 1}]
        assert (await client.delete(f"{SERVICES}/{name}")).status_code == 202
        assert (await client.get(f"{SERVICES}/{name}")).status_code == 404


async def test_renaming_with_an_old_etag_is_412() -> None:
    async with caller(world()) as client:
        name = await launched(client)
        tag = (await client.get(f"{SERVICES}/{name}")).headers["etag"]
        words = {"friendlyName": "Census"}
        good = await client.patch(f"{SERVICES}/{name}", json=words, headers={"if-match": tag})
        assert (good.status_code, good.json()["friendlyName"]) == (200, "Census")
        assert good.headers["etag"] != tag
        late = await client.patch(f"{SERVICES}/{name}", json=words, headers={"if-match": tag})
        assert (late.status_code, late.json()["code"]) == (412, "service_changed")


async def test_credentials_and_one_time_addresses_are_never_kept() -> None:
    async with caller(world("1")) as client:
        name = await launched(client)
        credential = await client.get(f"{SERVICES}/{name}/credential")
        assert credential.json()["value"] == f"Bearer for-{name}"
        assert credential.headers["cache-control"] == "no-store"
        opened = await client.post(f"{SERVICES}/{name}/open", params={"next": "/lab"})
        assert opened.json()["url"].startswith(f"http://{name}.localhost:8000/")
        assert opened.headers["cache-control"] == "no-store"


async def test_notes_and_findings_are_in_the_callers_language() -> None:
    w = world()
    async with caller(w, language="fr") as client:
        name = await launched(client)
        assert (await client.get(f"{SERVICES}/{name}")).json()["notes"] == "Utilisez-le."


async def test_logs_are_text() -> None:
    async with caller(world()) as client:
        name = await launched(client)
        answer = await client.get(f"{SERVICES}/{name}/logs", params={"lines": 1})
        assert answer.text == "two\n"
        assert answer.headers["content-type"].startswith("text/plain")
        followed = await client.get(f"{SERVICES}/{name}/logs", params={"follow": "true"})
        texts = [json.loads(line[6:])["text"] for line in data_lines(followed.text)]
        assert texts == ["one\ntwo\n", "three\n"]


async def test_what_is_written_as_a_log_begins_to_be_followed_is_told() -> None:
    w = world()

    async def follow(project: str, release: str, *, lines: int = 0) -> AsyncGenerator[str, None]:
        w.runtime.log += "meanwhile\n"
        if lines:
            yield w.runtime.log

    w.runtime.follow_logs = follow  # type: ignore[method-assign]
    async with caller(w) as client:
        name = await launched(client)
        where = f"{SERVICES}/{name}/logs"
        followed = await client.get(where, params={"follow": "true"})
        texts = [json.loads(line[6:])["text"] for line in data_lines(followed.text)]
        assert texts == ["one\ntwo\nmeanwhile\n"]
        unknown = await client.get(f"{SERVICES}/nobody/logs", params={"follow": "true"})
        assert unknown.status_code == 404


async def test_a_followed_log_of_a_deleted_service_is_what_was_kept() -> None:
    w = world()
    async with caller(w) as client:
        name = await launched(client)
        assert (await client.delete(f"{SERVICES}/{name}")).is_success
        w.runtime.archived.add(name)
        followed = await client.get(f"{SERVICES}/{name}/logs", params={"follow": "true"})
        texts = [json.loads(line[6:])["text"] for line in data_lines(followed.text)]
        assert texts == ["one\ntwo\n"]


def data_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("data: ")]


async def test_events_tell_the_timeline_once_and_end_with_the_service() -> None:
    w = world()
    async with caller(w) as client:
        name = await launched(client)
        w.runtime.watched.clear()
        reading = asyncio.create_task(client.get(f"{SERVICES}/{name}/events"))
        async with asyncio.timeout(10):
            await w.runtime.watched.wait()
            w.runtime.change(name, State.RUNNING, "answering")
            await client.delete(f"{SERVICES}/{name}")
            answer = await reading
    documents = [json.loads(line[6:]) for line in data_lines(answer.text)]
    steps = [document["step"] for document in documents if "step" in document]
    assert steps == ["asked", "checked", "values", "answering"]
    assert documents[-1]["state"] in ("running", "stopped")


async def test_me_and_projects() -> None:
    async with caller(world()) as client:
        me = (await client.get("/api/v1/me")).json()
        assert (me["username"], me["personalProject"]) == ("ada", "user-ada")
        projects = (await client.get("/api/v1/projects")).json()["projects"]
        assert [project["id"] for project in projects] == ["user-ada", "soil"]
