"""Deleting all services at once takes one's own, and of these what was named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.services.fakes import ADA, EVE, GROUP, HERS, MINE
from tests.services.test_listing import release
from tests.services.test_project_events import group_world
from tests.services.world import world

from sardonyx.projects.errors import ProjectNotFoundError
from sardonyx.services.errors import ServiceBusyError, ServiceNotFoundError
from sardonyx.services.models import State


async def test_in_a_group_one_deletes_one_s_own_alone() -> None:
    w = group_world()
    everything = list(w.runtime.seen)
    root = replace(EVE, username="root", is_admin=True)
    assert w.services.own(root, GROUP.id) == []
    assert (await w.services.delete_own(root, GROUP.id, everything)).result == ()
    done = await w.services.delete_own(ADA, GROUP.id, everything)
    assert set(done.result) == {"ada-own", "ada-shared"}
    assert set(w.runtime.seen) == {"eve-own", "eve-shared", "nobody-s"}
    assert done.commands.platform.count("sardonyx services delete") == 2
    assert done.commands.underneath.count("delete ada-") == 2
    assert [line[1:] for line in w.audit.lines] == [
        ("service.delete", f"soil/{name}", "done") for name in done.result
    ]


async def test_what_was_not_named_stays_and_what_leaves_is_left_alone() -> None:
    w = world()
    for name in ("a", "b", "c"):
        w.runtime.put(release(name))
    w.runtime.change("b", State.STOPPING)
    assert {one.name for one in w.services.own(ADA, MINE.id)} == {"a", "c"}
    assert (await w.services.delete_own(ADA, MINE.id, ["a", "b", "zzz"])).result == ("a",)
    assert set(w.runtime.seen) == {"b", "c"}


async def test_one_that_cannot_be_deleted_keeps_none_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    w = world()
    for name in ("a", "b", "c", "d"):
        w.runtime.put(release(name))
    uninstall = w.runtime.uninstall

    async def refusing(project: str, name: str) -> None:
        if name == "a":
            raise ServiceNotFoundError(name=name, project=project)
        if name in {"b", "c"}:
            raise ServiceBusyError(name=name, state="starting")
        await uninstall(project, name)

    monkeypatch.setattr(w.runtime, "uninstall", refusing)
    with pytest.raises(ServiceBusyError):
        await w.services.delete_own(ADA, MINE.id, ["a", "b", "c", "d"])
    assert set(w.runtime.seen) == {"a", "b", "c"}
    assert (await w.services.delete_own(ADA, MINE.id, ["a"])).result == ()


async def test_another_s_project_is_not_found() -> None:
    w = world()
    with pytest.raises(ProjectNotFoundError):
        w.services.own(ADA, HERS.id)
    with pytest.raises(ProjectNotFoundError):
        await w.services.delete_own(ADA, HERS.id, ["a"])
