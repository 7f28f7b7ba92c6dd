"""`Client` and `AsyncClient` against a portal on its socket."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.machine import Served
from tests.services.fakes import NOW
from tests.services.test_listing import release
from tests.services.world import World

from sardonyx.client import AsyncClient, Client, RemoteError, calls, changes, file_calls
from sardonyx.client.connection import EventReader, answer_of
from sardonyx.client.errors import (
    AnswerFormatError,
    PlatformNotRunningError,
    PlatformUnreachableError,
    WaitTimeoutError,
)
from sardonyx.client.services import LaunchSettings, launch_body
from sardonyx.errors import PlatformError
from sardonyx.services.evidence import EventEvidence
from sardonyx.services.models import QuotaUse, State
from sardonyx.values import Secret


def test_a_launch_from_python(served: Served, served_world: World) -> None:
    served_world.runtime.state_at_install = State.RUNNING
    with Client.of_home(served.home) as platform:
        service = platform.services.launch(
            "postgresql", friendly_name="Census", settings=["auth.database=census"]
        )
        assert (service.friendly_name, service.project) == ("Census", "user-ada")
        assert [event.step for event in service.timeline] == ["asked", "checked", "values"]
        assert service.commands is not None
        running = platform.services.wait(service.name, until={"running"}, seconds=5)
        assert running.etag
        renamed = platform.services.rename(service.name, "Other", etag=running.etag)
        assert renamed.friendly_name == "Other"
        with pytest.raises(RemoteError) as late:
            platform.services.rename(service.name, "Late", etag=running.etag)
        assert (late.value.remote_code, late.value.status) == ("service_changed", 412)
        assert platform.services.credential(service.name).value.reveal().startswith("Bearer ")
        assert platform.services.pause(service.name).state == "paused"
        assert [one.name for one in platform.services.list()] == [service.name]
        platform.services.delete(service.name)
        assert platform.services.list() == ()


async def test_all_pages_of_a_long_list_are_read(served: Served, served_world: World) -> None:
    for number in range(7):
        served_world.runtime.put(release(f"postgresql-{number}", NOW + timedelta(seconds=number)))
    expected = [f"postgresql-{number}" for number in reversed(range(7))]
    with Client.of_home(served.home) as platform:
        pages = list(platform.services.pages(limit=3))
        assert [len(page.services) for page in pages] == [3, 3, 1]
        assert {page.total for page in pages} == {7}
        assert [one.name for page in pages for one in page.services] == expected
        assert [one.name for one in platform.services.list()] == expected
    async with AsyncClient.of_home(served.home) as platform:
        assert [one.name for one in await platform.services.list()] == expected


def test_a_refusal_keeps_its_shape(served: Served, served_world: World) -> None:
    with Client.of_home(served.home, language="fr") as platform, pytest.raises(RemoteError) as told:
        platform.services.launch("postgresql", settings=["auth.database=No Good"])
    error = told.value
    assert isinstance(error, PlatformError)
    assert (error.remote_code, error.exit_code) == ("launch_refused", 2)
    assert [problem.pointer for problem in error.remote_problems] == ["/auth/database"]
    assert error.remote_next
    assert error.title_text().in_language("en") == error.remote_title


def test_waiting_has_an_end(served: Served, served_world: World) -> None:
    with Client.of_home(served.home) as platform:
        service = platform.services.launch("postgresql")
        with pytest.raises(WaitTimeoutError):
            platform.services.wait(service.name, until={"running"}, seconds=0)


def test_a_token_that_is_not_ours_is_refused(served: Served, served_world: World) -> None:
    token = served.home / "keys" / "cli.token"
    kept = token.read_bytes()
    token.write_bytes(b"another")
    try:
        with Client.of_home(served.home) as platform, pytest.raises(RemoteError) as told:
            platform.me()
    finally:
        token.write_bytes(kept)
    assert (told.value.remote_code, told.value.exit_code) == ("sign_in_required", 4)


async def test_the_asynchronous_client_does_the_same(served: Served, served_world: World) -> None:
    served_world.runtime.state_at_install = State.RUNNING

    async def content() -> AsyncIterator[bytes]:
        yield b"a,"
        yield b"b\n"

    async with AsyncClient.of_home(served.home) as platform:
        project = await platform.project()
        service = await platform.services.launch("postgresql", idempotency_key="k")
        again = await platform.services.launch("postgresql", idempotency_key="k")
        assert service.name == again.name
        await platform.services.wait(service.name, until={"running"}, seconds=5)
        told = []
        async for event in platform.services.events(service.name):
            told.append(event.name)
            if event.name == "service":
                break
        assert told == ["timeline", "timeline", "timeline", "service"]
        address = file_calls.upload_path(project, "in/ü.csv")
        stored = await platform.upload(address, content(), {})
        assert file_calls.stored(stored).size == 4
        assert b"".join([block async for block in platform.download(address)]) == b"a,b\n"
        with pytest.raises(RemoteError):
            await platform.send(calls.service(project, "nope"))


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(PlatformNotRunningError):
        Client.of_home(tmp_path)
    with (
        Client.of_url("http://127.0.0.1:9", Secret("t")) as platform,
        pytest.raises(PlatformUnreachableError),
    ):
        platform.me()


def test_an_answer_that_is_no_problem_document_is_still_an_error() -> None:
    with pytest.raises(RemoteError) as told:
        answer_of(502, b"<html>Bad gateway", [("content-type", "text/html")])
    assert (told.value.remote_code, told.value.exit_code) == ("http_502", 5)
    with pytest.raises(RemoteError) as told:
        answer_of(404, b"{", [("content-type", "application/problem+json")])
    assert told.value.exit_code == 3
    with pytest.raises(AnswerFormatError):
        calls.service("p", "s").read(answer_of(200, b"[]", [("content-type", "application/json")]))


def test_events_are_put_together_from_their_lines() -> None:
    reader = EventReader()
    lines = [": ping", "event: log", 'data: {"text":', 'data: "a"}', "", ""]
    events = [event for line in lines if (event := reader.feed(line)) is not None]
    assert [(event.name, event.data) for event in events] == [("log", {"text": "a"})]


def test_a_launch_refuses_arguments_it_does_not_know_and_names_those_it_does(
    served: Served,
) -> None:
    unknown: Any = {"setings": ["a=1"], "shard": True}
    with pytest.raises(TypeError, match="named setings, shard"):
        launch_body("postgresql", **unknown)
    with Client.of_home(served.home) as platform:
        with pytest.raises(TypeError, match="named setings, shard"):
            platform.services.launch("postgresql", **unknown)
        told = platform.services.launch.__doc__ or ""
    assert set(LaunchSettings.__annotations__) <= set(re.findall(r"\w+", told))


async def test_a_draft_goes_from_its_link_to_a_launch(served: Served, served_world: World) -> None:
    body = launch_body("postgresql", values={"auth": {"database": "census", "password": "own"}})
    with Client.of_home(served.home) as platform:
        draft = platform.services.draft(body)
        assert draft.name is not None and draft.commands is not None
        assert not draft.refused
        fields = {field.pointer: field for field in draft.form.fields()}
        assert fields["/auth/database"].value == "census"
        assert fields["/auth/password"].secret and fields["/auth/password"].value is None
        assert "own" not in str(draft.raw)
        again = platform.services.draft(body, draft=draft.id)
        assert again.name == draft.name
        launched = platform.services.launch(link=draft.link, name="census-1")
        assert served_world.runtime.plans[launched.name].values["auth"]["database"] == "census"  # type: ignore[index, call-overload]
    async with AsyncClient.of_home(served.home) as platform_too:
        preview = await platform_too.services.preview(launch_body("postgresql"))
        assert preview.friendly_name and not preview.refused
        assert [one.name for one in await platform_too.services.list()] == ["census-1"]
        assert (await platform_too.me()).project == (await platform_too.projects())[0].id
        with pytest.raises(WaitTimeoutError):
            await platform_too.services.wait("census-1", until={"paused"}, seconds=0)


async def test_the_catalogue_has_types(served: Served, served_world: World) -> None:
    async with AsyncClient.of_home(served.home) as platform:
        found = await platform.catalog.list()
        shown = await platform.catalog.show("postgresql")
    (own,) = found.catalogs
    assert (own.id, own.reading, own.faults) == ("sardonyx", None, ())
    (listed,) = [one for one in own.charts if one.name == "postgresql"]
    assert listed == shown.summary
    assert listed.version in shown.versions
    assert shown.schema is not None and "auth" in shown.schema["properties"]  # type: ignore[operator]
    assert shown.values["auth"]
    assert shown.readme.startswith("# ")
    assert found.raw["catalogs"]


async def test_history_quota_and_comparisons_have_types(
    served: Served, served_world: World
) -> None:
    served_world.runtime.state_at_install = State.RUNNING
    served_world.runtime.limits = [QuotaUse("limits.memory", "1Gi", "4Gi")]
    with Client.of_home(served.home) as platform:
        name = platform.services.launch("postgresql", friendly_name="Census").name
        body = launch_body(settings=["auth.database=census"])
        preview = platform.services.preview_edit(name, body)
        assert [(one.path, one.after) for one in preview.changes] == [("auth.database", "census")]
        assert (preview.refused, preview.is_empty, preview.revision) == (False, False, 1)
        assert preview.before_version == preview.after_version
        assert "services edit" in preview.commands.platform
        platform.services.edit(name, body, etag=preview.etag)
        assert platform.services.preview_edit(name, body).is_empty
        latest, first = platform.services.history(name)
        assert (latest.number, latest.status, first.number) == (2, "deployed", 1)
        assert latest.at >= first.at
        back = platform.services.preview_roll_back(name, first.number)
        assert [(one.path, one.before) for one in back.changes] == [("auth.database", "census")]
        wrong = platform.services.preview_edit(name, launch_body(settings=["auth.database=No"]))
        assert wrong.refused
        assert [one.pointer for one in wrong.problems] == ["/auth/database"]
        (memory,) = platform.services.quota()
        assert (memory.resource, memory.used, memory.hard) == ("limits.memory", "1Gi", "4Gi")


def test_an_answer_that_lacks_a_field_names_it() -> None:
    answer = calls.Answer({"quota": [{"resource": "x", "used": "1"}]}, "", {})
    with pytest.raises(AnswerFormatError) as told:
        changes.quota("p").read(answer)
    assert "hard" in str(told.value)


async def test_what_the_cluster_said_is_read_by_both_clients(
    served: Served, served_world: World
) -> None:
    served_world.now[0] = NOW + timedelta(minutes=1)
    for number, uid in enumerate("ab"):
        at = NOW + timedelta(seconds=number)
        event = EventEvidence("Pod", "p", True, "BackOff", uid, 1, at, uid=uid, created=at)
        served_world.told.tell("user-ada", event)
    with Client.of_home(served.home) as platform:
        found = platform.services.cluster_events(limit=1)
        (newest,) = found.events
        assert (newest.uid, newest.severity, newest.unread) == ("b", "warning", True)
        assert (newest.service, newest.last_seen) == (None, newest.created)
        assert (found.unread, found.more, found.until) == (2, True, newest.created)
        assert "kubectl get events" in found.commands.underneath
    async with AsyncClient.of_home(served.home) as platform:
        assert len((await platform.services.cluster_events()).events) == 2
        assert await platform.services.read_cluster_events(NOW) == 1
        assert await platform.services.read_cluster_events() == 0
        with pytest.raises(RemoteError) as told:
            await platform.services.cluster_events(project="user-eve")
    assert told.value.remote_code == "project_not_found"
