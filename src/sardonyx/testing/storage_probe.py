"""A StorageProbe in memory: stores that answer, and the keys they take."""

from __future__ import annotations

from dataclasses import dataclass, field

from sardonyx.account.errors import StorageRefusedError, StorageUnreachableError
from sardonyx.launcher.own_profiles import OwnProfile


@dataclass(slots=True)
class MemoryProbe:
    """Stores by address, each with the secret keys of its access keys.

    asked: every store that was reached for, in order.
    """

    stores: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[OwnProfile] = field(default_factory=list)

    async def probe(self, store: OwnProfile) -> None:
        self.asked.append(store)
        if store.url not in self.stores:
            raise StorageUnreachableError(url=store.url)
        secret = store.secret_access_key
        if store.access_key_id is None or secret is None:
            return
        if self.stores[store.url].get(store.access_key_id) != secret.reveal():
            raise StorageRefusedError(url=store.url, reason="SignatureDoesNotMatch")
