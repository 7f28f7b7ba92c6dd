"""Carry out one operation that was asked for: Onyxia's Secret, Helm, and what comes after.

Called by the queue, in the replica that holds the Lease. Everything here can be begun again
after a crash: what a killed Helm left behind is set right first (wire-api.md 12, D25).

Over 400 lines: each verb, and what the verbs share, in the order in which it is done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from sardonyx.adapters.helm import arguments
from sardonyx.adapters.helm.cli import Helm, HelmFailedError
from sardonyx.adapters.helm.hiding import Hidden
from sardonyx.adapters.helm.queue import LaterError
from sardonyx.adapters.kubernetes import onyxia_secret
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.confined import ConfinedAccounts
from sardonyx.adapters.kubernetes.kinds import SECRETS
from sardonyx.adapters.kubernetes.leftovers import remove_leftovers
from sardonyx.adapters.kubernetes.onyxia_secret import About, record_name
from sardonyx.adapters.kubernetes.operations import (
    Operation,
    OperationStatus,
    Verb,
    operation_secret,
    read_operation,
    secret_name,
)
from sardonyx.adapters.kubernetes.recorded_chart import recorded_chart, was_made_from
from sardonyx.adapters.kubernetes.records import Record, Records
from sardonyx.adapters.kubernetes.rehearsal import Asked, Rehearsals
from sardonyx.adapters.kubernetes.sealed import SealedOperations
from sardonyx.catalog.errors import ChartNotFoundError
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.credentials.ports import ReleaseCredentials
from sardonyx.errors import PlatformError, UserError
from sardonyx.services.errors import (
    ClusterConflictError,
    ClusterObjectNotFoundError,
    ClusterUnavailableError,
    ServiceChangedError,
)
from sardonyx.values import JsonObject, Secret

KEPT = 10  # newest revisions, beside the first
_MARGIN = timedelta(seconds=30)
_API_AWAY_SECONDS = 5.0
_OTHERS_WORK_SECONDS = 5.0
_NOT_OURS = "this was not asked of the platform"
_UNREACHABLE = ("cluster unreachable", "connection refused", "context deadline exceeded")
# What Helm 4 says of a record it cannot read, and what Helm 3 does.
_UNREADABLE = ("no release provided", "illegal base64", "gzip:", "invalid character")
_LONGEST_SAID = 4_000
_SERVER_SIDE = 4  # major version of the Helm that applies by the server
# What was asked of one revision, and must not meet another.
_TIED = {Verb.INSTALL, Verb.UPGRADE}
_ON_A_REVISION = {Verb.INSTALL, Verb.UPGRADE, Verb.ROLLBACK}

_log = structlog.get_logger(__name__)


async def _is_at_hand(ref: ChartRef) -> None:
    """Do nothing: catalogues keep their charts on this disk by themselves."""


@dataclass(frozen=True, slots=True)
class Carrying:
    """What carrying out needs. platform: calls with the platform's own account.

    limit: an operation's longest time. notice: tells the cache what was just written. ended:
    told the verb, `done` or `failed`, and the seconds of each operation that ended. at_hand: has
    a chart on this disk that came by another replica. is_for_all: whether everybody may have a
    chart of that catalogue.
    """

    platform: ClusterClient
    accounts: ConfinedAccounts
    helm: Helm
    find_chart: Callable[[ChartRef], Chart]
    rehearsals: Rehearsals
    credentials: ReleaseCredentials
    seals: SealedOperations
    limit: timedelta
    notice: Callable[[JsonObject], None]
    ended: Callable[[str, str, float], None] = lambda verb, result, seconds: None
    at_hand: Callable[[ChartRef], Awaitable[None]] = _is_at_hand
    is_for_all: Callable[[ChartRef], bool] = lambda ref: True


class Carrier:
    """Does operations, one call each."""

    def __init__(self, with_: Carrying) -> None:
        self._with = with_
        self._client = with_.platform

    async def carry_out(self, asked: Operation) -> None:
        """Do what was asked, then remove it from the cluster, or mark it as failed.

        Raises LaterError when the cluster is away, or somebody else's Helm is at the release.
        """
        try:
            begun = await self._begun(asked)
            if begun is None:
                return
            operation, records = begun
            began = time.monotonic()
            try:
                await self._done(operation, records)
            except (HelmFailedError, PlatformError) as fault:
                self._with.ended(operation.verb.value, "failed", time.monotonic() - began)
                await self._failed(operation, fault)
                return
            self._with.ended(operation.verb.value, "done", time.monotonic() - began)
            if operation.verb in _TIED:
                # Before the operation goes: after a kill in between, nobody would do it again.
                await self._tied(operation)
            await self._remove(operation)
        except ClusterUnavailableError as fault:
            raise LaterError(_API_AWAY_SECONDS) from fault
        except (ClusterObjectNotFoundError, ClusterConflictError):
            return  # replaced or withdrawn meanwhile, or the namespace is going

    async def _begun(self, asked: Operation) -> tuple[Operation, Records] | None:
        """Return the operation as the cluster has it now, marked as running; None if it is gone.

        A record of Helm that says “pending” is another's work until it is too old, or ours.
        """
        namespace, name = asked.namespace, secret_name(asked.release)
        secret, records = await asyncio.gather(
            self._client.get(SECRETS, name, namespace=namespace),
            Records.read(self._client, namespace, asked.release),
        )
        found = read_operation(secret)
        if found is None or found.status is OperationStatus.FAILED:
            return None
        if not self._with.seals.is_ours(secret):
            _log.warning("operation_not_ours", namespace=namespace, release=asked.release)
            refused = replace(found, status=OperationStatus.FAILED, error=_NOT_OURS)
            # Marked without a seal: it does not become ours by being refused.
            await self._client.replace(
                SECRETS, name, operation_secret(refused), namespace=namespace
            )
            return None
        if found.verb is not Verb.UNINSTALL and (pending := records.pending) is not None:
            age = datetime.now(UTC) - pending.since
            if found.attempt == 0 and age < self._with.limit + _MARGIN:
                raise LaterError(_OTHERS_WORK_SECONDS)
        begun = replace(
            found,
            status=OperationStatus.RUNNING,
            attempt=found.attempt + 1,
            begun_at=datetime.now(UTC),
            error="",
        )
        return await self._written(begun), records

    async def _done(self, operation: Operation, records: Records) -> None:
        if operation.verb is Verb.UNINSTALL:
            await self._uninstall(operation)
            return
        await self._with.at_hand(operation.chart)
        met = {0, records.newest}
        if (stuck := records.pending) is not None:
            await self._clear(operation, stuck)
            records = records.without(stuck)
        made = _made_before(operation, records)
        if made and operation.verb is not Verb.ROLLBACK:
            return
        met |= {records.newest - made}
        if operation.verb in _ON_A_REVISION and operation.expected not in met:
            raise ServiceChangedError(name=operation.release)
        if operation.verb is Verb.INSTALL or operation.verb is Verb.UPGRADE:
            await self._install(operation, records)
        elif operation.verb is Verb.ROLLBACK:
            await self._roll_back(operation, made)
        else:
            await self._pause_or_resume(operation)
        await self._prune(operation, records)

    async def _install(self, operation: Operation, records: Records) -> None:
        namespace, release = operation.namespace, operation.release
        chart = str(self._with.find_chart(operation.chart).folder)
        asked = Asked(namespace, release, chart, operation.values, operation.secret_paths)
        # The account first: where it is new, its rights are known a moment after they were given.
        account, _ = await asyncio.gather(
            self._account(operation),
            _nothing() if operation.checked else self._with.rehearsals.check(asked),
        )
        await onyxia_secret.write_before(
            self._client, namespace, release, _about(operation), is_new=records.first is None
        )
        # Helm 4 makes new releases by server-side apply; others go on as they were made.
        judged = records.first is None and (await self._with.helm.version())[0] >= _SERVER_SIDE
        words = arguments.upgrade(
            release, chart, namespace, limit=self._with.limit, judged_by_server=judged
        )
        try:
            await self._with.helm.run(
                words,
                limit=self._with.limit + _MARGIN,
                kubeconfig=account,
                values=operation.values,
            )
        except BaseException:
            await self._tied(operation)
            raise

    async def _tied(self, operation: Operation) -> None:
        """Let Onyxia's Secret go with Helm's revision 1; where Helm has kept none, at once."""
        namespace, release = operation.namespace, operation.release
        if await onyxia_secret.tie(self._client, namespace, release):
            return
        # Helm itself forgets the oldest revisions, the first too.
        if not (await Records.read(self._client, namespace, release)).kept:
            await onyxia_secret.remove(self._client, namespace, release)

    async def _pause_or_resume(self, operation: Operation) -> None:
        """Lay the switch, and fresh keys, over the release's own values."""
        paused = operation.verb is Verb.SUSPEND
        values = {**operation.values, **arguments.pause_values(paused=paused)}
        laid = operation.values.get("global")
        if isinstance(laid, dict):
            values["global"] = {**laid, "suspend": paused}
        account = await self._account(operation)
        await self._laid_over(operation, account, values)
        await self._keys_told(operation)

    async def _laid_over(self, operation: Operation, account: Secret, values: JsonObject) -> None:
        """Lay values over those of the release, its chart being that of its present revision."""
        namespace, release = operation.namespace, operation.release
        async with self._chart_folder(operation) as chart:
            words = arguments.upgrade(
                release, str(chart), namespace, limit=self._with.limit, reuse=True
            )
            await self._with.helm.run(
                words, limit=self._with.limit + _MARGIN, kubeconfig=account, values=values
            )

    @asynccontextmanager
    async def _chart_folder(self, operation: Operation) -> AsyncIterator[Path]:
        """Give the folder of a release's chart: a catalogue's, else what Helm itself kept.

        A release may be written by hand: that it names a chart of a catalogue that is not for
        everybody gives nobody the chart, unless it was made from it. Raises ChartNotFoundError and
        its kin where neither has it whole.
        """
        namespace, release = operation.namespace, operation.release
        gone: UserError = ChartNotFoundError(
            chart=operation.chart.chart, catalog=operation.chart.catalog
        )
        found: Path | None = None
        try:
            found = self._with.find_chart(operation.chart).folder
        except UserError as error:
            gone = error
        if found is not None and self._with.is_for_all(operation.chart):
            yield found
            return
        newest = (await Records.read(self._client, namespace, release)).newest
        async with recorded_chart(self._client, namespace, release, newest) as kept:
            if kept is not None:
                yield kept
                return
        # A chart with parts is not whole in Helm's record.
        if found is None or not await was_made_from(
            self._client, namespace, release, newest, found
        ):
            raise gone
        yield found

    async def _roll_back(self, operation: Operation, made: int) -> None:
        """Go back, then lay fresh keys over. made: how many of the two revisions are there."""
        namespace, release = operation.namespace, operation.release
        account = await self._account(operation)
        if made < 1:
            words = arguments.rollback(
                release, operation.revision, namespace, limit=self._with.limit
            )
            await self._with.helm.run(words, limit=self._with.limit + _MARGIN, kubeconfig=account)
        if operation.values and made < 2:  # the keys among the old values have ended
            await self._laid_over(operation, account, operation.values)
        await self._keys_told(operation)

    async def _uninstall(self, operation: Operation) -> None:
        """Remove the release; at a second attempt without its hooks, which may never end."""
        namespace, release = operation.namespace, operation.release
        words = arguments.uninstall(
            release, namespace, limit=self._with.limit, hooks=operation.attempt < 2
        )
        account = await self._account(operation)
        try:
            await self._with.helm.run(words, limit=self._with.limit + _MARGIN, kubeconfig=account)
        except HelmFailedError as fault:
            # A record that Helm cannot read is no reason to keep what its owner wants gone.
            if fault.timed_out or not any(sign in fault.said for sign in _UNREADABLE):
                raise
        confined = await self._with.accounts.client(namespace)
        await remove_leftovers(confined, namespace, release)
        await onyxia_secret.remove(self._client, namespace, release)
        await self._with.credentials.revoke(project=operation.project, release=release)

    async def _keys_told(self, operation: Operation) -> None:
        """Keep with the release what is secret of the values now, and until when keys last."""
        changes = {}
        if operation.secret_paths:
            changes[onyxia_secret.PATHS] = onyxia_secret.paths_text(operation.secret_paths)
        if operation.keys_until:
            changes[onyxia_secret.KEYS_UNTIL] = operation.keys_until
        if changes:
            await onyxia_secret.change(
                self._client, operation.namespace, operation.release, changes, _about(operation)
            )

    async def _clear(self, operation: Operation, pending: Record) -> None:
        """Take away the record of a Helm that was killed, so that Helm can go on.

        What it made stays: Helm knows its own objects by their annotations. Onyxia's Secret
        must not go with revision 1.
        """
        namespace, release = operation.namespace, operation.release
        if pending.revision == 1:
            about = _about(operation)
            await onyxia_secret.write_before(self._client, namespace, release, about, is_new=True)
        _log.warning(
            "stuck_release_cleared",
            namespace=namespace,
            release=release,
            revision=pending.revision,
            status=pending.status,
        )
        name = record_name(release, pending.revision)
        await self._client.delete(SECRETS, name, namespace=namespace, uid=pending.uid)

    async def _prune(self, operation: Operation, before: Records) -> None:
        """Delete old revisions; never the first, which owns Onyxia's Secret."""
        # One revision was added to those of before.
        for one in before.middle(KEPT - 1):
            try:
                await self._client.delete(
                    SECRETS,
                    record_name(operation.release, one.revision),
                    namespace=operation.namespace,
                    uid=one.uid,
                )
            except (ClusterObjectNotFoundError, ClusterConflictError):
                continue

    async def _failed(self, operation: Operation, fault: Exception) -> None:
        """Mark the operation as failed with what was said; raise when it may simply be retried."""
        if isinstance(fault, ClusterUnavailableError):
            raise fault
        said = fault.said if isinstance(fault, HelmFailedError) else ""
        if isinstance(fault, PlatformError):
            said = fault.detail_text().in_language("en")
        if isinstance(fault, HelmFailedError) and fault.timed_out:
            said = f"no end within {self._with.limit}\n{said}"
        if any(sign in said for sign in _UNREACHABLE) and "unreachable" in said:
            raise LaterError(_API_AWAY_SECONDS)
        hidden = Hidden(operation.values, operation.secret_paths).text(said)
        _log.info(
            "operation_failed",
            namespace=operation.namespace,
            release=operation.release,
            verb=operation.verb.value,
        )
        await self._written(
            replace(operation, status=OperationStatus.FAILED, error=hidden[-_LONGEST_SAID:])
        )

    async def _account(self, operation: Operation) -> Secret:
        return await self._with.accounts.kubeconfig(
            operation.namespace, work=self._with.limit + _MARGIN
        )

    async def _written(self, operation: Operation) -> Operation:
        """Replace the Secret of `operation`, only if it is still that version."""
        stored = await self._client.replace(
            SECRETS,
            secret_name(operation.release),
            self._with.seals.secret(operation),
            namespace=operation.namespace,
        )
        self._with.notice(stored)
        kept = read_operation(stored)
        assert kept is not None  # noqa: S101 - we wrote it
        return kept

    async def _remove(self, operation: Operation) -> None:
        await self._client.delete(
            SECRETS, secret_name(operation.release), namespace=operation.namespace
        )


async def _nothing() -> None:
    return


def _made_before(operation: Operation, records: Records) -> int:
    """Return how many revisions of it Helm had made well when its replica went, unsaid."""
    newest = next(iter(records.kept), None)
    if operation.attempt < 2 or operation.verb not in _ON_A_REVISION:
        return 0
    if newest is None or newest.status != "deployed":
        return 0
    all_of_it = 2 if operation.verb is Verb.ROLLBACK and operation.values else 1
    made = newest.revision - operation.expected
    return made if 0 < made <= all_of_it else 0


def _about(operation: Operation) -> About:
    return About(
        catalog=operation.chart.catalog,
        owner=operation.owner,
        friendly_name=operation.friendly_name,
        shared=operation.shared,
        secret_paths=operation.secret_paths,
        keys_until=operation.keys_until,
        asked_at=operation.asked_at.isoformat(),
        s3_profile=operation.s3_profile,
    )
