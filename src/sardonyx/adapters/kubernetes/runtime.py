"""Run releases on a Kubernetes (`services.ports.Runtime`): ask for operations, read the cache.

A write puts an operation into the cluster, which is its acknowledgement; the replica that holds
the queue's Lease carries it out (`carrier`). Reads come from the watch cache and ask nobody.
Over 400 lines: one class answers a port of many verbs, and what they share belongs to it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sardonyx.adapters.helm.manifests import ManifestUnreadableError, read_manifest
from sardonyx.adapters.kubernetes import onyxia_secret, underneath
from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.confined import ConfinedAccounts
from sardonyx.adapters.kubernetes.credential import own_credential
from sardonyx.adapters.kubernetes.kinds import CLAIMS, PODS, SECRETS
from sardonyx.adapters.kubernetes.logs import ClusterLogs
from sardonyx.adapters.kubernetes.onyxia_secret import About
from sardonyx.adapters.kubernetes.operations import SECRET_TYPE as OPERATION_TYPE
from sardonyx.adapters.kubernetes.operations import (
    VALUES_BYTES,
    Operation,
    OperationStatus,
    Verb,
    read_operation,
    secret_name,
    values_size,
)
from sardonyx.adapters.kubernetes.placing import PodFiles
from sardonyx.adapters.kubernetes.preflight import Preflight
from sardonyx.adapters.kubernetes.rehearsal import Asked, Rehearsals
from sardonyx.adapters.kubernetes.sealed import SealedOperations
from sardonyx.adapters.kubernetes.store import ONYXIA, OPERATIONS
from sardonyx.adapters.kubernetes.underneath import ChartPlace, place_of
from sardonyx.adapters.kubernetes.volumes import volume_losses
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.credentials.models import Issued
from sardonyx.credentials.ports import ReleaseCredentials
from sardonyx.errors import UserError
from sardonyx.projects.errors import WorkspaceRefusedError
from sardonyx.services.errors import (
    ClusterConflictError,
    ClusterObjectNotFoundError,
    ClusterRefusedError,
    NotSuspendableError,
    PlanRefusedError,
    RevisionNotFoundError,
    ServiceBusyError,
    ServiceChangedError,
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
from sardonyx.text import Scalar
from sardonyx.values import JsonObject, Secret

_ALIVE = {State.PREPARING, State.STARTING, State.RUNNING}


@dataclass(frozen=True, slots=True)
class RuntimeParts:
    """What the runtime stands on.

    platform: calls with the platform's own account. wake: tells the queue to look at once.
    find_chart: the chart of a release, also one that left the catalogue. address: where a
    catalogue's charts are, empty for a folder. namespace: of a project's id.
    """

    cache: ClusterCache
    logs: ClusterLogs
    platform: ClusterClient
    accounts: ConfinedAccounts
    rehearsals: Rehearsals
    preflight: Preflight
    credentials: ReleaseCredentials
    seals: SealedOperations
    files: PodFiles
    find_chart: Callable[[ChartRef], Chart]
    address: Callable[[str], str]
    namespace: Callable[[str], str]
    wake: Callable[[], None]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


class KubernetesRuntime:
    """The releases of one cluster."""

    def __init__(self, parts: RuntimeParts) -> None:
        self._parts = parts
        self._reads = parts.cache

    # What is asked

    async def install(self, plan: LaunchPlan) -> None:
        namespace = self._parts.namespace(plan.project)
        with suppress(ServiceNotFoundError):
            seen = self._reads.observation(namespace, plan.release)
            if seen.state is not State.FAILED or seen.owner != plan.owner:
                raise ServiceExistsError(name=plan.release, project=plan.project, field="name")
        # A look before the launch rendered the same, but for credentials: no need to once more.
        checked = await self._parts.rehearsals.known(self._asked(plan))
        issued = await self._parts.credentials.issue(plan)
        asked = self._of_plan(Verb.INSTALL, namespace, issued)
        await self._ask(replace(asked, checked=checked))

    async def upgrade(self, plan: LaunchPlan) -> None:
        seen = self._known(plan.project, plan.release)
        self._settled(seen)
        checked = await self._parts.rehearsals.known(self._asked(plan))
        issued = await self._parts.credentials.issue(plan)
        asked = self._of_plan(Verb.UPGRADE, self._parts.namespace(plan.project), issued)
        paths = asked.secret_paths | seen.secret_paths
        await self._ask(replace(asked, secret_paths=paths, expected=seen.revision, checked=checked))

    async def rollback(self, project: str, release: str, revision: int) -> None:
        seen = self._known(project, release)
        self._settled(seen)
        namespace = self._parts.namespace(project)
        for one in self._reads.revisions(namespace, release):
            if one.number == revision and revision != seen.revision:
                break
        else:
            raise RevisionNotFoundError(name=release, revision=revision)
        asked = replace(
            self._of_seen(Verb.ROLLBACK, seen, namespace), chart=one.chart, revision=revision
        )
        await self._ask(await self._with_fresh_keys(asked, one.values))

    async def suspend(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        if seen.state in {State.PAUSED, State.PAUSING}:
            return
        self._settled(seen)
        if not seen.suspendable:
            raise NotSuspendableError(chart=seen.chart.chart)
        await self._ask(self._of_seen(Verb.SUSPEND, seen, self._parts.namespace(project)))

    async def resume(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        if seen.state in _ALIVE:
            return
        namespace = self._parts.namespace(project)
        if await self._retried(namespace, release):
            return
        self._not_leaving(seen)
        if seen.state is State.FAILED and _helm_status(seen) == "deployed":
            await self._pods_again(namespace, seen)
            return
        asked = self._of_seen(Verb.RESUME, seen, namespace)
        await self._ask(await self._with_fresh_keys(asked, seen.values))

    async def restart(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        self._not_leaving(seen)
        namespace = self._parts.namespace(project)
        if seen.state is State.PAUSED:
            await self.resume(project, release)
        elif not await self._retried(namespace, release):
            await self._pods_again(namespace, seen)

    async def uninstall(self, project: str, release: str) -> None:
        seen = self._known(project, release)
        namespace = self._parts.namespace(project)
        await self._ask(self._of_seen(Verb.UNINSTALL, seen, namespace), over_all=True)

    async def rename(self, project: str, release: str, friendly_name: str) -> None:
        await self._told(project, release, {"friendlyName": friendly_name})

    async def share(self, project: str, release: str, *, shared: bool) -> None:
        await self._told(project, release, {"share": "true" if shared else "false"})

    async def adopt(self, project: str, release: str, owner: str) -> None:
        if not self._known(project, release).owner:
            await self._told(project, release, {"owner": owner})

    # What is seen

    def releases(self, project: str) -> Sequence[Observation]:
        namespace = self._parts.namespace(project)
        return [_of_project(seen, project) for seen in self._reads.observations(namespace)]

    def release(self, project: str, release: str) -> Observation:
        return self._known(project, release)

    async def observe(self, project: str) -> AsyncIterator[Observation]:
        async with aclosing(self._reads.changes(self._parts.namespace(project))) as changes:
            async for seen in changes:
                yield _of_project(seen, project)

    async def history(self, project: str, release: str) -> Sequence[Revision]:
        self._known(project, release)
        return self._reads.revisions(self._parts.namespace(project), release)

    def quota(self, project: str) -> Sequence[QuotaUse]:
        return self._reads.quota(self._parts.namespace(project))

    async def logs(
        self, project: str, release: str, *, lines: int = 200, previous: bool = False
    ) -> str:
        namespace = self._parts.namespace(project)
        text = await self._parts.logs.logs(namespace, release, lines=lines, previous=previous)
        if not text:  # a name that nobody knows has no logs
            self._known(project, release)
        return text

    async def follow_logs(
        self, project: str, release: str, *, lines: int = 0
    ) -> AsyncIterator[str]:
        self._known(project, release)
        namespace = self._parts.namespace(project)
        async with aclosing(self._parts.logs.follow(namespace, release, lines=lines)) as texts:
            async for text in texts:
                yield text

    async def losses(self, project: str, release: str) -> Sequence[Loss]:
        seen = self._known(project, release)
        namespace = self._parts.namespace(project)
        # Volumes are not among what the platform's own account sees in each identity mode.
        client = await self._parts.accounts.client(namespace)
        claims = await client.list(CLAIMS, namespace=namespace)
        with suppress(ServiceNotFoundError, ManifestUnreadableError):
            stored = self._reads.stored(namespace, release)
            return volume_losses(release, read_manifest(stored.manifest), claims)
        return volume_losses(seen.release, (), claims)

    async def service_credential(
        self, project: str, release: str, *, life: timedelta
    ) -> tuple[str, Secret]:
        seen = self._known(project, release)
        namespace = self._parts.namespace(project)
        stored = self._reads.stored(namespace, release)
        chart = self._chart(seen.chart)
        client = await self._parts.accounts.client(namespace)
        names = [one.name for one in read_manifest(stored.manifest) if one.kind == "Secret"]
        found = []
        for name in names:
            with suppress(ClusterObjectNotFoundError):
                found.append(await client.get(SECRETS, name, namespace=namespace))
        credential = own_credential(seen.values, found, chart.local if chart else None)
        if credential is None:
            raise ServiceBusyError(name=release, state=seen.state.value)
        return credential

    async def place_file(self, project: str, release: str, name: str, content: bytes) -> bool:
        self._known(project, release)
        namespace = self._parts.namespace(project)
        return await self._parts.files.place(namespace, release, name, content)

    # What would be

    async def preflight(self, plan: LaunchPlan) -> dict[str, Scalar]:
        return await self._parts.preflight.facts(self._asked(plan))

    async def planned(self, plan: LaunchPlan) -> Sequence[PlannedObject]:
        return await self._parts.rehearsals.planned(self._asked(plan))

    async def underneath(self, project: str, release: str) -> str:
        seen = self._known(project, release)
        return await self.underneath_plan(
            LaunchPlan(
                release=release,
                project=project,
                owner=seen.owner,
                friendly_name=seen.friendly_name,
                shared=seen.shared,
                chart=seen.chart,
                values=seen.values,
                merged=seen.values,
                context={},
                secret_paths=seen.secret_paths,
            )
        )

    async def underneath_plan(self, plan: LaunchPlan) -> str:
        return underneath.launch(plan, self._parts.namespace(plan.project), self._place(plan.chart))

    def underneath_action(self, verb: str, project: str, release: str, *, revision: int = 0) -> str:
        seen = self._known(project, release)
        namespace, place = self._parts.namespace(project), self._place(seen.chart)
        made: Mapping[str, Callable[[], str]] = {
            "pause": lambda: underneath.pause(release, seen.chart, namespace, place, paused=True),
            "resume": lambda: underneath.pause(release, seen.chart, namespace, place, paused=False),
            "roll_back": lambda: underneath.rollback(release, revision, namespace),
            "delete": lambda: underneath.uninstall(release, namespace),
            "restart": lambda: underneath.restart(release, namespace),
            "history": lambda: underneath.history(release, namespace),
        }
        return made[verb]()

    def underneath_look(self, project: str, release: str | None = None) -> str:
        return underneath.look(self._parts.namespace(project), release)

    # Inside

    def _known(self, project: str, release: str) -> Observation:
        try:
            seen = self._reads.observation(self._parts.namespace(project), release)
        except ServiceNotFoundError as fault:
            raise ServiceNotFoundError(name=release, project=project, field="name") from fault
        return _of_project(seen, project)

    def _of_plan(self, verb: Verb, namespace: str, issued: Issued) -> Operation:
        plan = issued.plan
        return Operation(
            id=secrets.token_hex(8),
            namespace=namespace,
            release=plan.release,
            verb=verb,
            asked_at=self._parts.clock(),
            by=plan.owner,
            owner=plan.owner,
            friendly_name=plan.friendly_name,
            shared=plan.shared,
            chart=plan.chart,
            digest=self._digest(plan.chart),
            values=plan.values,
            secret_paths=plan.secret_paths,
            keys_until=_moment(issued.keys_until),
            project=plan.project,
            s3_profile=plan.s3_profile or "",
        )

    def _of_seen(self, verb: Verb, seen: Observation, namespace: str) -> Operation:
        return Operation(
            id=secrets.token_hex(8),
            namespace=namespace,
            release=seen.release,
            verb=verb,
            asked_at=self._parts.clock(),
            by=seen.owner,
            owner=seen.owner,
            friendly_name=seen.friendly_name,
            shared=seen.shared,
            chart=seen.chart,
            digest=self._digest(seen.chart),
            secret_paths=seen.secret_paths,
            expected=seen.revision,
            project=seen.project,
            s3_profile=seen.s3_profile or "",
        )

    async def _with_fresh_keys(self, asked: Operation, values: JsonObject) -> Operation:
        fresh = await self._parts.credentials.reissue(
            project=asked.project,
            release=asked.release,
            owner=asked.owner,
            values=values,
            s3_profile=asked.s3_profile,
        )
        return replace(
            asked,
            values=fresh.values,
            secret_paths=asked.secret_paths | fresh.secret_paths,
            keys_until=_moment(fresh.keys_until),
        )

    async def _ask(self, asked: Operation, *, over_all: bool = False) -> None:
        """Put the operation into the cluster; over_all: in the place of any other one.

        Raises ServiceBusyError while another is under way, PlanRefusedError when its values are
        too large, WorkspaceRefusedError without a namespace.
        """
        if (size := values_size(asked)) > VALUES_BYTES:
            reason = f"values of {size} bytes, {VALUES_BYTES} at most"
            raise PlanRefusedError(name=asked.release, reason=reason)
        try:
            stored = await self._put(asked, over_all=over_all)
        except ClusterObjectNotFoundError as fault:
            raise self._no_place(asked, "it does not exist") from fault
        except ClusterRefusedError as fault:
            reason = str(fault.values.get("reason", ""))
            if "being terminated" in reason:
                raise self._no_place(asked, "it is being deleted") from fault
            raise
        notice(self._reads, stored)
        self._parts.wake()

    async def _put(self, asked: Operation, *, over_all: bool) -> JsonObject:
        client, namespace = self._parts.platform, asked.namespace
        for _ in range(5):  # another request may come in between
            try:
                return await client.create(
                    SECRETS, self._parts.seals.secret(asked), namespace=namespace
                )
            except ClusterConflictError:
                former = await self._former(namespace, asked.release)
            if former is None:
                continue
            if former.status is not OperationStatus.FAILED and not over_all:
                raise ServiceBusyError(name=asked.release, state=former.verb.value)
            with suppress(ClusterConflictError, ClusterObjectNotFoundError):
                name = secret_name(asked.release)
                # A deletion that failed is tried again as such: then without hooks.
                again = former.attempt if former.verb is asked.verb is Verb.UNINSTALL else 0
                content = self._parts.seals.secret(
                    replace(asked, version=former.version, attempt=again)
                )
                return await client.replace(SECRETS, name, content, namespace=namespace)
        raise ServiceBusyError(name=asked.release, state=asked.verb.value)

    async def _former(self, namespace: str, release: str) -> Operation | None:
        """Return the operation that is there; None when there is none any more."""
        try:
            found = await self._parts.platform.get(
                SECRETS, secret_name(release), namespace=namespace
            )
        except ClusterObjectNotFoundError:
            return None
        former = read_operation(found)
        if former is None:  # a Secret of that name which is no operation is not replaced
            raise ServiceChangedError(name=release)
        return former if self._parts.seals.is_ours(found) else replace(former, values={}, by="")

    async def _retried(self, namespace: str, release: str) -> bool:
        """Ask a failed operation once more; False when none has failed."""
        former = await self._former(namespace, release)
        # What another wrote (`by` is empty) is not asked once more in our name.
        if former is None or not former.by or former.status is not OperationStatus.FAILED:
            return False
        again = replace(
            former,
            id=secrets.token_hex(8),
            status=OperationStatus.QUEUED,
            asked_at=self._parts.clock(),
            attempt=0 if former.verb is not Verb.UNINSTALL else former.attempt,
            error="",
        )
        if former.verb in {Verb.INSTALL, Verb.UPGRADE}:
            again = await self._with_values_renewed(again)
        await self._ask(again)
        return True

    async def _with_values_renewed(self, asked: Operation) -> Operation:
        fresh = await self._with_fresh_keys(asked, asked.values)
        return replace(fresh, values=_laid(asked.values, fresh.values))

    async def _pods_again(self, namespace: str, seen: Observation) -> None:
        """Delete the release's pods: what looks after them makes new ones."""
        client = await self._parts.accounts.client(namespace)
        evidence = seen.evidence
        for pod in evidence.pods if evidence is not None else ():
            if not pod.hook and not pod.is_leaving:
                with suppress(ClusterObjectNotFoundError):
                    await client.delete(PODS, pod.name, namespace=namespace)

    async def _told(self, project: str, release: str, changes: Mapping[str, str]) -> None:
        seen = self._known(project, release)
        about = About(
            catalog=seen.chart.catalog,
            owner=seen.owner,
            friendly_name=seen.friendly_name,
            shared=seen.shared,
            secret_paths=seen.secret_paths,
            # A launch that waits still has to write its own, and knows this one by it.
            asked_at="" if seen.revision else seen.created_at.isoformat(),
            s3_profile=seen.s3_profile or "",
        )
        stored = await onyxia_secret.change(
            self._parts.platform, self._parts.namespace(project), release, changes, about
        )
        notice(self._reads, stored)

    def _settled(self, seen: Observation) -> None:
        """Raise ServiceBusyError while an operation of ours is under way."""
        evidence = seen.evidence
        if evidence is not None and evidence.helm.operation and not evidence.helm.error:
            raise ServiceBusyError(name=seen.release, state=seen.state.value)
        self._not_leaving(seen)

    def _not_leaving(self, seen: Observation) -> None:
        if seen.state in {State.PAUSING, State.STOPPING}:
            raise ServiceBusyError(name=seen.release, state=seen.state.value)

    def _no_place(self, asked: Operation, reason: str) -> WorkspaceRefusedError:
        return WorkspaceRefusedError(namespace=asked.namespace, reason=reason)

    def _asked(self, plan: LaunchPlan) -> Asked:
        return Asked(
            namespace=self._parts.namespace(plan.project),
            release=plan.release,
            chart=str(self._parts.find_chart(plan.chart).folder),
            values=plan.values,
            secret_paths=plan.secret_paths,
        )

    def _chart(self, ref: ChartRef) -> Chart | None:
        try:
            return self._parts.find_chart(ref)
        except UserError:
            return None

    def _digest(self, ref: ChartRef) -> str:
        chart = self._chart(ref)
        return chart.digest if chart is not None else ""

    def _place(self, ref: ChartRef) -> ChartPlace:
        return place_of(ref, self._parts.address(ref.catalog))


def notice(cache: ClusterCache, secret: JsonObject) -> None:
    """Let the cache know a Secret of ours that was just written, before its watch tells it."""
    what = OPERATIONS if secret.get("type") == OPERATION_TYPE else ONYXIA
    cache.store.put(what, json.dumps(secret).encode())


def _of_project(seen: Observation, project: str) -> Observation:
    """Return what was seen under the name its project was asked by; mostly it bears it."""
    return seen if seen.project == project else replace(seen, project=project)


def _helm_status(seen: Observation) -> str:
    return seen.evidence.helm.status if seen.evidence is not None else ""


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else ""


def _laid(below: JsonObject, above: JsonObject) -> JsonObject:
    """Return `above` laid over `below` as Helm does: maps by key, all else whole."""
    merged = dict(below)
    for key, value in above.items():
        former = merged.get(key)
        merged[key] = (
            _laid(former, value) if isinstance(former, dict) and isinstance(value, dict) else value
        )
    return merged
