"""A draft over REST: all that the launcher's page knows, and the same checks by every way in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest
from tests.launcher.samples import draft
from tests.services.fakes import PROJECT_PASSWORD
from tests.services.world import World, portal, world

from sardonyx.client.services import launch_body
from sardonyx.launcher.draft import Draft
from sardonyx.launcher.models import PatchEntry
from sardonyx.services.draft_view import DraftView, draft_view
from sardonyx.services.drafts import Seeds
from sardonyx.services.launching import OpenDraft
from sardonyx.services.linking import written_launch
from sardonyx.values import Secret

PROJECT = "/api/v1/projects/user-ada"
DRAFTS = f"{PROJECT}/drafts"


@pytest.fixture
def w() -> World:
    return world()


@pytest.fixture
async def ada(w: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(w, "ada-token") as made:
        yield made


def client(w: World, token: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=portal(w)),
        base_url="http://localhost",
        headers={"authorization": f"Bearer {token}", "accept-language": "en"},
    )


def fields(group: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in group["children"]:
        found |= fields(child) if "children" in child else {child["pointer"]: child}
    return found


async def test_a_draft_tells_form_values_link_and_commands(ada: httpx2.AsyncClient) -> None:
    body = {"chart": "postgresql", "set": ["auth.database=census"], "friendlyName": "Census"}
    answer = await ada.post(DRAFTS, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    draft = answer.json()
    seen = fields(draft["form"])["/auth/database"]
    assert (seen["value"], seen["changed"], seen["origin"]) == ("census", True, "user")
    assert seen["widget"] == "text"
    assert draft["values"]["auth"]["database"] == "census"
    assert draft["patch"] == [{"path": ["auth", "database"], "value": "census"}]
    assert draft["link"].startswith("/launch/sardonyx/postgresql?name=Census&version=")
    assert draft["link"].endswith("auth.database=«census»")
    assert draft["versions"] == [draft["version"]]
    assert (draft["refused"], draft["problems"]) == (False, [])
    assert draft["name"].startswith("postgresql-")
    assert "sardonyx launch postgresql" in draft["commands"]["platform"]


async def test_no_secret_is_in_a_draft(ada: httpx2.AsyncClient) -> None:
    answer = await ada.post(
        DRAFTS, json={"chart": "postgresql", "values": {"auth": {"password": "of-my-own"}}}
    )
    assert "of-my-own" not in answer.text
    assert PROJECT_PASSWORD not in answer.text
    seen = fields(answer.json()["form"])["/auth/password"]
    assert (seen["secret"], seen["isSet"], seen["value"]) == (True, True, None)
    assert answer.json()["values"]["auth"]["password"] == "$AUTH_PASSWORD"
    assert answer.json()["patch"] == []


def open_draft(made: Draft) -> OpenDraft:
    seeds = Seeds("1", Secret("one-time"), datetime.now(UTC))
    return OpenDraft("id", "user-ada", seeds, "en", made)


def view_of(made: Draft) -> DraftView:
    """Return how a draft looks that has no plan."""
    return draft_view(
        open_draft(made),
        versions=(),
        link="",
        preview=None,
        refusal=None,
        language="en",
    )


def test_no_secret_is_in_a_block_of_any_content() -> None:
    made = draft(
        {"env": {"type": "object", "default": {}}, "name": {"type": "string", "default": "x"}},
        patch=(PatchEntry(("env", "DB_PASSWORD"), "of-my-own"), PatchEntry(("env", "TZ"), "UTC")),
    )
    view = view_of(made)
    assert "of-my-own" not in view.model_dump_json()
    shown = fields(view.model_dump(by_alias=True)["form"])
    assert shown["/env"]["value"] == {"DB_PASSWORD": "$ENV_DB_PASSWORD", "TZ": "UTC"}
    assert shown["/name"]["value"] == "x"


def test_what_is_taken_away_is_told_apart_from_a_null() -> None:
    text = {"type": "object", "default": {"a": 1, "b": 2}}
    made = draft({"env": text}, patch=(PatchEntry(("env", "a")), PatchEntry(("env", "b"), None)))
    view = view_of(made).model_dump(by_alias=True)
    assert view["patch"] == [
        {"path": ["env", "b"], "value": None},
        {"path": ["env", "a"]},
    ]


def test_a_link_says_what_only_values_yaml_knows_where_that_is_sent() -> None:
    properties = {"port": {"type": "integer", "default": 80}}
    made = draft(properties, {"log": {"level": "warn"}}, all_defaults=True)
    opened = replace(open_draft(made), all_defaults=True)
    assert "log.level=«warn»" in unquote(
        written_launch(opened, friendly_name=None, shared=None).query
    )


async def test_a_draft_goes_on_with_its_random_items(ada: httpx2.AsyncClient) -> None:
    first = (await ada.post(DRAFTS, json={"chart": "postgresql"})).json()
    again = {"chart": "postgresql", "draft": first["draft"]}
    assert (await ada.post(DRAFTS, json=again)).json()["name"] == first["name"]
    fresh = (await ada.post(DRAFTS, json={"chart": "postgresql"})).json()
    assert fresh["name"] != first["name"]


async def test_a_drafts_link_opens_the_same_draft(ada: httpx2.AsyncClient) -> None:
    body = {"chart": "postgresql", "set": ["auth.database=a\\b «c»&d"], "friendlyName": "Näme"}
    first = (await ada.post(DRAFTS, json=body)).json()
    for link in (
        first["link"],
        f"https://other.example/x{first['link'].replace('/launch/', '/launcher/')}",
    ):
        again = (await ada.post(DRAFTS, json={"link": link})).json()
        assert (again["chart"], again["patch"]) == ("postgresql", first["patch"])
        assert again["link"] == first["link"]
    query = first["link"].partition("?")[2]
    short = (await ada.post(DRAFTS, json={"chart": "postgresql", "link": query})).json()
    assert short["patch"] == first["patch"]


@pytest.mark.parametrize(
    ("asked", "linked", "written"),
    [
        (None, None, None),
        (None, "true", "true"),
        (False, "true", "false"),
        (True, "false", "true"),
        (False, None, "false"),
    ],
)
async def test_what_the_request_says_of_sharing_wins_over_its_link(
    ada: httpx2.AsyncClient, asked: bool | None, linked: str | None, written: str | None
) -> None:
    link = "/launch/sardonyx/postgresql" + (f"?shared={linked}" if linked else "?")
    answer = (await ada.post(DRAFTS, json=launch_body(link=link, shared=asked))).json()
    said = dict(part.split("=", 1) for part in answer["link"].partition("?")[2].split("&"))
    assert said.get("shared") == written
    shared_by_command = "--shared" in answer["commands"]["platform"]
    assert shared_by_command is (written == "true")


async def test_a_service_is_called_like_its_chart_where_nobody_says_otherwise(
    ada: httpx2.AsyncClient,
) -> None:
    body = {"chart": "postgresql", "name": "exact"}
    answer = (await ada.post(f"{PROJECT}/services?dryRun=true", json=body)).json()
    assert (answer["name"], answer["friendlyName"]) == ("exact", "postgresql")


WRONG = "No Good"


@pytest.mark.parametrize(
    "body",
    [
        {"chart": "postgresql", "values": {"auth": {"database": WRONG}}},
        {"chart": "postgresql", "set": [f"auth.database={WRONG}"]},
        {"chart": "postgresql", "patch": [{"path": ["auth", "database"], "value": WRONG}]},
        {"link": "/launch/sardonyx/postgresql?auth.database=«No%20Good»"},
    ],
    ids=["values", "set", "patch", "link"],
)
async def test_the_same_problem_is_told_by_every_way_in(
    ada: httpx2.AsyncClient, body: dict[str, Any]
) -> None:
    draft = (await ada.post(DRAFTS, json=body)).json()
    preview = (await ada.post(f"{PROJECT}/services?dryRun=true", json=body)).json()
    launch = await ada.post(f"{PROJECT}/services", json=body)
    assert launch.status_code == 422
    assert draft["refused"] and preview["refused"]
    assert draft["problems"] == preview["problems"] == launch.json()["problems"]
    (problem,) = draft["problems"]
    assert (problem["pointer"], problem["code"]) == ("/auth/database", "pattern")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"link": "a.b=3"}, "link_without_chart"),
        ({"chart": "postgresql", "link": "/launch/sardonyx/other?a.b=1"}, "link_of_another_chart"),
        ({"chart": "postgresql", "link": "auth.database=3Gi"}, "link_not_understood"),
        ({"chart": "postgresql", "set": ["auth.password=x"]}, "secret_in_open"),
        ({"chart": "postgresql", "set": ["="]}, "set_not_understood"),
    ],
)
async def test_what_cannot_be_read_is_a_problem_and_refuses_a_launch(
    ada: httpx2.AsyncClient, w: World, body: dict[str, Any], code: str
) -> None:
    answer = await ada.post(DRAFTS, json=body)
    codes = [one["code"] for one in answer.json().get("problems", [])]
    assert code in codes or answer.json().get("code") == code, answer.text
    assert (await ada.post(f"{PROJECT}/services", json=body)).status_code == 422
    assert w.runtime.installs == 0


async def test_a_name_that_is_taken_is_a_problem_of_the_draft(ada: httpx2.AsyncClient) -> None:
    body = {"chart": "postgresql", "name": "base-1"}
    assert (await ada.post(f"{PROJECT}/services", json=body)).status_code == 202
    draft = (await ada.post(DRAFTS, json=body)).json()
    assert (draft["problems"][0]["code"], draft["refused"]) == ("service_exists", True)
    assert (draft["name"], draft["commands"]) == (None, None)


async def test_a_version_that_is_gone_gives_the_usual_one_and_a_notice(
    ada: httpx2.AsyncClient,
) -> None:
    draft = (
        await ada.post(DRAFTS, json={"link": "/launch/sardonyx/postgresql?version=9.9.9"})
    ).json()
    assert draft["refused"] is False
    assert [(one["code"], one["level"]) for one in draft["problems"]] == [
        ("version_not_listed", "warning")
    ]


async def test_a_project_of_others_and_an_unknown_chart_are_not_found(w: World) -> None:
    async with client(w, "eve-token") as eve:
        assert (await eve.post(DRAFTS, json={"chart": "postgresql"})).status_code == 404
        own = "/api/v1/projects/user-eve/drafts"
        assert (await eve.post(own, json={"chart": "nothing"})).status_code == 404
        assert (await eve.post(own, json={})).status_code == 422
    async with client(w, "wrong") as nobody:
        assert (await nobody.post(DRAFTS, json={"chart": "postgresql"})).status_code == 401


async def test_the_schema_for_an_editor_has_ones_own_choices_and_no_secret(
    ada: httpx2.AsyncClient,
) -> None:
    body = {"chart": "postgresql", "set": ["auth.database=census"]}
    answer = await ada.post(f"{DRAFTS}/schema", json=body)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found = answer.json()
    assert found["$schema"].endswith("draft-07/schema#")
    auth = found["properties"]["auth"]["properties"]
    assert auth["username"]["default"] == "user-ada"
    assert "default" not in auth["password"] and PROJECT_PASSWORD not in answer.text
    assert "x-onyxia" not in answer.text
    other = await ada.post("/api/v1/projects/user-eve/drafts/schema", json=body)
    assert other.status_code == 404
