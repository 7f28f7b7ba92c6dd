"""Report to administrators what their charts ask for and do not get (charts.md 11). Pure reading.

What is found hurts no launch by itself: a default that stays empty, a part of the form that is
the chart's own, an object the confined account may not create.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.catalog.scope import known_in_context
from sardonyx.launcher.references import texts
from sardonyx.text import N_, Scalar, Text
from sardonyx.values import Json, JsonObject

_CLUSTER_KINDS = re.compile(
    rb"^kind: *(ClusterRole|ClusterRoleBinding|CustomResourceDefinition|Namespace|StorageClass"
    rb"|PriorityClass|PersistentVolume|\w+WebhookConfiguration)\b",
    re.MULTILINE,
)
_GROUP = re.compile(rb"^apiVersion: *[\"']?([a-z0-9-]+(?:\.[a-z0-9-]+)+)/v", re.MULTILINE)
# Groups of Kubernetes itself, and those this platform reads ways from.
_KNOWN_GROUPS = re.compile(r".*\.k8s\.io|route\.openshift\.io|networking\.istio\.io")
_LATEST = re.compile(r"[^\s:]+/[^\s:]*:latest|[a-z][\w.-]*:latest")
_MAX_TEMPLATES, _MAX_TEMPLATE = 500, 200_000


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing an administrator may want to know. chart: None for what concerns all."""

    chart: ChartRef | None
    code: str
    message: Text


def report(
    charts: Iterable[Chart],
    *,
    registry: Mapping[str, JsonObject],
    region: JsonObject,
    left_out: Iterable[str] = (),
) -> tuple[Remark, ...]:
    """Return what the charts lack, one remark for each thing of a chart, then for the region.

    registry: schemas that may replace parts. region: the context's `region`, empty to leave
    what no chart reads untold. left_out: files of schemas that could not be read.
    """
    read: set[str] = set()
    template = N_("The schema file “{name}” cannot be read, and is left out.")
    found = [Remark(None, "schema_file", Text(template, {"name": name})) for name in left_out]
    for chart in charts:
        found += _of_chart(chart, registry, read)
    return (*found, *_unread(region, read))


def _of_chart(chart: Chart, registry: Mapping[str, JsonObject], read: set[str]) -> Iterator[Remark]:
    def remark(code: str, template: str, **values: Scalar) -> Remark:
        return Remark(chart.ref, code, Text(template, values))

    references, names = set[str](), set[str]()
    _asked(chart.schema, registry, references, names, 0)
    read |= references
    for name in sorted(references):
        if not known_in_context(tuple(name.split("."))):
            template = N_("“{reference}” resolves to nothing: the chart's own default is used.")
            yield remark("reference_unknown", template, reference=name)
    for name in sorted(names - set(registry)):
        template = N_("There is no schema “{name}”: the chart's own part is shown.")
        yield remark("override_missing", template, name=name)
    for image in sorted(set(_latest(chart.values, 0))):
        template = N_("The image “{image}” changes under the same name.")
        yield remark("image_latest", template, image=image)
    if chart.icon is None:
        yield remark("icon_missing", N_("Its icon could not be had, or there is none."))
    kinds, groups = _templates(chart.folder)
    if kinds:
        template = N_("It may create objects of the whole cluster ({kinds}), which is refused.")
        yield remark("cluster_rights", template, kinds=", ".join(sorted(kinds)))
    if groups:
        template = N_("It needs an operator for {groups}, and rights on its objects.")
        yield remark("operator_needed", template, groups=", ".join(sorted(groups)))


def _asked(
    node: Json,
    registry: Mapping[str, JsonObject],
    references: set[str],
    names: set[str],
    depth: int,
) -> None:
    """Gather the references and the names of schemas of a chart's schema, as resolved."""
    if depth > 60 or not isinstance(node, dict):
        return
    hints = node.get("x-onyxia")
    if isinstance(hints, dict):
        name = hints.get("overwriteSchemaWith")
        if isinstance(name, str) and name not in names:
            names.add(name)
            if name in registry:
                _asked(registry[name], registry, references, names, depth + 1)
                return
        for key in ("overwriteDefaultWith", "overwriteListEnumWith"):
            for parsed, _ in texts(hints.get(key), top_level=True):
                references |= {".".join(path) for path in parsed.references() if path}
    for key in ("properties", "definitions", "$defs"):
        members = node.get(key)
        for member in (members if isinstance(members, dict) else {}).values():
            _asked(member, registry, references, names, depth + 1)


def _latest(value: Json, depth: int) -> Iterator[str]:
    """Yield the images of values that have no fixed version."""
    if depth > 30:
        return
    if isinstance(value, dict):
        name = value.get("repository") or value.get("name")
        if value.get("tag") == "latest" and isinstance(name, str):
            yield f"{name}:latest"
        for one in value.values():
            yield from _latest(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _latest(one, depth + 1)
    elif isinstance(value, str) and _LATEST.fullmatch(value):
        yield value


def _templates(folder: Path) -> tuple[set[str], set[str]]:
    """Return the kinds of the whole cluster and the foreign API groups that templates write."""
    kinds: set[str] = set()
    groups: set[str] = set()
    if (folder / "crds").is_dir():
        kinds.add("CustomResourceDefinition")
    for number, path in enumerate(sorted((folder / "templates").rglob("*.yaml"))):
        if number == _MAX_TEMPLATES:
            break
        with path.open("rb") as file:
            content = file.read(_MAX_TEMPLATE)
        kinds |= {found.decode() for found in _CLUSTER_KINDS.findall(content)}
        groups |= {found.decode() for found in _GROUP.findall(content)}
    return kinds, {group for group in groups if not _KNOWN_GROUPS.fullmatch(group)}


def _unread(region: JsonObject, read: set[str]) -> Iterator[Remark]:
    for name, value in region.items():
        path = f"region.{name}"
        if value in (None, {}, []) or any(
            one == path or one.startswith(f"{path}.") for one in read
        ):
            continue
        template = N_("No chart reads “{name}”, which the region sets.")
        yield Remark(None, "region_unread", Text(template, {"name": path}))
