"""Signing in by a real identity provider, and what each person then may and may not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.servers.provider import CLIENT, RunningProvider, running_provider
from tests.web.signed_in import PEOPLE, URL, World, signed_in_world
from tests.web.stub_platform import JUPYTER, seen

from sardonyx.account.models import AuditFilter
from sardonyx.projects.sign_in import Grant, service_audience
from sardonyx.services.models import State

SECURE = "https://datalab.example"


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    uris = (f"{URL}/sign-in/callback", f"{SECURE}/sign-in/callback")
    with running_provider(PEOPLE, redirect_uris=uris) as made:
        yield made


@pytest.fixture
async def world(tmp_path: Path, provider: RunningProvider) -> AsyncIterator[World]:
    lab = seen("lab-1", "Prices", JUPYTER, State.RUNNING, timedelta(minutes=1))
    group = replace(lab, release="lab-2", project="projet-prices", owner="carol")
    shared = replace(group, release="lab-3", shared=True)
    async with signed_in_world(tmp_path, provider, [lab, group, shared]) as made:
        yield made


async def test_signing_in_leads_to_the_page_that_was_asked_for(world: World) -> None:
    async with world.browser() as browser:
        refused = await browser.get("/catalog?search=jupyter")
        assert refused.status_code == 401
        assert 'href="/sign-in/start"' in refused.text
        assert "sardonyx open" not in refused.text
        done = await world.sign_in(browser, "ada")
        assert done.status_code == 303
        assert done.headers["location"] == "/catalog?search=jupyter"
        cookie = next(c for c in done.headers.get_list("set-cookie") if c.startswith("sardonyx="))
        assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower()
        page = await browser.get(done.headers["location"], follow_redirects=True)
        assert page.status_code == 200
        assert "Ada Lovelace" in page.text


async def test_by_https_every_cookie_stays_on_https(
    tmp_path: Path, provider: RunningProvider
) -> None:
    async with (
        signed_in_world(tmp_path, provider, url=SECURE) as world,
        world.browser() as browser,
    ):
        refused = await browser.get("/files/")
        begun = await browser.get("/sign-in/start")
        back = await world.at_provider(begun.headers["location"], "ada")
        done = await browser.get(back)
        answers = (refused, begun, done)
        given = [one for answer in answers for one in answer.headers.get_list("set-cookie")]
        kept = [one for one in given if "Max-Age=0" not in one]
        assert len(kept) == 3
        assert all("Secure" in one for one in kept)


async def test_a_planted_session_is_worth_nothing_after_the_sign_in(world: World) -> None:
    """Session fixation: a thief gives the victim's browser a session the thief knows."""
    async with world.browser() as thief, world.browser() as victim:
        await world.sign_in(thief, "bob")
        planted = thief.cookies["sardonyx"]
        victim.cookies.set("sardonyx", planted, domain="localhost.local")
        done = await world.sign_in(victim, "ada")
        fresh = re.search(r"sardonyx=([^;]+)", done.headers["set-cookie"])
        assert fresh is not None and fresh[1] != planted
        assert (await thief.get("/account")).status_code == 401


async def test_a_sign_in_is_finished_only_in_the_browser_that_began_it(world: World) -> None:
    """Login CSRF: a thief lets the victim finish the thief's own sign-in."""
    async with world.browser() as thief, world.browser() as victim:
        begun = await thief.get("/sign-in/start")
        back = await world.at_provider(begun.headers["location"], "bob")
        answer = await victim.get(back)
        assert answer.status_code == 403
        assert "not begun here" in answer.text or "another browser" in answer.text
        assert "sardonyx=" not in str(answer.headers.get_list("set-cookie"))
        own = await victim.get("/sign-in/start")  # with a flow of its own it is no better
        state = parse_qs(urlsplit(own.headers["location"]).query)["state"][0]
        mixed = re.sub(r"state=[^&]+", f"state={state}", back)
        assert (await victim.get(mixed)).status_code == 403
        assert (await victim.get("/account")).status_code == 401


async def test_an_answer_works_once(world: World) -> None:
    async with world.browser() as browser:
        begun = await browser.get("/sign-in/start")
        flows = dict(browser.cookies)
        back = await world.at_provider(begun.headers["location"], "ada")
        assert (await browser.get(back)).status_code == 303
        for name, value in flows.items():  # as if the browser had kept its flow
            browser.cookies.set(name, value, domain="localhost.local", path="/sign-in")
        assert (await browser.get(back)).status_code == 403


async def test_the_provider_asks_for_the_verifier(world: World) -> None:
    """The provider of these tests enforces PKCE: a stolen code alone is worth nothing."""
    async with world.browser() as browser:
        begun = await browser.get("/sign-in/start")
        back = await world.at_provider(begun.headers["location"], "ada")
        code = parse_qs(urlsplit(back).query)["code"][0]
    asked = {"grant_type": "authorization_code", "code": code, "client_id": CLIENT}
    asked["redirect_uri"] = f"{URL}/sign-in/callback"
    async with httpx2.AsyncClient(trust_env=False) as thief:
        for verifier in ({}, {"code_verifier": "x" * 43}):
            answer = await thief.post(f"{world.provider.issuer}/token", data={**asked, **verifier})
            assert answer.status_code == 400
            assert answer.json()["error"] == "invalid_grant"


