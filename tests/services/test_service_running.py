"""Running services: who sees and changes what, and what each action gives."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest
from tests.services.fakes import ADA, EVE, GROUP, MINE
from tests.services.world import World, world

from sardonyx.projects.models import Actor, Project
from sardonyx.services.errors import (
    ServiceBusyError,
    ServiceChangedError,
    ServiceNotFoundError,
    ServiceOfAnotherError,
)
from sardonyx.services.launching import LaunchRequest
from sardonyx.services.models import Loss, Standing, State
from sardonyx.services.service import etag

P = MINE.id


async def launched(w: World, actor: Actor = ADA, project: str = P, *, shared: bool = False) -> str:
    request = LaunchRequest(chart="postgresql", shared=shared)
    done = await w.services.launch_once(actor, project=project, request=request)
    return done.result.name


async def test_anothers_unshared_service_does_not_exist_for_anyone_else() -> None:
    w = world()
    hidden = await launched(w, EVE, GROUP.id)
    shared = await launched(w, EVE, GROUP.id, shared=True)
    assert [s.name for s in await w.services.list(ADA, GROUP.id)] == [shared]
    for ask in (
        w.services.show(ADA, GROUP.id, hidden),
        w.services.values(ADA, GROUP.id, hidden),
        w.services.logs(ADA, GROUP.id, hidden),
        w.services.events(ADA, GROUP.id, hidden),
        w.services.credential(ADA, GROUP.id, hidden),
        w.services.losses(ADA, GROUP.id, hidden),
        w.services.pause(ADA, GROUP.id, hidden),
        w.services.delete(ADA, GROUP.id, hidden),
    ):
        with pytest.raises(ServiceNotFoundError):
            await ask
    assert hidden in w.runtime.seen


async def test_a_shared_service_is_used_by_all_and_changed_by_its_owner() -> None:
    w = world()
    shared = await launched(w, EVE, GROUP.id, shared=True)
    assert (await w.services.show(ADA, GROUP.id, shared)).owner == "eve"
    assert (await w.services.credential(ADA, GROUP.id, shared)).value.reveal()
    assert (await w.services.pause(ADA, GROUP.id, shared)).result.state is State.PAUSED
    assert (await w.services.resume(ADA, GROUP.id, shared)).result.standing is Standing.MEMBER
    for ask in (
        w.services.restart(ADA, GROUP.id, shared),
        w.services.rename(ADA, GROUP.id, shared, "mine"),
        w.services.delete(ADA, GROUP.id, shared),
    ):
        with pytest.raises(ServiceOfAnotherError):
            await ask
    assert w.runtime.seen[shared].state is State.STARTING


async def test_actions_change_the_state_and_show_their_commands() -> None:
    w = world()
    name = await launched(w)
    paused = await w.services.pause(ADA, P, name)
    assert paused.result.state is State.PAUSED
    assert paused.commands.platform == f"sardonyx services pause {name}\n"
    resumed = await w.services.resume(ADA, P, name)
    assert resumed.result.state is State.STARTING
    assert resumed.commands.underneath == f"resume {name} 0\n"
    assert (await w.services.restart(ADA, P, name)).result.state is State.STARTING
    deleted = await w.services.delete(ADA, P, name)
    assert deleted.commands.platform == f"sardonyx services delete {name} --yes\n"
    with pytest.raises(ServiceNotFoundError):
        await w.services.show(ADA, P, name)
    assert [line[1] for line in w.audit.lines] == [
        "service.launch",
        "service.pause",
        "service.resume",
        "service.restart",
        "service.delete",
    ]


async def test_commands_name_a_project_that_is_not_ones_own() -> None:
    w = world()
    name = await launched(w, ADA, GROUP.id)
    paused = await w.services.pause(ADA, GROUP.id, name)
    assert paused.commands.platform == f"sardonyx services pause {name} --project soil\n"


async def test_the_log_of_a_deleted_service_stays_readable_to_its_person() -> None:
    w = world()
    name = await launched(w)
    await w.services.delete(ADA, P, name)
    assert await w.services.logs(ADA, P, name, lines=1) == "two\n"


async def test_the_log_of_another_in_a_namespace_that_all_share_is_theirs_alone() -> None:
    shared = Project("all", "All", "all", "all", own_namespace="platform")
    ada, eve = (replace(one, projects=(shared,)) for one in (ADA, EVE))
    w = world()
    name = await launched(w, eve, shared.id)
    assert await w.services.logs(eve, shared.id, name, lines=1) == "two\n"
    for _ in ("while it runs", "once it is gone"):
        with pytest.raises(ServiceNotFoundError):
            await w.services.logs(ada, shared.id, name)
        w.runtime.seen.pop(name, None)


async def test_changes_of_one_service_wait_for_each_other() -> None:
    w = world()
    name = await launched(w, EVE, GROUP.id)
    share, busy = w.runtime.share, [0, 0]

    async def slowly(project: str, release: str, *, shared: bool) -> None:
        busy[0] += 1
        busy[1] = max(busy)
        for _ in range(4):
            await asyncio.sleep(0)
        await share(project, release, shared=shared)
        busy[0] -= 1

    w.runtime.share = slowly  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as asked:
        for number in range(12):  # some come while others wait, some as one has just ended
            asked.create_task(w.services.share(EVE, GROUP.id, name, shared=number % 2 == 0))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    assert busy == [0, 1]


async def test_renaming_with_an_old_etag_changes_nothing() -> None:
    w = world()
    name = await launched(w)
    before = etag(w.runtime.seen[name])
    await w.services.rename(ADA, P, name, "Census", expected_etag=before)
    with pytest.raises(ServiceChangedError):
        await w.services.rename(ADA, P, name, "Other", expected_etag=before)
    assert w.runtime.seen[name].friendly_name == "Census"


async def test_losses_are_those_of_the_runtime() -> None:
    w = world()
    w.runtime.losses_of = [Loss("file", "a.ipynb", 10)]
    assert await w.services.losses(ADA, P, await launched(w)) == [Loss("file", "a.ipynb", 10)]


async def test_a_service_without_address_has_no_credential() -> None:
    w = world()
    name = await launched(w)
    w.runtime.put(replace(w.runtime.seen[name], address=None))
    with pytest.raises(ServiceBusyError):
        await w.services.credential(ADA, P, name)


async def test_watching_gives_the_service_now_each_change_and_its_end() -> None:
    w = world()
    name, other = await launched(w), await launched(w)
    seen = []
    async with asyncio.timeout(10), aclosing(w.services.watch(ADA, P, name)) as changes:
        async for service in changes:
            seen.append(service.state)
            if len(seen) == 1:
                w.runtime.change(other, State.RUNNING)
                w.runtime.change(name, State.RUNNING, "answering")
            elif len(seen) == 2:
                await w.services.delete(ADA, P, name)
    assert seen == [State.PREPARING, State.RUNNING, State.STOPPED]
    assert w.runtime.watchers == []


async def test_watching_what_is_not_there_says_so() -> None:
    w = world()
    with pytest.raises(ServiceNotFoundError):
        await anext(w.services.watch(ADA, P, "nope"))


async def test_observing_leaves_out_what_one_may_not_see() -> None:
    w = world()
    hidden = await launched(w, EVE, GROUP.id)
    shared = await launched(w, EVE, GROUP.id, shared=True)
    async with asyncio.timeout(10), aclosing(w.services.observe(ADA, GROUP.id)) as changes:
        following = asyncio.ensure_future(anext(changes))
        await w.runtime.watched.wait()
        w.runtime.change(hidden, State.RUNNING)
        w.runtime.change(shared, State.RUNNING)
        assert (await following).name == shared
