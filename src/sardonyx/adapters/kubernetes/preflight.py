"""Gather the facts that are judged before a launch: what it asks, and what the project has left.

Judging and wording them is `services`' affair. The names of the facts, for each resource of a
quota or a limit range that the launch touches:

- `quota:<resource>:asked`, `:left`, `:hard`: numbers, in cores, bytes or objects;
- `limit:<resource>:asked`, `:most`: the largest container (`memory`, `cpu`) or claim
  (`storage`), and what a LimitRange lets it be; `:least` where it sets a lower bound;
- `gpu:asked`, `gpu:most`: of one pod, and the most that one node has (where nodes may be seen);
- `storage_class_missing`: name of the class that does not exist, `default` for no default one;
- `names_taken`: fixed names that another release has, as `Service “elastic”`, by commas;
- `namespace_missing`: 1 where the project has no namespace yet;
- `render_error`: Helm's words where the chart does not render.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from sardonyx.adapters.helm.manifests import Rendered
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.kinds import (
    LIMIT_RANGES,
    NAMESPACES,
    NODES,
    STORAGE_CLASSES,
    ResourceKind,
)
from sardonyx.adapters.kubernetes.rehearsal import Asked, Rehearsals
from sardonyx.errors import SystemFault
from sardonyx.services.errors import ClusterObjectNotFoundError, PlanRefusedError
from sardonyx.services.models import QuotaUse
from sardonyx.text import Scalar
from sardonyx.values import Json, JsonObject

GPU = "nvidia.com/gpu"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_UNITS: Mapping[str, Decimal] = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
_POD_MAKERS = {"Deployment", "StatefulSet", "ReplicaSet", "Job"}


class Preflight:
    """Asks a cluster what a launch would meet. quota: of a namespace, from the watch cache."""

    def __init__(
        self,
        client: ClusterClient,
        rehearsals: Rehearsals,
        quota: Callable[[str], Sequence[QuotaUse]],
    ) -> None:
        self._client = client
        self._rehearsals = rehearsals
        self._quota = quota

    async def facts(self, asked: Asked) -> dict[str, Scalar]:
        """Return the facts; those that may not be known are left out."""
        # Asked while the chart renders, which takes far longer: a person waits for the sum.
        objects, there, ranges, classes = await asyncio.gather(
            self._rendered(asked),
            self._is_there(asked.namespace),
            self._listed(LIMIT_RANGES, asked.namespace),
            self._listed(STORAGE_CLASSES),
        )
        if isinstance(objects, PlanRefusedError):
            return {"render_error": str(objects.values.get("reason", ""))}
        needs = Needs(objects)
        facts: dict[str, Scalar] = {}
        facts |= _quota_facts(needs, self._quota(asked.namespace))
        if not there:
            return facts if there is None else facts | {"namespace_missing": 1}
        nodes = await self._listed(NODES) if needs.gpu else None
        facts |= _limit_facts(needs, ranges or ())
        if nodes is not None and needs.gpu:
            facts |= {"gpu:asked": needs.gpu, "gpu:most": _most_gpu(nodes)}
        if needs.classes and classes is not None and (missing := _missing_class(needs, classes)):
            facts["storage_class_missing"] = missing
        if taken := await self._taken(asked, objects):
            facts["names_taken"] = taken
        return facts

    async def _rendered(self, asked: Asked) -> Sequence[Rendered] | PlanRefusedError:
        try:
            return await self._rehearsals.objects(asked)
        except PlanRefusedError as fault:
            return fault

    async def _is_there(self, namespace: str) -> bool | None:
        """Tell whether the namespace exists; None where that cannot be known."""
        try:
            await self._client.get(NAMESPACES, namespace)
        except ClusterObjectNotFoundError:
            return False
        except SystemFault:
            return None
        return True

    async def _listed(self, kind: ResourceKind, namespace: str = "") -> Sequence[JsonObject] | None:
        """Return the objects of a kind; None where we may not see them."""
        try:
            return await self._client.list(kind, namespace=namespace)
        except SystemFault:
            return None

    async def _taken(self, asked: Asked, objects: Sequence[Rendered]) -> str:
        """Return the fixed names that are there already and belong to another release."""
        fixed = [one for one in objects if asked.release not in one.name and not one.hook]
        found = await asyncio.gather(*(self._owner(asked.namespace, one) for one in fixed[:40]))
        return ", ".join(
            f"{one.kind} “{one.name}”"
            for one, owner in zip(fixed, found, strict=False)
            if owner not in (None, asked.release)
        )

    async def _owner(self, namespace: str, one: Rendered) -> str | None:
        """Return the release that has this object, empty for none; None when there is none."""
        kind = _KINDS.get(one.kind)
        if kind is None:
            return None
        try:
            there = await self._client.get(kind, one.name, namespace=namespace)
        except SystemFault:
            return None
        annotations = _object(_object(there.get("metadata")).get("annotations"))
        return str(annotations.get("meta.helm.sh/release-name", ""))


_KINDS = {
    "Service": ResourceKind("v1", "services", "Service"),
    "Secret": ResourceKind("v1", "secrets", "Secret"),
    "ConfigMap": ResourceKind("v1", "configmaps", "ConfigMap"),
    "ServiceAccount": ResourceKind("v1", "serviceaccounts", "ServiceAccount"),
    "Deployment": ResourceKind("apps/v1", "deployments", "Deployment"),
    "StatefulSet": ResourceKind("apps/v1", "statefulsets", "StatefulSet"),
}


class Needs:
    """What the objects of a launch ask for, added up.

    totals: by resource of a quota (`requests.memory`, `pods`, …), in cores, bytes, objects.
    largest, smallest: of one container, or of one claim (`storage`). gpu: of the greediest pod.
    """

    def __init__(self, objects: Sequence[Rendered]) -> None:
        self.totals: dict[str, float] = {}
        self.largest: dict[str, float] = {}
        self.smallest: dict[str, float] = {}
        self.gpu = 0.0
        self.classes: set[str] = set()
        for one in objects:
            if not one.is_test:
                self._count(one)

    def _count(self, one: Rendered) -> None:
        spec = _object(one.content.get("spec"))
        if one.kind == "Pod":
            self._pods(spec, 1)
        elif one.kind in _POD_MAKERS:
            replicas = spec.get("replicas", spec.get("parallelism", 1))
            count = replicas if isinstance(replicas, int) else 1
            self._pods(_object(_object(spec.get("template")).get("spec")), count)
            for claim in _list(spec.get("volumeClaimTemplates")):
                self._claim(_object(_object(claim).get("spec")), count)
        elif one.kind == "PersistentVolumeClaim":
            self._claim(spec, 1)
        plural = _COUNTED.get(one.kind)
        if plural is not None:
            self._add(plural, 1)
            self._add(f"count/{plural}", 1)

    def _pods(self, spec: JsonObject, count: int) -> None:
        self._add("pods", count)
        self._add("count/pods", count)
        gpu = 0.0
        for container in _list(spec.get("containers")):
            resources = _object(_object(container).get("resources"))
            limits, requests = _object(resources.get("limits")), _object(resources.get("requests"))
            gpu += number(limits.get(GPU)) or 0.0
            for name, value in limits.items():
                if (amount := number(value)) is None:
                    continue
                self._add(f"limits.{name}", amount * count)
                self._see(name, amount)
                if name not in requests:  # a limit alone is asked for too
                    self._add(f"requests.{name}", amount * count)
            for name, value in requests.items():
                if (amount := number(value)) is None:
                    continue
                self._add(f"requests.{name}", amount * count)
                self._add(name, amount * count)
                self._see(name, amount)
        self.gpu = max(self.gpu, gpu)

    def _claim(self, spec: JsonObject, count: int) -> None:
        size = number(_object(_object(spec.get("resources")).get("requests")).get("storage"))
        self._add("persistentvolumeclaims", count)
        self._add("requests.storage", (size or 0.0) * count)
        if size is not None:
            self._see("storage", size)
        named = spec.get("storageClassName")
        if named != "":
            self.classes.add(str(named or ""))

    def _add(self, resource: str, amount: float) -> None:
        self.totals[resource] = self.totals.get(resource, 0.0) + amount

    def _see(self, resource: str, amount: float) -> None:
        self.largest[resource] = max(self.largest.get(resource, amount), amount)
        self.smallest[resource] = min(self.smallest.get(resource, amount), amount)


_COUNTED = {
    "Service": "services",
    "Secret": "secrets",
    "ConfigMap": "configmaps",
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "Job": "jobs.batch",
}


def number(quantity: Json | None) -> float | None:
    """Return a quantity (`500m`, `2Gi`, `4`) in cores, bytes or pieces; None when it is none."""
    text = str(quantity).strip() if isinstance(quantity, str | int | float) else ""
    digits = text.rstrip("numkKMGTPEi")
    unit = text[len(digits) :]
    # `1E3` is an exponent, not three exabytes.
    if unit not in _UNITS or not digits or len(digits) > 40:
        return None
    try:
        return float(Decimal(digits) * _UNITS[unit])
    except (InvalidOperation, OverflowError):
        return None


def _quota_facts(needs: Needs, quota: Sequence[QuotaUse]) -> Mapping[str, Scalar]:
    facts: dict[str, Scalar] = {}
    for one in quota:
        hard, used = number(one.hard), number(one.used)
        asked = needs.totals.get(one.resource)
        if hard is None or used is None or not asked:
            continue
        facts[f"quota:{one.resource}:asked"] = asked
        facts[f"quota:{one.resource}:left"] = max(hard - used, 0.0)
        facts[f"quota:{one.resource}:hard"] = hard
    return facts


def _limit_facts(needs: Needs, ranges: Sequence[JsonObject]) -> Mapping[str, Scalar]:
    facts: dict[str, Scalar] = {}
    for one in _limits(ranges):
        for word, seen, fact in (("max", needs.largest, "most"), ("min", needs.smallest, "least")):
            for resource, bound in _object(one.get(word)).items():
                asked, limit = seen.get(resource), number(bound)
                if asked is not None and limit is not None:
                    facts[f"limit:{resource}:{fact}"] = limit
                    facts[f"limit:{resource}:asked"] = asked
    return facts


def _limits(ranges: Sequence[JsonObject]) -> Iterator[JsonObject]:
    for one in ranges:
        for limit in _list(_object(one.get("spec")).get("limits")):
            if _object(limit).get("type") in ("Container", "PersistentVolumeClaim"):
                yield _object(limit)


def _most_gpu(nodes: Sequence[JsonObject]) -> float:
    return max(
        (
            number(_object(_object(node.get("status")).get("allocatable")).get(GPU)) or 0.0
            for node in nodes
        ),
        default=0.0,
    )


def _missing_class(needs: Needs, classes: Sequence[JsonObject]) -> str:
    known, has_default = set(), False
    for one in classes:
        metadata = _object(one.get("metadata"))
        known.add(str(metadata.get("name", "")))
        has_default |= _object(metadata.get("annotations")).get(_DEFAULT_CLASS) == "true"
    for wanted in sorted(needs.classes):
        if wanted and wanted not in known:
            return wanted
        if not wanted and not has_default:
            return "default"
    return ""


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Json | None) -> list[Json]:
    return value if isinstance(value, list) else []
