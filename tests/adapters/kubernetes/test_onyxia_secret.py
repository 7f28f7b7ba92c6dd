"""A change of words that meets a launch which begins: both are kept, whoever comes first."""

from __future__ import annotations

import base64
from typing import Any, cast

import pytest

from sardonyx.adapters.kubernetes import onyxia_secret
from sardonyx.adapters.kubernetes.onyxia_secret import ASKED_AT, About, change, write_before
from sardonyx.services.errors import ClusterConflictError, ClusterObjectNotFoundError

NAMESPACE, RELEASE = "user-ada", "lab"


class Cluster:
    """Keeps Secrets as an API server does: merged patches, one of a name."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.before_creating: list[Any] = []

    async def get(self, _kind: object, name: str, *, namespace: str) -> Any:
        if name not in self.kept:
            raise ClusterObjectNotFoundError(verb="get", resource=name, reason="none")
        return self.kept[name]

    async def create(self, _kind: object, content: Any, *, namespace: str) -> Any:
        while self.before_creating:
            await self.before_creating.pop()
        name = content["metadata"]["name"]
        if name in self.kept:
            raise ClusterConflictError(verb="create", resource=name, reason="there")
        self.kept[name] = content
        return content

    async def patch(self, kind: object, name: str, changes: Any, *, namespace: str) -> Any:
        found = await self.get(kind, name, namespace=namespace)
        for part, told in changes.items():
            merged = {**found.get(part, {}), **told}
            found[part] = {key: one for key, one in merged.items() if one is not None}
        return found

    def words(self) -> dict[str, str]:
        data = self.kept[onyxia_secret.name_of(RELEASE)]["data"]
        return {key: base64.b64decode(text).decode() for key, text in data.items()}


def about(asked_at: str = "2026-03-01T12:00:00+00:00", **words: Any) -> About:
    return About("tests", "ada", "Lab", shared=False, asked_at=asked_at, **words)


async def begun(cluster: Cluster, told: About, *, is_new: bool = True) -> None:
    await write_before(cast(Any, cluster), NAMESPACE, RELEASE, told, is_new=is_new)


async def shared(cluster: Cluster, told: About) -> None:
    await change(cast(Any, cluster), NAMESPACE, RELEASE, {"share": "true"}, told)


async def test_shared_before_its_launch_begins() -> None:
    cluster = Cluster()
    await shared(cluster, about())
    await begun(cluster, about(keys_until="2026-03-02T00:00:00Z"))
    assert cluster.words()["share"] == "true"
    assert cluster.words()[onyxia_secret.KEYS_UNTIL] == "2026-03-02T00:00:00Z"


async def test_shared_in_the_moment_its_launch_begins() -> None:
    cluster = Cluster()
    cluster.before_creating.append(begun(cluster, about()))
    await shared(cluster, about())
    assert cluster.words()["share"] == "true"


@pytest.mark.parametrize("is_tied", [True, False])
async def test_one_made_later_is_tied_from_the_first(*, is_tied: bool) -> None:
    cluster = Cluster()
    first = onyxia_secret.record_name(RELEASE, 1)
    if is_tied:
        cluster.kept[first] = {"metadata": {"name": first, "uid": "u-1"}}
    await shared(cluster, about(asked_at=""))
    owners = cluster.kept[onyxia_secret.name_of(RELEASE)]["metadata"].get("ownerReferences", [])
    assert [one["uid"] for one in owners] == (["u-1"] if is_tied else [])


async def test_what_an_earlier_service_of_that_name_left_is_written_over() -> None:
    cluster = Cluster()
    await begun(cluster, about(asked_at="2026-02-01T12:00:00+00:00"))
    await shared(cluster, about(asked_at="2026-02-01T12:00:00+00:00"))
    await begun(cluster, about())
    assert cluster.words()["share"] == "false"
    annotations = cluster.kept[onyxia_secret.name_of(RELEASE)]["metadata"]["annotations"]
    assert annotations == {ASKED_AT: "2026-03-01T12:00:00+00:00"}


async def test_an_edit_keeps_the_words_it_meets() -> None:
    cluster = Cluster()
    await begun(cluster, about())
    await shared(cluster, about())
    await begun(cluster, about(s3_profile="team"), is_new=False)
    words = cluster.words()
    assert (words["share"], words[onyxia_secret.S3_PROFILE]) == ("true", "team")
