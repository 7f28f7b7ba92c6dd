"""Ask for the keys of several storage profiles at once, where some of them may be refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Set

from sardonyx.files.errors import (
    AccessRefusedError,
    StorageProfileGoneError,
    StoreUnavailableError,
)
from sardonyx.files.models import S3Credentials

_AT_ONCE = 8


async def keys_of(
    profiles: Set[str], ask: Callable[[str], Awaitable[S3Credentials]], *, needed: Set[str]
) -> dict[str, S3Credentials]:
    """Return the keys of each profile, without those that are gone, refused or do not answer.

    needed: the profiles that the release cannot do without; what their store says is raised, and
    of any profile what is none of these three. Eight are asked at a time.
    """
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(profile: str) -> S3Credentials | Exception:
        async with turns:
            try:
                return await ask(profile)
            except Exception as error:  # noqa: BLE001 - raised below, when all have answered
                return error

    names = sorted(profiles)
    found: dict[str, S3Credentials] = {}
    for name, answer in zip(names, await asyncio.gather(*map(one, names)), strict=True):
        if isinstance(answer, S3Credentials):
            found[name] = answer
        elif name in needed or not isinstance(
            answer, AccessRefusedError | StorageProfileGoneError | StoreUnavailableError
        ):
            raise answer
    return found
