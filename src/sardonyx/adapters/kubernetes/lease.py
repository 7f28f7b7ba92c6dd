"""Let one replica of several do what must be done once: hold a Lease, and let go when it is lost.

Expiry is judged by our own clock, from when we saw the Lease change last: the clocks of two
machines need not agree.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import LEASES
from sardonyx.errors import SystemFault
from sardonyx.services.errors import ClusterConflictError, ClusterObjectNotFoundError
from sardonyx.values import Json, JsonObject

LIFE = timedelta(seconds=15)
RENEWAL = timedelta(seconds=4)

_log = structlog.get_logger(__name__)


class HeldLease:
    """One Lease that replicas compete for. holder: a name no other replica has."""

    def __init__(
        self,
        client: ClusterClient,
        *,
        namespace: str,
        name: str,
        holder: str,
        life: timedelta = LIFE,
        renewal: timedelta = RENEWAL,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._holder = holder
        self._life = life.total_seconds()
        self._renewal = renewal.total_seconds()
        self._seen = ("", 0.0)  # version of another's Lease, and when we saw it first
        self.is_held = False

    async def hold(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` whenever the Lease is ours; cancel it when the Lease is lost. Never returns.

        When cancelled, the work is ended and the Lease let go, so that another goes on at once.
        """
        while True:
            if await self._taken():
                await self._hold(work)
            await asyncio.sleep(self._renewal)

    async def _hold(self, work: Callable[[], Awaitable[None]]) -> None:
        _log.info("lease_taken", name=self._name, holder=self._holder)
        self.is_held = True
        doing = asyncio.ensure_future(work())
        try:
            renewed = time.monotonic()
            while not doing.done():
                await asyncio.wait([doing], timeout=self._renewal)
                if await self._taken():
                    renewed = time.monotonic()
                elif not self.is_held or time.monotonic() - renewed > self._life * 2 / 3:
                    _log.warning("lease_lost", name=self._name)
                    break
        finally:
            self.is_held = False
            doing.cancel()
            try:
                # Tells nothing of how the work ended: what is raised here is our own cancellation.
                await asyncio.wait([doing])
            finally:
                await self._let_go()
        if not doing.cancelled() and (fault := doing.exception()) is not None:
            # It is begun again: what waits in the cluster is not to wait for a restart of ours.
            _log.error("lease_work_failed", name=self._name, fault=repr(fault)[:300])

    async def _taken(self) -> bool:
        """Take or renew the Lease; False when it is another's or nobody answers."""
        try:
            try:
                lease = await self._client.get(LEASES, self._name, namespace=self._namespace)
            except ClusterObjectNotFoundError:
                made = self._lease({})
                await self._client.create(LEASES, made, namespace=self._namespace)
                return True
            if not self._is_free(lease):
                self.is_held = False
                return False
            await self._client.replace(
                LEASES, self._name, self._lease(lease), namespace=self._namespace
            )
        except ClusterConflictError:
            return False
        except SystemFault as fault:
            _log.warning("lease_unreachable", name=self._name, reason=str(fault))
            return False
        return True

    def _is_free(self, lease: JsonObject) -> bool:
        spec, metadata = _object(lease.get("spec")), _object(lease.get("metadata"))
        holder = spec.get("holderIdentity")
        if not holder or holder == self._holder:
            return True
        version, now = str(metadata.get("resourceVersion")), time.monotonic()
        if version != self._seen[0]:
            self._seen = (version, now)
            return False
        life = spec.get("leaseDurationSeconds")
        seconds = float(life) if isinstance(life, int | float) else self._life
        return now - self._seen[1] > seconds

    def _lease(self, former: JsonObject, *, holder: str | None = None) -> JsonObject:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = _object(former.get("spec"))
        taken = self._holder if holder is None else holder
        is_new = spec.get("holderIdentity") != taken
        changes = spec.get("leaseTransitions")
        count = changes if isinstance(changes, int) else 0
        return {
            "apiVersion": LEASES.api,
            "kind": LEASES.kind,
            "metadata": former.get("metadata")
            or {"name": self._name, "namespace": self._namespace},
            "spec": {
                "holderIdentity": taken,
                "leaseDurationSeconds": max(1, round(self._life)),
                "acquireTime": now if is_new else spec.get("acquireTime") or now,
                "renewTime": now,
                "leaseTransitions": count + 1 if is_new and former else count,
            },
        }

    async def _let_go(self) -> None:
        with suppress(SystemFault):
            lease = await self._client.get(LEASES, self._name, namespace=self._namespace)
            if _object(lease.get("spec")).get("holderIdentity") == self._holder:
                free = self._lease(lease, holder="")
                await self._client.replace(LEASES, self._name, free, namespace=self._namespace)


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}
