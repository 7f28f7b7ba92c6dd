"""Tell which volumes go with a release, and which stay when it is deleted. Pure.

Claims of StatefulSet templates survive Helm (wire-api.md 9.4), as does what a chart marks to be
kept. The kind of such a loss is `volume_kept`: the data stays, and may be forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sardonyx.adapters.helm.manifests import Rendered
from sardonyx.adapters.kubernetes.objects import bytes_of
from sardonyx.services.models import Loss
from sardonyx.values import Json, JsonObject

GOES = "volume"
STAYS = "volume_kept"
_INSTANCE = "app.kubernetes.io/instance"


def volume_losses(
    release: str, rendered: Sequence[Rendered], claims: Sequence[JsonObject]
) -> list[Loss]:
    """Return a loss for each claim of the release; rendered: its manifest, empty if unknown."""
    kinds: dict[str, str] = {}
    patterns: list[tuple[re.Pattern[str], str]] = []
    for one in rendered:
        if one.kind == "PersistentVolumeClaim":
            kinds[one.name] = STAYS if _is_kept(one.content) else GOES
        elif one.kind == "StatefulSet":
            patterns += _templates(one)
    found = []
    for claim in claims:
        metadata = _object(claim.get("metadata"))
        name = str(metadata.get("name", ""))
        kind = kinds.get(name) or next(
            (kind for pattern, kind in patterns if pattern.fullmatch(name)), ""
        )
        if not kind and _object(metadata.get("labels")).get(_INSTANCE) == release:
            kind = STAYS
        if kind:
            found.append(Loss(kind, name, _size(claim)))
    return found


def _templates(workload: Rendered) -> list[tuple[re.Pattern[str], str]]:
    spec = _object(workload.content.get("spec"))
    policy = _object(spec.get("persistentVolumeClaimRetentionPolicy"))
    kind = GOES if policy.get("whenDeleted") == "Delete" else STAYS
    templates = spec.get("volumeClaimTemplates")
    return [
        (re.compile(rf"{re.escape(name)}-{re.escape(workload.name)}-[0-9]+"), kind)
        for one in (templates if isinstance(templates, list) else [])
        if (name := str(_object(_object(one).get("metadata")).get("name", "")))
    ]


def _is_kept(content: JsonObject) -> bool:
    annotations = _object(_object(content.get("metadata")).get("annotations"))
    return annotations.get("helm.sh/resource-policy") == "keep"


def _size(claim: JsonObject) -> int:
    asked = _object(_object(_object(claim.get("spec")).get("resources")).get("requests"))
    return bytes_of(str(asked.get("storage", "")))


def _object(value: Json | None) -> JsonObject:
    return value if isinstance(value, dict) else {}
