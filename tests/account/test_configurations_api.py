"""Saved configurations over REST: tags, bodies, files, and what is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from tests.account.test_configuration_files import ONE
from tests.services.world import World, portal, world

AT = "/api/v1/projects/user-ada/configurations"
BODY = {"friendlyName": "night run", "chart": "postgresql", "set": ["auth.database=one"]}


@pytest.fixture
def w() -> World:
    return world()


def caller(w: World, token: str = "ada-token") -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=portal(w)),
        base_url="http://localhost:8000",
        headers={"authorization": f"Bearer {token}", "accept-language": "en"},
    )


@pytest.fixture
async def ada(w: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with caller(w) as made:
        yield made


async def test_save_list_show_rename_move_delete(ada: httpx2.AsyncClient) -> None:
    made = await ada.post(AT, json=BODY)
    assert made.status_code == 201, made.text
    one = made.json()["configuration"]
    assert made.headers["etag"] == f'"{one["etag"]}"'
    assert one["patch"] == [{"path": ["auth", "database"], "value": "one"}]
    assert (
        one["link"]
        == (
            f"/launch/sardonyx/postgresql?name=night%20run&version={one['version']}"
            "&auth.database=%C2%ABone%C2%BB"
        )
        or "auth.database=«one»" in one["link"]
    )
    assert made.json()["commands"]["platform"].startswith("sardonyx configs save --link ")
    other = (await ada.post(AT, json={**BODY, "friendlyName": "b"})).json()["configuration"]
    listed = await ada.get(AT)
    assert [c["friendlyName"] for c in listed.json()["configurations"]] == ["night run", "b"]
    moved = await ada.post(f"{AT}/{other['id']}/move", json={"to": "top"})
    assert [c["friendlyName"] for c in moved.json()["configurations"]] == ["b", "night run"]
    tag = moved.headers["etag"]
    assert (await ada.get(AT, headers={"if-none-match": tag})).status_code == 304
    assert (await ada.get(AT, headers={"if-none-match": listed.headers["etag"]})).status_code == 200
    where = f"{AT}/{one['id']}"
    renamed = await ada.patch(
        where, json={"friendlyName": "day"}, headers={"if-match": made.headers["etag"]}
    )
    assert renamed.json()["friendlyName"] == "day"
    shown = await ada.get(where)
    assert shown.headers["etag"] == renamed.headers["etag"] != made.headers["etag"]
    same = {"if-none-match": shown.headers["etag"]}
    assert (await ada.get(where, headers=same)).status_code == 304
    stale = {"if-match": made.headers["etag"]}
    assert (await ada.delete(where, headers=stale)).status_code == 412
    gone = await ada.delete(where, headers={"if-match": shown.headers["etag"]})
    assert gone.json()["id"] == one["id"]
    assert (await ada.get(where)).status_code == 404


async def test_tags_guard_a_saving_and_the_refusal_shows_both_versions(
    ada: httpx2.AsyncClient,
) -> None:
    first = await ada.post(AT, json=BODY, headers={"if-none-match": "*"})
    tag = first.headers["etag"]
    again = await ada.post(AT, json={**BODY, "set": ["auth.database=two"]})
    assert again.status_code == 201  # nothing asked for: saving again overwrites
    for headers in ({"if-none-match": "*"}, {"if-match": tag}):
        late = await ada.post(AT, json={**BODY, "set": ["auth.database=late"]}, headers=headers)
        assert late.status_code == 412
        document = late.json()
        assert document["code"] == "configuration_changed"
        (difference,) = document["problems"]
        assert difference["pointer"] == "/auth/database"
        assert difference["message"] == "“auth.database”: yours is late, the saved one is two."
    where = f"{AT}/{first.json()['configuration']['id']}"
    put = await ada.put(
        where, json={**BODY, "friendlyName": "new"}, headers={"if-match": again.headers["etag"]}
    )
    assert put.json()["configuration"]["friendlyName"] == "new"
    assert (await ada.put(where, json=BODY, headers={"if-match": tag})).status_code == 412
    for bad in ('"1"', '"a.b"', "nonsense"):
        refused = await ada.put(where, json=BODY, headers={"if-match": bad})
        assert (refused.status_code, refused.json()["code"]) == (422, "configuration_tag")
    assert (await ada.put(where, json=BODY, headers={"if-match": "*"})).status_code == 200


async def test_a_secret_is_left_out_and_named(ada: httpx2.AsyncClient) -> None:
    body = {**BODY, "values": {"auth": {"password": "hunter2", "username": "me"}}}
    made = await ada.post(AT, json=body)
    assert [one["pointer"] for one in made.json()["notices"]] == ["/auth/password"]
    for answer in (made, await ada.get(AT), await ada.get(f"{AT}/export")):
        assert "hunter2" not in answer.text
    # On a command line a secret is refused outright, as at a launch.
    told = await ada.post(AT, json={**BODY, "set": ["auth.password=hunter2"]})
    assert (told.status_code, told.json()["code"]) == (422, "configuration_refused")


async def test_a_launch_is_begun_once(ada: httpx2.AsyncClient, w: World) -> None:
    one = (await ada.post(AT, json=BODY)).json()["configuration"]
    where, key = f"{AT}/{one['id']}/launch", {"idempotency-key": "k"}
    begun = await ada.post(where, headers=key)
    assert begun.status_code == 202
    service = begun.json()["service"]
    assert begun.headers["location"] == f"/api/v1/projects/user-ada/services/{service['name']}"
    assert service["friendlyName"] == "night run"
    assert (await ada.post(where, headers=key)).json()["service"]["name"] == service["name"]
    assert w.runtime.installs == 1


async def test_files_go_out_and_come_in(ada: httpx2.AsyncClient) -> None:
    one = (await ada.post(AT, json=BODY)).json()["configuration"]
    exported = await ada.get(f"{AT}/export")
    assert "configurations-user-ada.json" in exported.headers["content-disposition"]
    values = await ada.get(f"{AT}/{one['id']}/values")
    assert values.headers["content-type"].startswith("application/yaml")
    assert "database: one" in values.text and "password" not in values.text
    await ada.delete(f"{AT}/{one['id']}")
    back = await ada.post(f"{AT}/import", content=exported.content)
    assert [c["friendlyName"] for c in back.json()["configurations"]] == ["night run"]
    asked = {"chart": "postgresql", "friendlyName": "from values"}
    values_back = await ada.post(f"{AT}/import", params=asked, content=values.content)
    assert values_back.json()["configurations"][0]["patch"] == one["patch"]
    clash: dict[str, Any] = {**ONE, "chartName": "nope"}
    told = await ada.post(f"{AT}/import", content=json.dumps([ONE, clash]))
    skipped = [(s["name"], s["reason"]["code"]) for s in told.json()["skipped"]]
    assert sorted(skipped) == [
        ("night run", "chart_not_found"),
        ("night run", "configuration_name_taken"),
    ]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 422, "import_format"),
        (b"", 422, "import_format"),
        (b" " * 10_000_000, 422, "import_too_large"),
    ],
)
async def test_a_bad_file_is_refused(
    ada: httpx2.AsyncClient, content: bytes, status: int, code: str
) -> None:
    refused = await ada.post(f"{AT}/import", content=content)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"chart": "nope"}, 404, "chart_not_found"),
        ({"catalog": "nope"}, 404, "catalog_not_found"),
        ({"version": "9.9.9"}, 404, "chart_version_not_found"),
        ({"friendlyName": "a\nb"}, 422, "friendly_name"),
        ({"friendlyName": "<script>" * 20}, 422, "friendly_name"),
        ({"set": ["auth.database"]}, 422, "configuration_refused"),
        ({"patch": [{"path": ["note"], "value": "x" * 70_000}]}, 422, "configuration_too_large"),
        ({"patch": [{"path": []}]}, 422, "request_invalid"),
        ({"unknown": 1}, 422, "request_invalid"),
    ],
)
async def test_bad_input_is_told(
    ada: httpx2.AsyncClient, change: dict[str, Any], status: int, code: str
) -> None:
    refused = await ada.post(AT, json={**BODY, **change})
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert (await ada.get(AT)).json()["configurations"] == []


async def test_another_persons_project_does_not_exist(ada: httpx2.AsyncClient, w: World) -> None:
    one = (await ada.post(AT, json=BODY)).json()["configuration"]
    async with caller(w, "eve-token") as eve:
        for answer in (
            await eve.get(AT),
            await eve.get(f"{AT}/{one['id']}"),
            await eve.post(AT, json=BODY),
            await eve.delete(f"{AT}/{one['id']}"),
            await eve.post(f"{AT}/{one['id']}/launch"),
            await eve.get(f"{AT}/export"),
            await eve.post(f"{AT}/import", content=b"[]"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "project_not_found")
    async with caller(w, "nobody") as nobody:
        assert (await nobody.get(AT)).status_code == 401


async def test_a_groups_members_see_what_each_other_saved(w: World) -> None:
    at = "/api/v1/projects/soil/configurations"
    async with caller(w) as ada, caller(w, "eve-token") as eve:
        made = (await ada.post(at, json={**BODY, "shared": True})).json()["configuration"]
        seen = (await eve.get(f"{at}/{made['id']}")).json()
        assert (seen["changedBy"], seen["shared"]) == ("ada", True)
        changed = await eve.patch(f"{at}/{made['id']}", json={"friendlyName": "hers"})
        assert changed.json()["changedBy"] == "eve"
