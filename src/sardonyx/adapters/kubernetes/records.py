"""Know which revisions Helm keeps of one release, from the labels of its Secrets.

The records themselves are not opened here: that is `releases`' affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import SECRETS
from sardonyx.values import Json, JsonObject

_HELM_TYPE = "helm.sh/release.v1"


@dataclass(frozen=True, slots=True)
class Record:
    """One revision. status: Helm's own word. since: when Helm wrote it last."""

    revision: int
    status: str
    uid: str
    since: datetime

    @property
    def is_pending(self) -> bool:
        return self.status.startswith("pending-")


@dataclass(frozen=True, slots=True)
class Records:
    """The revisions of a release, newest first."""

    kept: tuple[Record, ...]

    @classmethod
    async def read(cls, client: ClusterClient, namespace: str, release: str) -> Records:
        """Ask the cluster. Raises as every call does."""
        secrets = await client.list(
            SECRETS,
            namespace=namespace,
            labels=f"owner=helm,name={release}",
            fields=f"type={_HELM_TYPE}",
        )
        found = [record for one in secrets if (record := _record(one)) is not None]
        return cls(tuple(sorted(found, key=lambda one: one.revision, reverse=True)))

    @property
    def newest(self) -> int:
        """Return the newest revision's number, 0 when there is none."""
        return self.kept[0].revision if self.kept else 0

    @property
    def first(self) -> Record | None:
        """Return revision 1, None when it is not kept."""
        return next((one for one in self.kept if one.revision == 1), None)

    @property
    def pending(self) -> Record | None:
        """Return the newest revision when Helm has not ended with it."""
        newest = next(iter(self.kept), None)
        return newest if newest is not None and newest.is_pending else None

    def without(self, record: Record) -> Records:
        return Records(tuple(one for one in self.kept if one != record))

    def middle(self, newest: int) -> Sequence[Record]:
        """Return what is neither the first, nor the present one, nor among the `newest` ones."""
        return [one for one in self.kept[newest:] if one.revision != 1 and one.status != "deployed"]


def _record(secret: JsonObject) -> Record | None:
    metadata = _object(secret.get("metadata"))
    labels = _object(metadata.get("labels"))
    version = str(labels.get("version", ""))
    if not version.isascii() or not version.isdecimal():
        return None
    return Record(
        revision=int(version),
        status=str(labels.get("status", "")),
        uid=str(metadata.get("uid", "")),
        since=_since(labels, metadata),
    )


def _since(labels: JsonObject, metadata: JsonObject) -> datetime:
    for name in ("modifiedAt", "createdAt"):
        told = str(labels.get(name, ""))
        if told.isascii() and told.isdecimal() and len(told) < 12:
            return datetime.fromtimestamp(int(told), UTC)
    return datetime.fromisoformat(str(metadata.get("creationTimestamp"))).astimezone(UTC)


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}
