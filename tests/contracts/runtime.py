"""What every Runtime does, whatever runs the releases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import pytest
from tests.runtime.world import ONE_TIME, make_plan, until

from sardonyx.services.diagnosis import diagnose
from sardonyx.services.errors import (
    FileNotPlacedError,
    RevisionNotFoundError,
    ServiceExistsError,
    ServiceNotFoundError,
)
from sardonyx.services.models import Observation, State, StepStatus
from sardonyx.services.ports import Runtime

ADA = "user-ada"
EVE = "user-eve"


@dataclass(frozen=True, slots=True)
class Bench:
    """A runtime to test. put_file: let a release have written a file of some bytes.

    Charts known: `hello` runs, `crash` ends at once with 7, `missing-package`, `slow` never
    answers.
    """

    runtime: Runtime
    put_file: Callable[[str, str, int], None]

    def seen(self, release: str) -> Observation:
        return self.runtime.release(ADA, release)

    async def reach(self, release: str, *states: State) -> Observation:
        await until(lambda: self.seen(release).state in states, saying=lambda: self.seen(release))
        return self.seen(release)

    async def launch(self, chart: str, release: str) -> Observation:
        await self.runtime.install(make_plan(chart, release))
        return await self.reach(release, State.RUNNING, State.FAILED)


class RuntimeContract:
    async def test_a_launch_is_acknowledged_then_runs(self, bench: Bench) -> None:
        await bench.runtime.install(make_plan("hello", "hello-1"))
        assert bench.seen("hello-1").state in {State.PREPARING, State.STARTING, State.RUNNING}
        seen = await bench.reach("hello-1", State.RUNNING, State.FAILED)
        assert seen.state is State.RUNNING, seen
        steps = [event.step for event in seen.timeline]
        assert steps[:3] == ["asked", "checked", "values"]
        assert "environment" in steps
        assert steps[-1] == "answering"
        assert all(event.status is StepStatus.DONE for event in seen.timeline)
        assert [event.at for event in seen.timeline] == sorted(e.at for e in seen.timeline)
        assert seen.started_at is not None
        assert seen.urls == ("http://hello-1.localhost:8000",)
        assert seen.address is not None
        assert diagnose(seen) == []

    async def test_a_name_is_taken_once(self, bench: Bench) -> None:
        await bench.runtime.install(make_plan("hello", "twin"))
        with pytest.raises(ServiceExistsError):
            await bench.runtime.install(make_plan("hello", "twin", project=EVE))

    async def test_an_unknown_release_is_not_found(self, bench: Bench) -> None:
        await bench.runtime.install(make_plan("hello", "mine"))
        runtime = bench.runtime
        for project, name in ((ADA, "nobody"), (EVE, "mine")):
            with pytest.raises(ServiceNotFoundError):
                runtime.release(project, name)
            acts: list[Awaitable[object]] = [
                runtime.suspend(project, name),
                runtime.resume(project, name),
                runtime.restart(project, name),
                runtime.uninstall(project, name),
                runtime.rename(project, name, "x"),
                runtime.logs(project, name),
                runtime.losses(project, name),
                runtime.underneath(project, name),
                runtime.service_credential(project, name, life=timedelta(hours=1)),
            ]
            for act in acts:
                with pytest.raises(ServiceNotFoundError):
                    await act

    async def test_a_pause_keeps_everything_and_resume_goes_on(self, bench: Bench) -> None:
        await bench.launch("hello", "rest")
        bench.put_file("rest", "thesis.txt", 12)
        await bench.runtime.suspend(ADA, "rest")
        assert bench.seen("rest").state in {State.PAUSING, State.PAUSED}
        seen = await bench.reach("rest", State.PAUSED)
        assert seen.timeline[-1].step == "paused"
        assert diagnose(seen) == []
        await bench.runtime.suspend(ADA, "rest")
        assert bench.seen("rest").state is State.PAUSED
        await bench.runtime.resume(ADA, "rest")
        seen = await bench.reach("rest", State.RUNNING, State.FAILED)
        assert seen.state is State.RUNNING
        assert "resumed" in [event.step for event in seen.timeline]
        assert [loss.path for loss in await bench.runtime.losses(ADA, "rest")] == ["thesis.txt"]

    async def test_a_running_release_is_resumed_without_effect(self, bench: Bench) -> None:
        seen = await bench.launch("hello", "awake")
        await bench.runtime.resume(ADA, "awake")
        assert bench.seen("awake").started_at == seen.started_at

    async def test_a_restart_is_a_new_start(self, bench: Bench) -> None:
        before = (await bench.launch("hello", "again")).started_at
        await bench.runtime.restart(ADA, "again")
        await until(
            lambda: (
                bench.seen("again").state is State.RUNNING
                and bench.seen("again").started_at != before
            )
        )
        assert "restarted" in [event.step for event in bench.seen("again").timeline]

    async def test_a_deleted_release_is_gone_and_its_logs_stay(self, bench: Bench) -> None:
        await bench.launch("hello", "brief")
        await bench.runtime.uninstall(ADA, "brief")
        await until(lambda: not bench.runtime.releases(ADA))
        assert "hello from the service" in await bench.runtime.logs(ADA, "brief")
        with pytest.raises(ServiceNotFoundError):
            await bench.runtime.logs(EVE, "brief")
        seen = await bench.launch("hello", "brief")
        assert seen.state is State.RUNNING

    async def test_a_rename_changes_the_words_alone(self, bench: Bench) -> None:
        await bench.launch("hello", "named")
        await bench.runtime.rename(ADA, "named", "Étude “été”")
        assert bench.seen("named").friendly_name == "Étude “été”"
        assert bench.seen("named").state is State.RUNNING

    async def test_releases_are_the_projects_own_newest_first(self, bench: Bench) -> None:
        for project, name in ((ADA, "first"), (EVE, "hers"), (ADA, "second")):
            await bench.runtime.install(make_plan("hello", name, project=project))
        assert [one.release for one in bench.runtime.releases(ADA)] == ["second", "first"]
        assert [one.release for one in bench.runtime.releases(EVE)] == ["hers"]

    async def test_changes_are_observed_until_it_runs(self, bench: Bench) -> None:
        states: list[State] = []

        async def watch() -> None:
            async with aclosing(bench.runtime.observe(ADA)) as changes:  # type: ignore[type-var]
                async for seen in changes:
                    states.append(seen.state)
                    if seen.state is State.RUNNING:
                        return

        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        await bench.launch("hello", "watched")
        await asyncio.wait_for(watching, timeout=60)
        assert states[-1] is State.RUNNING
        order = list(State)
        assert states == sorted(states, key=order.index)

    async def test_logs_are_read_and_followed(self, bench: Bench) -> None:
        await bench.launch("hello", "talk")
        assert "hello from the service" in await bench.runtime.logs(ADA, "talk")
        assert (await bench.runtime.logs(ADA, "talk", lines=1)).count("\n") <= 1
        beginning = bench.runtime.follow_logs(ADA, "talk", lines=100)
        async with aclosing(beginning) as text:  # type: ignore[type-var]
            assert "hello from the service" in await asyncio.wait_for(anext(text), timeout=60)
        heard: list[str] = []

        async def listen() -> None:
            async with aclosing(bench.runtime.follow_logs(ADA, "talk")) as text:  # type: ignore[type-var]
                async for piece in text:
                    heard.append(piece)
                    if "hello from the service" in "".join(heard):
                        return

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        await bench.runtime.restart(ADA, "talk")
        await asyncio.wait_for(listening, timeout=60)

    async def test_a_crash_is_failed_with_its_last_lines(self, bench: Bench) -> None:
        seen = await bench.launch("crash", "poor")
        assert seen.state is State.FAILED
        assert seen.facts["exit_code"] == 7
        [finding] = diagnose(seen)
        assert finding.code == "crashed"
        assert "the table is missing" in finding.evidence

    async def test_a_package_that_does_not_exist_is_named(self, bench: Bench) -> None:
        seen = await bench.launch("missing-package", "unlucky")
        assert seen.state is State.FAILED
        [finding] = diagnose(seen)
        assert finding.code == "package_not_found"
        assert finding.values["package"] == "sardonyx-no-such-package"

    async def test_a_service_that_never_answers_is_said_so(self, bench: Bench) -> None:
        seen = await bench.launch("slow", "mute")
        assert seen.state is State.FAILED
        assert [finding.code for finding in diagnose(seen)] == ["never_answered"]

    async def test_losses_are_the_files_only_there(self, bench: Bench) -> None:
        await bench.launch("hello", "full")
        assert await bench.runtime.losses(ADA, "full") == []
        bench.put_file("full", "notes.txt", 5)
        [loss] = await bench.runtime.losses(ADA, "full")
        assert (loss.kind, loss.path, loss.size) == ("file", "notes.txt", 5)

    async def test_a_file_is_placed_once_and_never_replaced(self, bench: Bench) -> None:
        await bench.launch("hello", "given")
        place = bench.runtime.place_file
        assert await place(ADA, "given", "start.ipynb", b"12345")
        assert not await place(ADA, "given", "start.ipynb", b"another")
        [loss] = await bench.runtime.losses(ADA, "given")
        assert (loss.path, loss.size) == ("start.ipynb", 5)
        for name in ("../start.ipynb", "a/b", "..", ""):
            with pytest.raises(FileNotPlacedError):
                await place(ADA, "given", name, b"x")
        with pytest.raises(ServiceNotFoundError):
            await place(EVE, "given", "hers.txt", b"x")

    async def test_a_credential_opens_the_address(self, bench: Bench) -> None:
        await bench.launch("hello", "keyed")
        header, value = await bench.runtime.service_credential(
            ADA, "keyed", life=timedelta(minutes=5)
        )
        assert header == "Authorization"
        assert value.reveal()

    async def test_the_script_holds_no_secret(self, bench: Bench) -> None:
        await bench.launch("hello", "open")
        script = await bench.runtime.underneath(ADA, "open")
        assert "(\nset -eu\n" in script
        assert "exec " in script
        assert ONE_TIME not in script

    async def test_the_script_is_known_before_the_launch(self, bench: Bench) -> None:
        before = await bench.runtime.underneath_plan(make_plan("hello", "soon"))
        assert bench.runtime.releases(ADA) == []
        await bench.launch("hello", "soon")
        assert before == await bench.runtime.underneath(ADA, "soon")
        assert ONE_TIME not in before

    async def test_preflight_tells_the_free_disk(self, bench: Bench) -> None:
        facts = await bench.runtime.preflight(make_plan("hello", "asked"))
        assert cast(float, facts["disk_free"]) > 0
        assert bench.runtime.releases(ADA) == []

    async def test_a_change_is_a_new_revision_and_can_be_returned_from(self, bench: Bench) -> None:
        runtime = bench.runtime
        first = await bench.launch("hello", "moves")
        changed = make_plan("hello", "moves", values={"greeting": "good evening"})
        await runtime.upgrade(changed)
        await until(
            lambda: (
                bench.seen("moves").state is State.RUNNING
                and bench.seen("moves").revision > first.revision
                and bench.seen("moves").values["greeting"] == "good evening"
            ),
            saying=lambda: bench.seen("moves"),
        )
        history = await runtime.history(ADA, "moves")
        assert [one.number for one in history] == sorted((h.number for h in history), reverse=True)
        assert history[0].status == "deployed"
        assert [history[0].values["greeting"], history[-1].values["greeting"]] == [
            "good evening",
            "good morning",
        ]
        second = bench.seen("moves").revision
        await runtime.rollback(ADA, "moves", first.revision)
        await until(
            lambda: (
                bench.seen("moves").state is State.RUNNING
                and bench.seen("moves").revision > second
                and bench.seen("moves").values["greeting"] == "good morning"
            ),
            saying=lambda: bench.seen("moves"),
        )
        assert bench.seen("moves").s3_profile == first.s3_profile == changed.s3_profile
        for number in (99, bench.seen("moves").revision):
            with pytest.raises(RevisionNotFoundError):
                await runtime.rollback(ADA, "moves", number)
        for act in (
            runtime.upgrade(make_plan("hello", "nobody")),
            runtime.upgrade(make_plan("hello", "moves", project=EVE)),
            runtime.rollback(EVE, "moves", 1),
            runtime.history(EVE, "moves"),
            runtime.share(EVE, "moves", shared=True),
            runtime.adopt(EVE, "moves", "eve"),
        ):
            with pytest.raises(ServiceNotFoundError):
                await act

    async def test_a_release_is_shared_and_keeps_its_owner(self, bench: Bench) -> None:
        await bench.launch("hello", "common")
        for shared in (True, False):
            await bench.runtime.share(ADA, "common", shared=shared)
            await until(lambda shared=shared: bench.seen("common").shared is shared)  # type: ignore[misc]
        await bench.runtime.adopt(ADA, "common", "eve")
        assert bench.seen("common").owner == "ada"

    async def test_what_would_be_created_is_told_and_not_created(self, bench: Bench) -> None:
        objects = await bench.runtime.planned(make_plan("hello", "idea"))
        assert objects
        assert all(one.kind and one.name for one in objects)
        assert not any(ONE_TIME in one.text for one in objects)
        assert bench.runtime.releases(ADA) == []
        assert all(one.resource and one.hard for one in bench.runtime.quota(ADA))
