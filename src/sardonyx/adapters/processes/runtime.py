"""Run releases as supervised, sandboxed processes of this machine (`services.ports.Runtime`).

A write puts owner-only files in place and asks the supervisor for the release's runner; what
takes time happens in the runner or in a task of ours. Reads come from the watch cache.
Over 400 lines: one class answers a port of many verbs, and what they share belongs to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sardonyx.adapters.processes import removal, service_files
from sardonyx.adapters.processes.beneath import place_beneath
from sardonyx.adapters.processes.home import Home, free_ports
from sardonyx.adapters.processes.machine import kept_level, launch_facts
from sardonyx.adapters.processes.observing import Seen, Watch
from sardonyx.adapters.processes.plan_file import read_plan, write_plan
from sardonyx.adapters.processes.profile import Profile, parse_profile
from sardonyx.adapters.processes.release_folder import Record, ReleaseFolder, RunnerState
from sardonyx.adapters.processes.rendering import Place, Rendered, render
from sardonyx.adapters.processes.runner_part import runner_name, runner_part
from sardonyx.adapters.processes.runtime_ports import FindChart, FrontDoor, ServiceCredentials
from sardonyx.adapters.processes.sandbox import layout
from sardonyx.adapters.processes.script import script
from sardonyx.adapters.processes.supervisor import Supervisor, boot_id, running
from sardonyx.catalog.models import Chart
from sardonyx.errors import PlatformError, SystemFault
from sardonyx.launcher.references import look_up
from sardonyx.services.errors import (
    FileNotPlacedError,
    LaunchRefusedError,
    NotOnThisRuntimeError,
    RuntimeUnavailableError,
    ServiceBusyError,
    ServiceExistsError,
    ServiceNotFoundError,
)
from sardonyx.services.models import LaunchPlan, Loss, Observation, State
from sardonyx.text import DEFAULT_LANGUAGE
from sardonyx.values import JsonObject, Secret

_REPEAT_SECONDS = 1.0


class LocalRuntime:
    """The releases of one home. `start` before use, `close` after."""

    def __init__(
        self,
        *,
        home: Home,
        domain: str,
        find_chart: FindChart,
        credentials: ServiceCredentials,
        front_door: FrontDoor,
    ) -> None:
        self._home = home
        self._domain = domain
        self._find_chart = find_chart
        self._credentials = credentials
        self._front_door = front_door
        self._supervisor = Supervisor(home)
        self._watch = Watch(
            home.services,
            boot=lambda: boot_id(home),
            alive=lambda: running(home),
            domain=domain,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: dict[str, asyncio.Lock] = {}

    async def start(self) -> None:
        """Read what is there, open the ways to it, end what was being deleted, then watch."""
        self._watch.look()
        known = list(self._watch.all().items())
        # All at once: services that went on without the portal keep their ways.
        await asyncio.gather(
            *(
                self._open_way(release, seen)
                for release, seen in known
                if seen.record.web and seen.record.desired != "deleted"
            )
        )
        for release, seen in known:
            if seen.record.desired == "deleted":
                self._spawn(self._remove(release))
        self._spawn(self._watch.run())

    async def close(self) -> None:
        """Stop watching. Services go on."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def install(self, plan: LaunchPlan) -> None:
        if plan.release in self._watch.all() or self._home.service(plan.release).exists():
            raise ServiceExistsError(name=plan.release, project=plan.project, field="name")
        if not running(self._home):
            raise RuntimeUnavailableError
        chart, profile = self._profile(plan)
        port, address_port = free_ports(2)
        folder = self._folder(plan.release)
        folder.prepare()
        try:
            write_plan(folder.plan, plan)
            rendered = await self._render(chart, profile, plan, port, address_port)
            folder.tell("asked", "done")
            folder.tell("checked", "done")
            folder.tell("values", "done")
            record = Record(
                friendly_name=plan.friendly_name,
                created_at=datetime.now(UTC).isoformat(),
                desired="running",
                port=port,
                address_port=address_port,
            )
            await self._begin(plan, folder, record, rendered)
        except BaseException:
            # What was begun must not run on without its folder; each step only where it went.
            with suppress(SystemFault):
                await self._supervisor.aremove(runner_name(plan.release))
            with suppress(SystemFault):
                await self._front_door.remove(plan.release)
            with suppress(SystemFault):  # what was issued goes with the folder, or expires
                await self._credentials.revoke(plan.release)
            await asyncio.to_thread(removal.remove_folder, folder)
            raise

    async def suspend(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        if seen.observation.state in {State.PAUSED, State.PAUSING}:
            return
        self._not_leaving(seen)
        folder = self._folder(release)
        folder.write_record(replace(seen.record, desired="paused"))
        folder.write_state(RunnerState(boot_id(self._home), State.PAUSING, _started(seen)))
        self._watch.look_at(release)
        self._spawn(self._end(release, State.PAUSED))

    async def resume(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        if seen.observation.state in {State.PREPARING, State.STARTING, State.RUNNING}:
            return
        self._not_leaving(seen)
        await self._again(release, "resumed")

    async def restart(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        self._not_leaving(seen)
        folder = self._folder(release)
        folder.write_state(RunnerState(boot_id(self._home), State.STARTING, _started(seen)))
        self._watch.look_at(release)
        self._spawn(self._stop_and_again(release))

    async def uninstall(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        if seen.record.desired == "deleted":
            return
        self._folder(release).write_record(replace(seen.record, desired="deleted"))
        self._watch.look_at(release)
        self._spawn(self._remove(release))

    async def rename(self, project: str, release: str, friendly_name: str) -> None:
        seen = self._known(project, release)
        self._folder(release).write_record(replace(seen.record, friendly_name=friendly_name))
        self._watch.look_at(release)

    def releases(self, project: str) -> Sequence[Observation]:
        found = [
            seen.observation
            for seen in self._watch.all().values()
            if seen.observation.project == project
        ]
        return sorted(found, key=lambda one: one.created_at, reverse=True)

    def release(self, project: str, release: str) -> Observation:
        return self._known(project, release).observation

    def observe(self, project: str) -> AsyncIterator[Observation]:
        return self._watch.observe(project)

    async def logs(self, project: str, release: str, *, lines: int = 200) -> str:
        place = self._log_place(project, release)
        return await asyncio.to_thread(service_files.last_lines, place, lines)

    def follow_logs(self, project: str, release: str) -> AsyncIterator[str]:
        return service_files.follow(self._log_place(project, release))

    async def losses(self, project: str, release: str) -> Sequence[Loss]:
        self._known(project, release)
        return await asyncio.to_thread(service_files.losses, self._folder(release).work)

    async def place_file(self, project: str, release: str, name: str, content: bytes) -> bool:
        self._known(project, release)
        work = self._folder(release).work
        try:
            return await asyncio.to_thread(place_beneath, work, name, content)
        except (OSError, ValueError) as error:
            raise FileNotPlacedError(file=name, name=release, reason=str(error)) from error

    async def service_credential(
        self, project: str, release: str, *, life: timedelta
    ) -> tuple[str, Secret]:
        seen = self._known(project, release)
        if seen.record.web:
            return await self._front_door.credential(release, life=life)
        _, rendered = self._rendered_again(seen)
        return "password", Secret(rendered.password)

    async def underneath(self, project: str, release: str) -> str:
        return await self.underneath_plan(self._known(project, release).plan)

    async def underneath_plan(self, plan: LaunchPlan) -> str:
        chart, profile = self._profile(plan)
        return script(chart, profile, plan, discovery=self._discovery(plan, profile))

    async def preflight(self, plan: LaunchPlan) -> dict[str, str | int | float]:
        chart, profile = self._profile(plan)
        return await asyncio.to_thread(launch_facts, self._home, chart, profile)

    # What the writes share

    async def _begin(
        self, plan: LaunchPlan, folder: ReleaseFolder, record: Record, rendered: Rendered
    ) -> None:
        """Put orders and record in place, open the way, ask for the runner."""
        record = replace(
            record,
            web=rendered.web,
            address=rendered.address,
            notes=rendered.notes,
            provides=rendered.provides,
            desired="running",
        )
        folder.write_orders(rendered.orders)
        folder.write_state(RunnerState(rendered.orders.boot, State.PREPARING))
        folder.write_record(record)
        await self._supervisor.aadd(runner_part(self._home, plan.release), nests=True)
        if record.web:
            await self._add_way(plan.release, record, rendered)
        self._watch.begun(plan.release)

    async def _render(
        self, chart: Chart, profile: Profile, plan: LaunchPlan, port: int, address_port: int
    ) -> Rendered:
        level = kept_level(self._home)
        places = layout(self._folder(plan.release), level)
        issued = await self._credentials.issue(plan, token_file=places.token)
        place = Place(
            layout=places,
            level=level,
            boot=boot_id(self._home),
            port=port,
            address_port=address_port,
            domain=self._domain,
            discovery=self._discovery(plan, profile),
            issued=issued,
        )
        rendered = await asyncio.to_thread(render, chart, profile, plan, place)
        if rendered.problems:
            raise LaunchRefusedError(problems=rendered.problems, count=len(rendered.problems))
        return rendered

    def _rendered_again(self, seen: Seen) -> tuple[Profile, Rendered]:
        """Render for what stays the same at each launch: header, password, addresses."""
        chart, profile = self._profile(seen.plan)
        level = kept_level(self._home)
        place = Place(
            layout=layout(self._folder(seen.plan.release), level),
            level=level,
            boot="",
            port=seen.record.port,
            address_port=seen.record.address_port,
            domain=self._domain,
        )
        return profile, render(chart, profile, seen.plan, place)

    async def _again(self, release: str, told: str) -> None:
        async with self._lock(release):
            folder = self._folder(release)
            plan, record = read_plan(folder.plan), folder.read_record()
            chart, profile = self._profile(plan)
            rendered = await self._render(chart, profile, plan, record.port, record.address_port)
            folder.tell(told, "done")
            await self._begin(plan, folder, replace(record, revision=record.revision + 1), rendered)

    async def _stop_and_again(self, release: str) -> None:
        try:
            await self._supervisor.aremove(runner_name(release))
            await self._again(release, "restarted")
        except PlatformError as error:
            facts = {"start_refused": error.detail_text().in_language(DEFAULT_LANGUAGE)}
            state = RunnerState(boot_id(self._home), State.FAILED, facts={**facts})
            self._folder(release).write_state(state)
            self._watch.look_at(release)

    async def _end(self, release: str, state: State) -> None:
        """Take the runner away; where it could not say how it ended, say so."""
        async with self._lock(release):
            with suppress(RuntimeUnavailableError):
                await self._supervisor.aremove(runner_name(release))
            folder = self._folder(release)
            told = folder.read_state()
            if told.state != state:
                folder.tell(state, "done")
                folder.write_state(replace(told, state=state, facts={}))
            self._watch.look_at(release)

    async def _remove(self, release: str) -> None:
        """Stop, revoke, archive, remove. Repeated at the next start if cut."""
        async with self._lock(release):
            with suppress(RuntimeUnavailableError):
                await self._supervisor.aremove(runner_name(release))
            await self._until_done(lambda: self._credentials.revoke(release))
            await self._until_done(lambda: self._front_door.remove(release))
            await asyncio.to_thread(removal.archive, self._home, self._folder(release))
            await asyncio.to_thread(removal.remove_folder, self._folder(release))
            self._watch.look()

    async def _until_done(self, act: Callable[[], Awaitable[None]]) -> None:
        """Repeat what a part that is down makes fail: a deletion leaves no key behind."""
        while True:
            try:
                await act()
            except SystemFault:
                await asyncio.sleep(_REPEAT_SECONDS)
            else:
                return

    async def _open_way(self, release: str, seen: Seen) -> None:
        try:
            _, rendered = self._rendered_again(seen)
        except (PlatformError, OSError):
            return  # its chart is gone: the service stays visible, and can be deleted
        await self._add_way(release, seen.record, rendered)

    async def _add_way(self, release: str, record: Record, rendered: Rendered) -> None:
        socket = self._folder(release).socket
        await self._front_door.add(
            release=release,
            upstream=f"127.0.0.1:{record.port}" if rendered.orders.port else f"unix/{socket}",
            header=rendered.header,
            address_port=record.address_port,
        )

    def _profile(self, plan: LaunchPlan) -> tuple[Chart, Profile]:
        chart = self._find_chart(plan.chart)
        if chart.local is None:
            raise NotOnThisRuntimeError(chart=plan.chart.chart)
        return chart, parse_profile(chart.local, chart=plan.chart.chart)

    def _discovery(self, plan: LaunchPlan, profile: Profile) -> Mapping[str, JsonObject]:
        """Return what running services of the project provide, the first started of a kind."""
        found: dict[str, JsonObject] = {}
        for one in reversed(self.releases(plan.project)):
            if one.release == plan.release or one.state not in {State.RUNNING, State.STARTING}:
                continue
            for provided in self._watch.all()[one.release].record.provides:
                kind = provided["kind"]
                # The form may say no: `discovery.<kind>` of the values.
                refused = look_up(("discovery", kind), plan.merged) is False
                if kind in profile.discover.uses and not refused:
                    found.setdefault(kind, provided["keys"])
        return found

    def _known(self, project: str, release: str) -> Seen:
        seen = self._watch.all().get(release)
        if seen is None or seen.observation.project != project:
            raise ServiceNotFoundError(name=release, project=project)
        return seen

    def _not_leaving(self, seen: Seen) -> None:
        if seen.observation.state in {State.PAUSING, State.STOPPING}:
            raise ServiceBusyError(
                name=seen.observation.friendly_name, state=seen.observation.state.value
            )

    def _log_place(self, project: str, release: str) -> service_files.LogPlace:
        seen = self._watch.all().get(release)
        if seen is not None and seen.observation.project == project:
            return service_files.LogPlace(self._folder(release).log)
        archived = removal.newest_archive(self._home, project, release)
        if archived is None:
            raise ServiceNotFoundError(name=release, project=project)
        return service_files.LogPlace(archived / "logs" / "service.log")

    def _folder(self, release: str) -> ReleaseFolder:
        return ReleaseFolder(self._home.service(release))

    def _lock(self, release: str) -> asyncio.Lock:
        return self._busy.setdefault(release, asyncio.Lock())

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _started(seen: Seen) -> str | None:
    at = seen.observation.started_at
    return at.isoformat() if at is not None else None
