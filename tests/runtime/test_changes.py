"""Changing and restarting releases of one machine: what happens at once, and when disks fail."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from tests.runtime.world import Machine, make_plan

from sardonyx.services.errors import LaunchRefusedError, ServiceBusyError
from sardonyx.services.models import State

pytestmark = pytest.mark.real
ADA = "user-ada"


async def test_two_clicks_restart_once(computer: Machine) -> None:
    await computer.launch("hello", "twice")
    await asyncio.gather(
        computer.runtime.restart(ADA, "twice"), computer.runtime.restart(ADA, "twice")
    )
    with pytest.raises(ServiceBusyError):
        await computer.runtime.upgrade(make_plan("hello", "twice"))
    seen = await computer.reach("twice", State.RUNNING, State.FAILED)
    assert [event.step for event in seen.timeline].count("restarted") == 1


async def test_a_paused_release_is_changed_and_stays_paused(computer: Machine) -> None:
    await computer.launch("hello", "asleep")
    await computer.runtime.suspend(ADA, "asleep")
    await computer.reach("asleep", State.PAUSED)
    await computer.runtime.upgrade(make_plan("hello", "asleep", values={"greeting": "later"}))
    seen = computer.seen("asleep")
    assert (seen.state, seen.revision, seen.values["greeting"]) == (State.PAUSED, 2, "later")
    await computer.runtime.resume(ADA, "asleep")
    await computer.reach("asleep", State.RUNNING)


async def test_a_change_that_does_not_resolve_changes_nothing(computer: Machine) -> None:
    await computer.launch("hello", "whole")
    plan = make_plan("hello", "whole")
    broken = replace(plan, merged={}, values={})
    with pytest.raises(LaunchRefusedError):
        await computer.runtime.upgrade(broken)
    seen = computer.seen("whole")
    assert (seen.state, seen.revision) == (State.RUNNING, 1)
    assert len(await computer.runtime.history(ADA, "whole")) == 1


async def test_the_first_and_the_ten_newest_states_are_kept(computer: Machine) -> None:
    await computer.launch("hello", "many")
    await computer.runtime.suspend(ADA, "many")
    await computer.reach("many", State.PAUSED)
    for number in range(13):
        await computer.runtime.upgrade(make_plan("hello", "many", values={"greeting": str(number)}))
    kept = [one.number for one in await computer.runtime.history(ADA, "many")]
    assert kept == [*range(14, 4, -1), 1]
    folder = computer.home.service("many") / "revisions"
    assert {oct(one.stat().st_mode & 0o777) for one in folder.iterdir()} == {"0o600"}
    (folder / "9.json").write_text("{")
    assert 9 not in [one.number for one in await computer.runtime.history(ADA, "many")]
    assert json.loads((folder / "1.json").read_text())["description"] == "Launched"


async def test_a_disk_that_fails_during_a_restart_is_told(
    computer: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await computer.launch("hello", "unlucky")

    async def issue(plan: object, *, token_file: str) -> dict[str, str]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(computer.credentials, "issue", issue)
    await computer.runtime.restart(ADA, "unlucky")
    seen = await computer.reach("unlucky", State.FAILED)
    assert "No space left on device" in str(seen.facts["start_refused"])
    monkeypatch.undo()
    await computer.runtime.resume(ADA, "unlucky")
    await computer.reach("unlucky", State.RUNNING)
