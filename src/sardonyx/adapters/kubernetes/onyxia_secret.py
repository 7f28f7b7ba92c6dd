"""Write what Onyxia keeps beside a release: whose it is, its words, whether it is shared.

Exactly Onyxia's form (`sh.onyxia.release.v1.<name>`), so that both manage each other's services;
ours adds keys, nothing else. Source: wire-api.md 6, 9.6, 12 (D10).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import SECRETS
from sardonyx.adapters.kubernetes.operations import encoded
from sardonyx.services.errors import ClusterConflictError, ClusterObjectNotFoundError
from sardonyx.values import JsonObject, Path

PREFIX = "sh.onyxia.release.v1."
SECRET_TYPE = "onyxia.sh/release.v1"  # noqa: S105 - a kind of Secret, no secret
HELM_PREFIX = "sh.helm.release.v1."
PATHS = "sardonyx-secret-paths"
KEYS_UNTIL = "sardonyx-keys-until"
S3_PROFILE = "sardonyx-s3-profile"
ASKED_AT = "sardonyx.dev/asked-at"
# What people change without waiting for Helm.
_CHANGED_AT_ONCE = {"owner", "friendlyName", "share"}


@dataclass(frozen=True, slots=True)
class About:
    """What is told of a release. secret_paths: places in its values that are never shown.

    asked_at: when its launch was asked (ISO 8601), empty where another made it. s3_profile: the
    name of the storage profile it was launched with, empty for none.
    """

    catalog: str
    owner: str
    friendly_name: str
    shared: bool
    secret_paths: frozenset[Path] = frozenset()
    keys_until: str = ""
    asked_at: str = ""
    s3_profile: str = ""


def name_of(release: str) -> str:
    return PREFIX + release


def record_name(release: str, revision: int) -> str:
    """Return the name of the Secret in which Helm keeps a revision."""
    return f"{HELM_PREFIX}{release}.v{revision}"


async def write_before(
    client: ClusterClient, namespace: str, release: str, about: About, *, is_new: bool
) -> None:
    """Write the Secret before Helm begins.

    is_new: no revision 1 is kept, so it gets an owner later (`tie`); else its owner stays. One of
    this very launch or release keeps the words and the sharing it has: they may have been changed
    since the operation was asked for.
    """
    content = _secret(namespace, release, _data(about), asked_at=about.asked_at if is_new else "")
    try:
        await client.create(SECRETS, content, namespace=namespace)
    except ClusterConflictError:
        told = _data(about)
        if not is_new or await _asked_at(client, namespace, release) == about.asked_at:
            told = {key: text for key, text in told.items() if key not in _CHANGED_AT_ONCE}
        # Edited to values without plain keys: nothing ends any more.
        ends: JsonObject = {} if about.keys_until else {KEYS_UNTIL: None}
        changes: JsonObject = {"data": {**ends, **told}}
        if is_new:
            changes["metadata"] = {
                "ownerReferences": None,
                "annotations": {ASKED_AT: about.asked_at},
            }
        await client.patch(SECRETS, name_of(release), changes, namespace=namespace)


async def _asked_at(client: ClusterClient, namespace: str, release: str) -> str:
    """Return when the launch was asked whose Secret this is, empty where it does not say."""
    found = await client.get(SECRETS, name_of(release), namespace=namespace)
    annotations = _metadata(found).get("annotations")
    return str(annotations.get(ASKED_AT, "")) if isinstance(annotations, dict) else ""


async def tie(client: ClusterClient, namespace: str, release: str) -> bool:
    """Let the Secret go when Helm's revision 1 goes; False when there is no revision 1."""
    try:
        first = await client.get(SECRETS, record_name(release, 1), namespace=namespace)
        changes: JsonObject = {"metadata": {"ownerReferences": [_owner(first)]}}
        await client.patch(SECRETS, name_of(release), changes, namespace=namespace)
    except ClusterObjectNotFoundError:
        return False
    return True


async def change(
    client: ClusterClient, namespace: str, release: str, changes: Mapping[str, str], about: About
) -> JsonObject:
    """Set single keys and return the Secret; missing, it is made from `about` and `changes`.

    Made with its owner, as nobody would tie it later; a launch that waits has none yet.
    """
    told: JsonObject = {key: encoded(text) for key, text in changes.items()}
    try:
        return await client.patch(SECRETS, name_of(release), {"data": told}, namespace=namespace)
    except ClusterObjectNotFoundError:
        content = _secret(namespace, release, {**_data(about), **told}, asked_at=about.asked_at)
    try:
        first = await client.get(SECRETS, record_name(release, 1), namespace=namespace)
        content["metadata"] = {**_metadata(content), "ownerReferences": [_owner(first)]}
    except ClusterObjectNotFoundError:
        pass
    try:
        return await client.create(SECRETS, content, namespace=namespace)
    except ClusterConflictError:  # its launch began meanwhile
        return await client.patch(SECRETS, name_of(release), {"data": told}, namespace=namespace)


async def remove(client: ClusterClient, namespace: str, release: str) -> None:
    """Delete the Secret; one already gone is no fault."""
    try:
        await client.delete(SECRETS, name_of(release), namespace=namespace)
    except ClusterObjectNotFoundError:
        return


def paths_text(paths: frozenset[Path]) -> str:
    """Return secret paths as the Secret's JSON has them."""
    return json.dumps([list(path) for path in sorted(paths, key=str)])


def _data(about: About) -> JsonObject:
    told = {
        "catalog": about.catalog,
        "owner": about.owner,
        "friendlyName": about.friendly_name,
        "share": "true" if about.shared else "false",
        PATHS: paths_text(about.secret_paths),
    }
    if about.keys_until:
        told[KEYS_UNTIL] = about.keys_until
    if about.s3_profile:
        told[S3_PROFILE] = about.s3_profile
    return {key: encoded(text) for key, text in told.items()}


def _secret(namespace: str, release: str, data: JsonObject, *, asked_at: str = "") -> JsonObject:
    metadata: JsonObject = {"name": name_of(release), "namespace": namespace}
    if asked_at:
        metadata["annotations"] = {ASKED_AT: asked_at}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": SECRET_TYPE,
        "metadata": metadata,
        "data": data,
    }


def _metadata(content: JsonObject) -> JsonObject:
    metadata = content["metadata"]
    assert isinstance(metadata, dict)  # noqa: S101 - every object has one
    return metadata


def _owner(first: JsonObject) -> JsonObject:
    metadata = _metadata(first)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
