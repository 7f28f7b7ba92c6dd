"""What opens a service: its address and its password, as its notes and values have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.services.fakes import ADA, EVE, GROUP, MINE, PROJECT_PASSWORD
from tests.services.world import World, world

from sardonyx.projects.models import Actor
from sardonyx.services.errors import ServiceBusyError, ServiceNotFoundError
from sardonyx.services.launching import LaunchRequest
from sardonyx.values import JsonObject, Secret

P = MINE.id


async def launched(
    w: World,
    actor: Actor = ADA,
    project: str = P,
    *,
    notes: str = "",
    values: JsonObject | None = None,
    shared: bool = False,
) -> str:
    request = LaunchRequest(chart="postgresql", shared=shared)
    name = (await w.services.launch_once(actor, project=project, request=request)).result.name
    seen = replace(w.runtime.seen[name], notes=notes, notes_by_language={"fr": notes})
    w.runtime.put(seen if values is None else replace(seen, values=values))
    return name


async def test_the_page_opens_where_its_notes_say_at_the_ports_of_the_region() -> None:
    w = world(ingress_port=8443)
    name = await launched(w)
    url = w.runtime.seen[name].urls[0].removesuffix(":8000")
    notes = f"Open {url}/lab?reset and read https://docs.example/x."
    w.runtime.put(replace(w.runtime.seen[name], urls=(url,), notes=notes))
    assert await w.services.page(ADA, P, name) == f"{url}:8443/lab?reset"
    shown = await w.services.show(ADA, P, name)
    assert shown.urls == (f"{url}:8443",)
    assert shown.notes == f"Open {url}:8443/lab?reset and read https://docs.example/x."


async def test_its_password_is_found_in_its_notes_then_its_values() -> None:
    w = world()
    told = await launched(w, notes="Password: tulip", values={})
    assert await w.services.password(ADA, P, told) == Secret("tulip")
    kept = await launched(w, values={"auth": {"password": "rose"}})
    assert await w.services.password(ADA, P, kept) == Secret("rose")
    projects = await launched(w, notes=f"use {PROJECT_PASSWORD}", values={"a": {"password": "u"}})
    assert await w.services.password(ADA, P, projects) == Secret(PROJECT_PASSWORD)
    assert await w.services.password(ADA, P, await launched(w, values={"port": 80})) is None


async def test_those_with_whom_it_is_shared_get_no_password_the_owner_set_for_themselves() -> None:
    w = world()
    own: JsonObject = {"auth": {"password": "rose"}}
    name = await launched(w, EVE, GROUP.id, values=own, shared=True)
    assert await w.services.password(EVE, GROUP.id, name) == Secret("rose")
    assert await w.services.password(ADA, GROUP.id, name) is None
    noted = await launched(w, EVE, GROUP.id, notes="password: rose", values=own, shared=True)
    assert await w.services.password(ADA, GROUP.id, noted) == Secret("rose")
    inside = await launched(w, EVE, GROUP.id, notes="Open https://rose-1", values=own, shared=True)
    assert await w.services.password(ADA, GROUP.id, inside) is None
    hidden = await launched(w, EVE, GROUP.id, notes="password: rose")
    with pytest.raises(ServiceNotFoundError):
        await w.services.password(ADA, GROUP.id, hidden)


async def test_programs_get_the_password_that_is_found_where_the_chart_names_none() -> None:
    w = world()

    async def none(project: str, release: str, *, life: timedelta) -> tuple[str, Secret]:
        raise ServiceBusyError(name=release, state="running")

    w.runtime.service_credential = none  # type: ignore[method-assign]
    name = await launched(w, notes="Password: tulip")
    given = await w.services.credential(ADA, P, name)
    assert (given.header, given.value, given.expires) == ("password", Secret("tulip"), None)
    bare = await launched(w, values={})
    with pytest.raises(ServiceBusyError):
        await w.services.credential(ADA, P, bare)


async def test_what_shows_services_is_told_for_both_tools() -> None:
    w = world()
    name = await launched(w, EVE, GROUP.id)
    assert w.services.look_commands(ADA, P).platform == "sardonyx services list\n"
    told = w.services.look_commands(EVE, GROUP.id, name)
    assert told.platform == f"sardonyx services show {name} --project {GROUP.id}\n"
    assert told.underneath.startswith("# This exists on the platform only.")
    with pytest.raises(ServiceNotFoundError):
        w.services.look_commands(ADA, GROUP.id, name)
