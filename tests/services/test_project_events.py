"""Who sees which events, what counts as read, and how both are asked over REST."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.services.fakes import ADA, EVE, GROUP, HERS, MINE, NOW
from tests.services.test_listing import release
from tests.services.test_service_api import caller
from tests.services.world import World, world

from sardonyx.projects.errors import ProjectNotFoundError
from sardonyx.projects.models import Actor, Project
from sardonyx.services.evidence import EventEvidence
from sardonyx.services.project_events import SHOWN, ProjectEvents

EVENTS = f"/api/v1/projects/{MINE.id}/cluster-events"
ROOT = replace(EVE, username="root", is_admin=True)


def of(w: World) -> ProjectEvents:
    assert w.events is not None
    return w.events


def event(
    uid: str, seconds: float = 0, *, kind: str = "Warning", message: str = ""
) -> EventEvidence:
    at = NOW + timedelta(seconds=seconds)
    return EventEvidence(
        kind="Pod",
        name=f"pod-{uid}",
        is_warning=kind == "Warning",
        reason="BackOff",
        message=message or f"message {uid}",
        count=1,
        last=at,
        uid=uid,
        created=at,
    )


def group_world() -> World:
    """Ada's and Eve's services in their group: one of each is shared; one is nobody's."""
    w = world()
    for name, owner, shared in (
        ("ada-own", "ada", False),
        ("ada-shared", "Ada", True),
        ("eve-own", "eve", False),
        ("eve-shared", "eve", True),
        ("nobody-s", "", False),
    ):
        w.runtime.put(replace(release(name), project=GROUP.id, owner=owner, shared=shared))
        w.told.tell(GROUP.id, event(f"of-{name}", 1), name)
    w.told.tell(GROUP.id, event("of-no-service", 1))
    w.told.tell(GROUP.id, event("of-deleted", 1), "deleted")
    w.told.tell(GROUP.id, event("of-an-earlier-ada-own", -60), "ada-own")
    return w


async def uids(w: World, actor: Actor, project: Project) -> set[str]:
    done = await of(w).list(actor, project.id)
    return {one.uid for one in done.result.events}


@pytest.mark.parametrize(
    ("actor", "seen"),
    [
        (ADA, {"of-ada-own", "of-ada-shared", "of-eve-shared"}),
        (EVE, {"of-eve-own", "of-ada-shared", "of-eve-shared"}),
        (ROOT, {"of-ada-shared", "of-eve-shared", "of-nobody-s"}),
    ],
    ids=["ada", "eve", "administrator"],
)
async def test_in_a_group_one_sees_the_events_of_the_services_one_sees(
    actor: Actor, seen: set[str]
) -> None:
    w = group_world()
    assert await uids(w, actor, GROUP) == seen
    w.now[0] = NOW + timedelta(seconds=2)
    assert {one.uid for one in of(w).fresh(actor, GROUP.id)} == seen
    assert await of(w).unread(actor, GROUP.id) == len(seen)


async def test_what_is_no_longer_shared_is_no_longer_told() -> None:
    w = group_world()
    await w.services.share(EVE, GROUP.id, "eve-shared", shared=False)
    assert await uids(w, ADA, GROUP) == {"of-ada-own", "of-ada-shared"}


async def test_in_a_personal_project_all_is_one_s_own() -> None:
    w = world()
    w.runtime.put(release("one"))
    w.told.tell(MINE.id, event("of-one", 2), "one")
    w.told.tell(MINE.id, event("of-an-earlier-one", -60), "one")
    w.told.tell(MINE.id, event("of-deleted", 1), "deleted")
    w.told.tell(MINE.id, event("of-no-service"))
    done = await of(w).list(ADA, MINE.id)
    assert [(one.uid, one.service) for one in done.result.events] == [
        ("of-one", "one"),
        ("of-deleted", ""),
        ("of-no-service", ""),
        ("of-an-earlier-one", ""),
    ]
    assert done.commands.platform == "sardonyx projects events\n"
    assert done.commands.underneath == f"kubectl get events --namespace {MINE.id}\n"


async def test_a_namespace_that_all_share_is_nobody_s_own() -> None:
    shared = Project("all", "All", "all", "all", own_namespace="platform")
    person = replace(ADA, projects=(shared,))
    w = world()
    w.told.tell("all", event("of-the-platform"), "sardonyx")
    w.told.tell("all", event("of-no-service"))
    assert await uids(w, person, shared) == set()


async def test_another_s_project_is_not_found() -> None:
    w = group_world()
    events = of(w)
    for refused in (
        events.list(ADA, HERS.id),
        events.unread(ADA, HERS.id),
        events.look(ADA, HERS.id),
        events.looked(ADA, HERS.id),
        anext(events.observe(ADA, HERS.id)),
    ):
        with pytest.raises(ProjectNotFoundError):
            await refused
    with pytest.raises(ProjectNotFoundError):
        events.fresh(ADA, HERS.id)


async def test_a_look_reads_what_was_shown_and_no_more() -> None:
    w = world()
    w.told.tell(MINE.id, event("a", 1))
    seen = (await of(w).list(ADA, MINE.id)).result
    w.told.tell(MINE.id, event("b", 2))
    w.now[0] = NOW + timedelta(seconds=3)
    done = await of(w).look(ADA, MINE.id, seen.until)
    assert done.result == 1
    assert done.commands.platform == "sardonyx projects events --mark-read\n"
    now = (await of(w).list(ADA, MINE.id)).result
    assert [(one.uid, one.unread) for one in now.events] == [("b", True), ("a", False)]
    assert (await of(w).look(ADA, MINE.id)).result == 0