async def test_a_redirect_never_leaves_the_platform(world: World) -> None:
    async with world.browser() as browser:
        for wanted in ("//evil.test/x", "https://evil.test", "/\\evil.test"):
            browser.cookies.set("wanted", wanted, domain="localhost.local", path="/sign-in")
            done = await world.sign_in(browser, "ada")
            assert done.headers["location"] == "/"


async def test_a_provider_that_is_away_is_told_and_the_signed_in_go_on(
    tmp_path: Path, provider: RunningProvider
) -> None:
    with running_provider(PEOPLE, redirect_uris=(f"{URL}/sign-in/callback",)) as away:
        away.stop()
        async with signed_in_world(tmp_path, away) as world, world.browser() as browser:
            told = await browser.get("/sign-in/start")
            assert told.status_code == 502
            assert "does not answer" in told.text and "Try again in a moment" in told.text
            assert (await browser.get("/sign-in")).status_code == 200
            away.start()
            assert (await world.sign_in(browser, "ada")).status_code == 303
            away.stop()
            assert (await browser.get("/account", follow_redirects=True)).status_code == 200
            async with world.browser() as other:
                # What is known of the provider stays: only its own page can tell that it is away.
                assert (await other.get("/sign-in/start")).status_code == 303


async def test_signing_out_ends_the_browsers_sessions_and_its_services(world: World) -> None:
    async with world.browser() as browser, world.browser() as elsewhere:
        await world.sign_in(browser, "ada")
        await world.sign_in(elsewhere, "ada")
        kept = browser.cookies["sardonyx"]
        service = await world.platform.sign_in.one_time_token(
            "ada", audience=service_audience("lab-1"), within=kept
        )
        opened = await world.platform.sign_in.enter(
            service.reveal(), audience=service_audience("lab-1")
        )
        out = await browser.post("/sign-out")
        assert out.headers["location"] == "/sign-in?out=1"
        assert "signed out" in (await browser.get("/sign-in?out=1")).text
        browser.cookies.set("sardonyx", kept, domain="localhost.local")
        assert (await browser.get("/account")).status_code == 401
        audience = service_audience("lab-1")
        assert await world.platform.sign_in.actor(opened.reveal(), audience=audience) is None
        assert (await elsewhere.get("/account", follow_redirects=True)).status_code == 200
        end = await browser.get("/sign-in/end")
        assert end.headers["location"].startswith(f"{world.provider.issuer}/session/end?")
    told = [one.action for one in await world.records.entries(AuditFilter(username="ada"))]
    assert "sign_in" in told and "sign_out" in told


async def test_projects_are_opened_at_sign_in_and_a_failure_is_shown_not_fatal(
    world: World,
) -> None:
    world.places.refused = {"projet-prices"}
    async with world.browser() as browser:
        assert (await world.sign_in(browser, "ada")).status_code == 303
        assert "user-ada" in world.places.opened
        page = (await browser.get("/", follow_redirects=True)).text
        assert "Some of your projects are not ready" in page
        assert "none may be made" in page
        world.places.refused = set()
        await browser.post("/projects/open")
        page = (await browser.get("/", follow_redirects=True)).text
        assert "Some of your projects are not ready" not in page
    told = await world.records.entries(AuditFilter(action="project.open", failed=True))
    assert [one.target for one in told] == ["projet-prices"]


async def test_pages_say_which_project_they_are_about_and_stay_in_it(world: World) -> None:
    async with world.browser() as browser:
        await world.sign_in(browser, "ada")
        home = await browser.get("/services")
        assert home.headers["location"] == "/services?project=user-ada"
        mine = (await browser.get("/services?project=user-ada")).text
        assert "lab-1" in mine and "lab-3" not in mine
        ours = (await browser.get("/services?project=projet-prices")).text
        assert "lab-3" in ours
        assert "lab-2" not in ours, "another's service that is not shared"
        # A form of that page acts in the page's project, whatever another tab chose.
        chosen = await browser.post(
            "/projects/choose", data={"project": "projet-prices", "next": "/services"}
        )
        assert chosen.headers["location"] == "/services?project=projet-prices"
        paused = await browser.post(
            "/services/lab-1/pause", headers={"referer": f"{URL}/services/lab-1?project=user-ada"}
        )
        assert paused.status_code == 303
        assert "project=user-ada" in paused.headers["location"]
        fresh = await browser.get("/services")
        assert fresh.headers["location"] == "/services?project=projet-prices"


