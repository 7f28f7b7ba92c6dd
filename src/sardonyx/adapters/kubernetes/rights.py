"""Wait for rights that were just given."""

from __future__ import annotations

import asyncio

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import ResourceKind
from sardonyx.services.errors import ClusterRefusedError

_TIMES, _SECONDS = 100, 0.1
_UNKNOWN = {"Unauthorized", "401"}


async def in_force(client: ClusterClient, verb: str, kind: ResourceKind, *, namespace: str) -> bool:
    """Return True once the account of `client` may do `verb`, False after some 10 seconds.

    An API server hears of a role binding a moment after it was made, and refuses until then.
    False too where an account may not ask that: what it then does says what it lacks.
    """
    for _ in range(_TIMES):
        try:
            if await client.self_subject_access(verb, kind, namespace=namespace):
                return True
        except ClusterRefusedError as error:
            # An account made anew is met as the one of that name that was deleted for a moment.
            if error.values.get("cause") not in _UNKNOWN:
                return False
        await asyncio.sleep(_SECONDS)
    return False