async def test_no_look_reads_what_is_yet_to_come() -> None:
    w = world()
    await of(w).look(ADA, MINE.id, NOW + timedelta(days=3_650))
    w.told.tell(MINE.id, event("a", 1))
    assert await of(w).unread(ADA, MINE.id) == 1


async def test_members_share_what_is_read_but_of_what_its_owner_alone_sees() -> None:
    w = group_world()
    w.now[0] = NOW + timedelta(seconds=5)
    assert (await of(w).look(ADA, GROUP.id)).result == 0
    seen = (await of(w).list(EVE, GROUP.id)).result
    assert {one.uid for one in seen.events if one.unread} == {"of-eve-own"}
    assert (await of(w).look(EVE, GROUP.id)).result == 0


async def test_another_replica_s_look_counts_within_seconds() -> None:
    w, time = world(), [0.0]
    first, second = (
        ProjectEvents(
            source=w.told,
            releases=w.runtime,
            marks=of(w)._marks,
            clock=lambda: NOW + timedelta(seconds=5),
            monotonic=lambda: time[0],
        )
        for _ in range(2)
    )
    w.told.tell(MINE.id, event("a", 1))
    assert await second.unread(ADA, MINE.id) == 1
    await first.look(ADA, MINE.id)
    assert await second.unread(ADA, MINE.id) == 1
    time[0] = 15.0
    assert await second.unread(ADA, MINE.id) == 0


async def test_an_open_page_learns_of_events_and_of_looks() -> None:
    w = world()
    async with aclosing(of(w).observe(ADA, MINE.id)) as changes, asyncio.timeout(20):
        await anext(changes)
        following = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        assert not following.done()
        w.told.tell(MINE.id, event("a"))
        await following
        following = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        assert not following.done()
        await of(w).look(ADA, MINE.id)
        await following


async def test_who_waits_for_events_is_told_that_they_are_watched_no_more() -> None:
    w = world()
    async with aclosing(of(w).observe(ADA, MINE.id)) as changes, asyncio.timeout(20):
        await anext(changes)
        following = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        w.told.fail(RuntimeError("the watch broke"))
        with pytest.raises(RuntimeError, match="the watch broke"):
            await following


async def test_five_thousand_events_are_a_list_of_the_newest() -> None:
    w = world()
    for number in range(5_000):
        w.told.tell(MINE.id, event(str(number), number))
    done = await of(w).list(ADA, MINE.id)
    assert len(done.result.events) == SHOWN
    assert done.result.events[0].uid == "4999"
    assert (done.result.unread, done.result.more) == (100, True)


# -- REST


async def test_rest_lists_events_and_counts_them_as_read() -> None:
    w = world()
    w.runtime.put(release("one"))
    w.now[0] = NOW + timedelta(seconds=9)
    w.told.tell(MINE.id, event("a", 1, message="Back-off \x1b[31m<b>"), "one")
    w.told.tell(MINE.id, event("b", 2, kind="Normal"))
    async with caller(w) as client:
        found = (await client.get(EVENTS, params={"limit": "1"})).json()
        assert [one["uid"] for one in found["events"]] == ["b"]
        assert found["more"] is True
        found = (await client.get(EVENTS)).json()
        assert found["events"][1] == {
            "uid": "a",
            "created": "2026-03-01T12:00:01Z",
            "lastSeen": "2026-03-01T12:00:01Z",
            "severity": "warning",
            "about": "Pod pod-a",
            "reason": "BackOff",
            "message": "Back-off [31m<b>",
            "count": 1,
            "service": "one",
            "unread": True,
        }
        assert (found["unread"], found["until"]) == (1, "2026-03-01T12:00:02Z")
        assert "kubectl get events" in found["commands"]["underneath"]
        answer = await client.post(f"{EVENTS}/read", json={"until": found["until"]})
        assert answer.json()["unread"] == 0
        assert (await client.get(EVENTS)).json()["unread"] == 0
        assert (await client.post(f"{EVENTS}/read", json={})).status_code == 200


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "many"])
async def test_a_limit_out_of_bounds_is_refused(limit: str) -> None:
    async with caller(world()) as client:
        answer = await client.get(EVENTS, params={"limit": limit})
    assert (answer.status_code, answer.json()["field"]) == (422, "limit")


@pytest.mark.parametrize("until", ["soon", "2026-03-01T12:00:00", 7.5e300, {}, "9999-99-99"])
async def test_a_moment_that_is_none_is_refused(until: object) -> None:
    async with caller(world()) as client:
        answer = await client.post(f"{EVENTS}/read", json={"until": until})
    assert answer.status_code == 422


async def test_rest_says_where_there_are_none_and_where_they_may_not_be_read() -> None:
    w = world()
    w.told.refused.add(MINE.id)
    async with caller(w) as client:
        refused = await client.get(EVENTS)
        others = await client.get(EVENTS.replace(MINE.id, HERS.id))
        w.events = None
    async with caller(w) as client:
        absent = [await client.get(EVENTS), await client.post(f"{EVENTS}/read", json={})]
    assert (refused.status_code, refused.json()["code"]) == (403, "events_forbidden")
    assert (others.status_code, others.json()["code"]) == (404, "project_not_found")
    assert [(one.status_code, one.json()["code"]) for one in absent] == [(404, "no_events")] * 2