@pytest.mark.parametrize("project", ["user-bob", "projet-secret", "", "user-ada/..", "system"])
async def test_a_project_of_others_does_not_exist(world: World, project: str) -> None:
    async with world.browser() as browser:
        await world.sign_in(browser, "ada")
        assert (await browser.get("/services", params={"project": project})).status_code == 404
        chosen = await browser.post("/projects/choose", data={"project": project, "next": "/"})
        assert chosen.status_code in (404, 422)
        browser.cookies.set("project", project, domain="localhost.local")
        shown = await browser.get("/services")
        assert shown.headers["location"] == "/services?project=user-ada"
        token = await world.platform.tokens.make("ada", "t")
        async with world.program(token[1].reveal()) as program:
            answer = await program.get(f"/api/v1/projects/{project}/services")
            assert answer.status_code == 404


async def test_groups_without_a_project_are_named_with_the_reason(world: World) -> None:
    async with world.browser() as browser:
        await world.sign_in(browser, "ada")
        page = (await browser.get("/projects?project=user-ada")).text
        assert "system:masters" in page and "no project can have its name" in page
        assert "projet-team-a-wages--" in page


async def test_a_token_acts_as_its_person_until_it_is_revoked(world: World) -> None:
    async with world.browser() as browser:
        await world.sign_in(browser, "bob")
        page = await browser.post("/account/tokens", data={"name": "laptop", "days": "30"})
        assert page.status_code == 200 and page.headers["cache-control"] == "no-store"
        found = re.search(r">(sxp_[\w-]{43})<", page.text)
        assert found is not None
        assert found[1] not in (await browser.get("/account/tokens")).text
        async with world.program(found[1]) as program:
            assert (await program.get("/api/v1/me")).json()["username"] == "bob"
            more = await program.post("/api/v1/account/tokens", json={"name": "more"})
            assert (more.status_code, more.json()["code"]) == (403, "browser_only")
            listed = (await program.get("/api/v1/account/tokens")).json()["tokens"]
            assert [(one["name"], "token" in one) for one in listed] == [("laptop", False)]
            await browser.post(f"/account/tokens/{listed[0]['number']}/revoke")
            assert (await program.get("/api/v1/me")).status_code == 401


async def test_logout_revokes_the_token_that_asks(world: World) -> None:
    async with world.browser() as browser:
        await world.sign_in(browser, "bob")
    _, text = await world.platform.tokens.make("bob", "laptop")
    async with world.program(text.reveal()) as program:
        assert (await program.delete("/api/v1/account/tokens/current")).status_code == 204
        assert (await program.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize(
    "token", ["", "x", "sxp_" + "a" * 43, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ."]
)
async def test_a_token_of_nobody_is_refused(world: World, token: str) -> None:
    async with world.program(token) as program:
        assert (await program.get("/api/v1/me")).status_code == 401


async def test_everybody_sees_their_own_changes_and_administrators_all(world: World) -> None:
    async with world.browser() as ada, world.browser() as root:
        await world.sign_in(ada, "ada")
        await world.sign_in(root, "Root.Admin")
        await ada.post(
            "/services/lab-1/pause", headers={"referer": f"{URL}/services?project=user-ada"}
        )
        own = (await ada.get("/account/audit?project=user-ada&by=Root.Admin")).text
        assert "Root.Admin" not in own and "sign_in" in own
        everything = (await root.get("/account/audit")).text
        assert "Root.Admin" in everything and ">ada<" in everything
        filtered = (await root.get("/account/audit?by=ADA&action=sign_")).text
        assert ">ada<" in filtered and "project.open" not in filtered
        today = datetime.now(UTC).date()
        later = (await root.get(f"/account/audit?since={today + timedelta(days=2)}")).text
        assert "No change passes this filter" in later


async def test_an_address_of_a_service_opens_only_while_one_may_see_it(world: World) -> None:
    ask = "/_sardonyx/auth?name={}&via=address"

    async def opens(name: str, person: str) -> int:
        token = await world.platform.sign_in.session_token(
            person, audience=service_audience(name), life=timedelta(days=1)
        )
        async with world.program(token.reveal()) as program:
            return (await program.get(ask.format(name))).status_code

    async with world.browser() as browser:
        await world.sign_in(browser, "ada")
        await world.sign_in(browser, "bob")
    assert await opens("lab-1", "ada") == 204
    assert await opens("lab-3", "ada") == 204
    assert await opens("lab-2", "ada") == 401
    assert await opens("lab-1", "bob") == 401
    kept = world.platform.runtime.kept
    kept["lab-3"] = replace(kept["lab-3"], shared=False)
    assert await opens("lab-3", "ada") == 401


async def test_a_session_of_somebody_the_provider_no_longer_knows_opens_nothing(
    world: World,
) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    import hashlib

    digest = hashlib.sha256(b"a-session").hexdigest()
    await world.records.add_session(digest, Grant("nobody", "portal", until))
    async with world.browser() as browser:
        browser.cookies.set("sardonyx", "a-session", domain="localhost.local")
        assert (await browser.get("/")).status_code == 401
