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
from sardonyx.adapters.processes.plan_file import (
    KeptPlan,
    keep_revision,
    read_plan,
    read_revisions,
    write_plan,
)
from sardonyx.adapters.processes.profile import Profile, parse_profile
from sardonyx.adapters.processes.release_folder import Record, ReleaseFolder, RunnerState
from sardonyx.adapters.processes.rendering import Place, Rendered, render
from sardonyx.adapters.processes.runner_part import runner_name, runner_part
from sardonyx.adapters.processes.runtime_ports import FindChart, FrontDoor, ServiceCredentials
from sardonyx.adapters.processes.sandbox import layout
from sardonyx.adapters.processes.script import action, script
from sardonyx.adapters.processes.supervisor import Supervisor, boot_id, running
from sardonyx.catalog.models import Chart
from sardonyx.errors import PlatformError, SystemFault
from sardonyx.launcher.references import look_up
from sardonyx.services.errors import (
    FileNotPlacedError,
    LaunchRefusedError,
    NotOnThisRuntimeError,
    RevisionNotFoundError,
    RuntimeUnavailableError,
    ServiceBusyError,
    ServiceExistsError,
    ServiceNotFoundError,
)
from sardonyx.services.models import (
    LaunchPlan,
    Loss,
    Observation,
    PlannedObject,
    QuotaUse,
    Revision,
    State,
)
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
        self._starting_again: set[str] = set()

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
            keep_revision(folder.revisions, 1, plan, "Launched")
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

    async def upgrade(self, plan: LaunchPlan) -> None:
        self._known(plan.project, plan.release)
        chart, profile = self._profile(plan)
        await self._change(plan, chart, profile, "edited", "Edited")

    async def rollback(self, project: str, release: str, revision: int) -> None:
        seen = self._known(project, release)
        folder = self._folder(release)
        kept = {one.number: one for one in await asyncio.to_thread(_revisions, folder, seen)}
        if revision not in kept or revision == seen.record.revision:
            raise RevisionNotFoundError(name=release, revision=revision)
        # Words and sharing are the release's, not a revision's.
        plan = replace(
            kept[revision].plan,
            friendly_name=seen.record.friendly_name,
            shared=seen.plan.shared,
        )
        chart, profile = self._profile(plan)
        await self._change(plan, chart, profile, "rolled_back", f"Rollback to {revision}")

    async def history(self, project: str, release: str) -> Sequence[Revision]:
        seen = self._known(project, release)
        kept = await asyncio.to_thread(_revisions, self._folder(release), seen)
        return [
            Revision(
                number=one.number,
                at=one.at,
                status="deployed" if one.number == seen.record.revision else "superseded",
                chart=one.plan.chart,
                description=one.description,
                values=one.plan.values,
                secret_paths=one.plan.secret_paths,
            )
            for one in reversed(kept)
        ]

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
        self._not_leaving(self._known(project, release))
        async with self._lock(release):
            # Looked at inside: who waited here for an earlier resume has nothing left to do.
            seen = self._known(project, release)
            if seen.observation.state in {State.PREPARING, State.STARTING, State.RUNNING}:
                return
            self._not_leaving(seen)
            folder = self._folder(release)
            folder.write_record(replace(folder.read_record(), desired="running"))
            await self._again(release, "resumed")

    async def restart(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        self._not_leaving(seen)
        if release in self._starting_again:
            return  # asked twice: it is stopped and started once
        self._begin_again(seen, "restarted")

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

    async def share(self, project: str, release: str, *, shared: bool) -> None:
        self._known(project, release)
        async with self._lock(release):
            seen = self._known(project, release)
            write_plan(self._folder(release).plan, replace(seen.plan, shared=shared))
            self._watch.look_at(release)

    async def adopt(self, project: str, release: str, owner: str) -> None:
        self._known(project, release)  # every release of a machine has its owner

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

    async def logs(
        self, project: str, release: str, *, lines: int = 200, previous: bool = False
    ) -> str:
        place = self._log_place(project, release)
        if previous:  # one log holds every run of a release
            return ""
        return await asyncio.to_thread(service_files.last_lines, place, lines)

    def follow_logs(self, project: str, release: str, *, lines: int = 0) -> AsyncIterator[str]:
        return service_files.follow(self._log_place(project, release), lines=lines)

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
        rendered = self._rendered_again(seen)
        return "password", Secret(rendered.password)

    async def underneath(self, project: str, release: str) -> str:
        return await self.underneath_plan(self._known(project, release).plan)

    async def underneath_plan(self, plan: LaunchPlan) -> str:
        chart, profile = self._profile(plan)
        return script(chart, profile, plan, discovery=self._discovery(plan, profile))

    def underneath_action(self, verb: str, project: str, release: str, *, revision: int = 0) -> str:
        seen = self._known(project, release)
        plan = seen.plan
        if verb == "roll_back":
            kept = _revisions(self._folder(release), seen)
            plan = next((one.plan for one in kept if one.number == revision), plan)
        elif verb not in {"resume", "restart"}:
            return action(verb, release)
        try:
            chart, profile = self._profile(plan)
        except PlatformError:  # its chart is gone
            return action(verb, release)
        discovery = self._discovery(plan, profile)
        return action(verb, release) + script(chart, profile, plan, discovery=discovery)

    def underneath_look(self, project: str, release: str | None = None) -> str:
        return ""  # a script's own folder and terminal show all there is

    async def preflight(self, plan: LaunchPlan) -> dict[str, str | int | float]:
        chart, profile = self._profile(plan)
        return await asyncio.to_thread(launch_facts, self._home, chart, profile)

    async def planned(self, plan: LaunchPlan) -> Sequence[PlannedObject]:
        return (PlannedObject("Process", plan.release, await self.underneath_plan(plan)),)

    def quota(self, project: str) -> Sequence[QuotaUse]:
        return ()  # a machine gives what it has

    # What the writes share

    async def _change(
        self, plan: LaunchPlan, chart: Chart, profile: Profile, step: str, description: str
    ) -> None:
        """Make `plan` the release's next revision; start it again unless it is paused."""
        release = plan.release
        self._not_starting_again(plan)
        async with self._lock(release):  # a pause may be at its end
            self._not_starting_again(plan)
            seen = self._known(plan.project, release)
            self._not_leaving(seen)
            self._refuse_unresolved(self._rendered(chart, profile, plan, seen.record))
            if seen.observation.state is not State.PAUSED and not running(self._home):
                raise RuntimeUnavailableError
            folder, number = self._folder(release), seen.record.revision + 1
            if not folder.revisions.exists():  # launched before revisions were kept
                keep_revision(folder.revisions, seen.record.revision, seen.plan, "Launched")
            keep_revision(folder.revisions, number, plan, description)
            write_plan(folder.plan, plan)
            folder.write_record(
                replace(seen.record, revision=number, friendly_name=plan.friendly_name)
            )
            folder.tell(step, "done", detail={"revision": number})
            self._watch.look_at(release)
            seen = self._known(plan.project, release)
            if seen.observation.state is not State.PAUSED:
                self._begin_again(seen, "")

    def _not_starting_again(self, plan: LaunchPlan) -> None:
        if plan.release in self._starting_again:
            raise ServiceBusyError(name=plan.friendly_name, state=State.STARTING.value)

    def _begin_again(self, seen: Seen, told: str) -> None:
        release, folder = seen.plan.release, self._folder(seen.plan.release)
        folder.write_record(replace(folder.read_record(), desired="running"))
        folder.write_state(RunnerState(boot_id(self._home), State.STARTING, _started(seen)))
        self._starting_again.add(release)
        self._watch.look_at(release)
        self._spawn(self._stop_and_again(release, told))

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
        self._refuse_unresolved(rendered)
        return rendered

    def _refuse_unresolved(self, rendered: Rendered) -> None:
        if rendered.problems:
            raise LaunchRefusedError(problems=rendered.problems, count=len(rendered.problems))

    def _rendered_again(self, seen: Seen) -> Rendered:
        """Render for what stays the same at each launch: header, password, addresses."""
        chart, profile = self._profile(seen.plan)
        return self._rendered(chart, profile, seen.plan, seen.record)

    def _rendered(
        self, chart: Chart, profile: Profile, plan: LaunchPlan, record: Record
    ) -> Rendered:
        """Render without issuing credentials: nothing is changed."""
        level = kept_level(self._home)
        place = Place(
            layout=layout(self._folder(plan.release), level),
            level=level,
            boot="",
            port=record.port,
            address_port=record.address_port,
            domain=self._domain,
            discovery=self._discovery(plan, profile),
        )
        return render(chart, profile, plan, place)

    async def _again(self, release: str, told: str) -> None:
        """Start what is stopped. The caller holds the release's lock."""
        folder = self._folder(release)
        plan, record = read_plan(folder.plan), folder.read_record()
        chart, profile = self._profile(plan)
        rendered = await self._render(chart, profile, plan, record.port, record.address_port)
        if told:
            folder.tell(told, "done")
        await self._begin(plan, folder, folder.read_record(), rendered)

    async def _stop_and_again(self, release: str, told: str) -> None:
        """Stop, then start. A pause or a deletion asked meanwhile wins."""
        folder = self._folder(release)
        try:
            async with self._lock(release):
                await self._supervisor.aremove(runner_name(release))
                if folder.read_record().desired == "running":
                    await self._again(release, told)
        except (PlatformError, OSError, ValueError) as error:
            reason = str(error)
            if isinstance(error, PlatformError):
                reason = error.detail_text().in_language(DEFAULT_LANGUAGE)
            state = RunnerState(boot_id(self._home), State.FAILED, facts={"start_refused": reason})
            with suppress(OSError):  # the folder itself may be what fails, or be gone
                folder.write_state(state)
            self._watch.look_at(release)
        finally:
            self._starting_again.discard(release)

    async def _end(self, release: str, state: State) -> None:
        """Take the runner away; where it could not say how it ended, say so."""

        async def told() -> None:
            folder = self._folder(release)
            seen = folder.read_state()
            if seen.state != state:
                folder.tell(state, "done")
                folder.write_state(replace(seen, state=state, facts={}))

        async with self._lock(release):
            with suppress(RuntimeUnavailableError):
                await self._supervisor.aremove(runner_name(release))
            await self._until_done(told)  # a full disk must not leave it “pausing” for ever
            self._watch.look_at(release)

    async def _remove(self, release: str) -> None:
        """Stop, revoke, archive, remove. Repeated at the next start if cut."""
        folder = self._folder(release)
        async with self._lock(release):
            with suppress(RuntimeUnavailableError):
                await self._supervisor.aremove(runner_name(release))
            await self._until_done(lambda: self._credentials.revoke(release))
            await self._until_done(lambda: self._front_door.remove(release))
            with suppress(OSError):  # on a full disk the deletion goes on without its archive
                await asyncio.to_thread(removal.archive, self._home, folder)
            await self._until_done(lambda: asyncio.to_thread(removal.remove_folder, folder))
            self._watch.look()

    async def _until_done(self, act: Callable[[], Awaitable[None]]) -> None:
        """Repeat what a part that is down makes fail: a deletion leaves no key behind."""
        while True:
            try:
                await act()
            except (SystemFault, OSError):
                await asyncio.sleep(_REPEAT_SECONDS)
            else:
                return

    async def _open_way(self, release: str, seen: Seen) -> None:
        try:
            rendered = self._rendered_again(seen)
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


def _revisions(folder: ReleaseFolder, seen: Seen) -> list[KeptPlan]:
    """Return the revisions kept; for a release of before there were any, what it is now."""
    kept = read_revisions(folder.revisions)
    if kept:
        return kept
    return [KeptPlan(seen.record.revision, seen.observation.created_at, "Launched", seen.plan)]


def _started(seen: Seen) -> str | None:
    at = seen.observation.started_at
    return at.isoformat() if at is not None else None
