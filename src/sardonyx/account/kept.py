"""Read and change one set of secrets that an account keeps, with others who write meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from sardonyx.projects.models import Actor, Project
from sardonyx.secrets.errors import SecretConflictError, SecretNotFoundError
from sardonyx.secrets.models import SecretSet
from sardonyx.secrets.ports import KeptSecrets
from sardonyx.values import Secret

Entries: TypeAlias = dict[str, Secret]
_ATTEMPTS = 5


class ReadsSecrets(Protocol):
    """What reads as KeptSecrets does."""

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet: ...


async def read(store: ReadsSecrets, actor: Actor, project: Project, path: str) -> SecretSet:
    """Return what is kept at `path`; nothing, as version 0, where nothing is."""
    try:
        return await store.read(username=actor.username, project=project, path=path)
    except SecretNotFoundError:
        return SecretSet(path, {}, 0)


async def changed(
    store: KeptSecrets,
    actor: Actor,
    project: Project,
    path: str,
    change: Callable[[Mapping[str, Secret]], Entries],
) -> Entries:
    """Return what is kept at `path` once `change` has made it of what was there.

    `change` is asked again for what another wrote in between; what it raises changes nothing.
    Raises SecretConflictError where others write all the time.
    """
    attempt = 1
    while True:
        found = await read(store, actor, project, path)
        wanted = change(found.entries)
        if wanted == found.entries:
            return wanted
        try:
            await store.write(
                username=actor.username,
                project=project,
                path=path,
                entries=wanted,
                expected_version=found.version,
            )
        except SecretConflictError:
            if attempt == _ATTEMPTS:
                raise
            attempt += 1
        else:
            return wanted
