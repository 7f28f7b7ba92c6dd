"""Say what a stranger's chart would do, before anybody keeps it: pure reading of its files.

Templates are read as texts, not rendered: what they name is told, what a value decides is not.
On a cluster a dry run tells that besides (`catalog.own`). Source: charts.md 9.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sardonyx.catalog.models import Chart
from sardonyx.catalog.scope import CONTEXT
from sardonyx.launcher.references import texts
from sardonyx.launcher.secret_names import is_secret_name
from sardonyx.text import N_, Scalar, Text
from sardonyx.values import Json

CLUSTER_KINDS = frozenset(
    (
        *("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"),
        *("StorageClass", "PriorityClass", "PersistentVolume", "Node", "APIService"),
        *("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
    )
)
_KIND = re.compile(rb"^kind: *[\"']?([A-Za-z]+)", re.MULTILINE)
_HOOK = re.compile(rb"[\"']?helm\.sh/hook[\"']?: *[\"']?([a-z,-]+)")
_IMAGE = re.compile(r"[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9._-]+)+(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?")
_NAMESPACE = re.compile(rb"^ +namespace: *[\"']?([a-z0-9-]+)", re.MULTILINE)
_DANGERS = (
    (rb"privileged: *true", "privileged"),
    (rb"hostNetwork: *true", "hostNetwork"),
    (rb"hostPID: *true", "hostPID"),
    (rb"hostPath:", "hostPath"),
    (rb"allowPrivilegeEscalation: *true", "allowPrivilegeEscalation"),
)
_VOLUMES = (
    (rb"volumeClaimTemplates:", "volumeClaimTemplates"),
    (rb"kind: *PersistentVolumeClaim", "PersistentVolumeClaim"),
)
# Of one chart, parts included; bytes of one. What is beyond is told to be unread.
_MAX_TEMPLATES, _MAX_TEMPLATE = 2_000, 200_000


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to know. level: `refused` keeps the chart out, `warning` is for judgement."""

    code: str
    level: str
    message: Text


@dataclass(frozen=True, slots=True)
class Review:
    """What a chart creates and asks for.

    processes: its commands on one machine, empty where it has no process profile. kinds: objects
    its templates name, with how often. hooks: when jobs of it run. secrets: references to secrets
    of the context, which it would receive. packages: how many are installed for it. objects:
    kind and name of what a cluster's dry run would create with its defaults; asked_at: when it
    said so, None on one machine.
    """

    chart: Chart
    processes: tuple[str, ...] = ()
    packages: int = 0
    kinds: tuple[tuple[str, int], ...] = ()
    hooks: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    lookups: int = 0
    remarks: tuple[Remark, ...] = ()
    objects: tuple[tuple[str, str], ...] = ()
    asked_at: datetime | None = None

    @property
    def refused(self) -> bool:
        """Whether this platform cannot take it."""
        return any(one.level == "refused" for one in self.remarks)


def review(chart: Chart, *, processes: bool = True) -> Review:
    """Return what `chart` would create and ask for.

    processes: it would run as processes of this machine, else on a cluster.
    """
    kinds: Counter[str] = Counter()
    hooks, dangers, volumes, spaces = set[str](), set[str](), set[str](), set[str]()
    lookups = 0
    templates = _templates(chart)
    is_cut = len(templates) > _MAX_TEMPLATES
    for path in templates[:_MAX_TEMPLATES]:
        with path.open("rb") as file:
            content = file.read(_MAX_TEMPLATE)
            is_cut = is_cut or bool(file.read(1))
        kinds.update(found.decode() for found in _KIND.findall(content))
        hooks |= {one for found in _HOOK.findall(content) for one in found.decode().split(",")}
        spaces |= {found.decode() for found in _NAMESPACE.findall(content)}
        lookups += len(re.findall(rb"\blookup\s+[\"$(]", content))
        dangers |= {name for pattern, name in _DANGERS if re.search(pattern, content)}
        volumes |= {name for pattern, name in _VOLUMES if re.search(pattern, content)}
    reads = sorted(set(_references(chart)))
    secrets = tuple(one for one in reads if is_secret_name(tuple(one.split("."))))
    remarks = [*_remarks(chart, kinds, dangers, spaces, lookups, processes=processes)]
    if is_cut:
        text = N_("Its templates are too many or too long to be read here whole.")
        remarks.append(Remark("templates_unread", "warning", Text(text)))
    return Review(
        chart=chart,
        processes=tuple(_commands(chart.local)) if processes else (),
        packages=_packages(chart) if processes else 0,
        kinds=tuple(sorted(kinds.items())),
        hooks=tuple(sorted(hooks - {"test", "test-success"})),
        images=tuple(sorted(set(_images(chart.values, 0)))),
        volumes=tuple(sorted(volumes)),
        secrets=secrets,
        reads=tuple(one for one in reads if one not in secrets),
        lookups=lookups,
        remarks=tuple(remarks),
    )


def _remarks(
    chart: Chart,
    kinds: Counter[str],
    dangers: set[str],
    spaces: set[str],
    lookups: int,
    *,
    processes: bool,
) -> Iterator[Remark]:
    def remark(code: str, level: str, template: str, **values: Scalar) -> Remark:
        return Remark(code, level, Text(template, values))

    if processes and chart.local is None:
        template = N_("It has no local.yaml, which says how it runs as processes of one machine.")
        yield remark("no_process_profile", "refused", template)
    elif processes:
        template = N_("It runs programs of its author as you, in the sandbox of a service.")
        yield remark("runs_programs", "warning", template)
    else:
        template = N_(
            "It runs images of its author in your project, where they may read all there is."
        )
        yield remark("runs_images", "warning", template)
    wide = sorted(set(kinds) & CLUSTER_KINDS)
    if (chart.folder / "crds").is_dir():
        wide.append("CustomResourceDefinition")
    for code, found, here, elsewhere in (
        (
            "cluster_objects",
            list(dict.fromkeys(wide)),
            N_("Its templates name objects of the whole cluster, which are refused: {names}."),
            N_("On a cluster it would ask for objects of the whole cluster: {names}."),
        ),
        (
            "other_namespaces",
            sorted(spaces),
            N_("Its templates name other namespaces, which are refused: {names}."),
            N_("On a cluster it would write into other namespaces: {names}."),
        ),
        (
            "privileges",
            sorted(dangers),
            N_("Its pods ask for more than usual, which the cluster may refuse: {names}."),
            N_("On a cluster its pods would ask for more than usual: {names}."),
        ),
    ):
        if found:
            yield remark(code, "warning", elsewhere if processes else here, names=", ".join(found))
    if lookups:
        template = (
            N_("On a cluster it reads other objects of your project when it is launched.")
            if processes
            else N_("It reads other objects of your project when it is launched.")
        )
        yield remark("lookup", "warning", template)
    if chart.schema is None:
        template = N_("It has no form: its values are edited as YAML.")
        yield remark("no_form", "warning", template)


def _templates(chart: Chart) -> list[Path]:
    return [
        path
        for path in sorted(chart.folder.resolve().rglob("templates/**/*"))
        if path.is_file() and path.suffix in (".yaml", ".yml", ".tpl", ".txt")
    ]


def _references(chart: Chart) -> Iterator[str]:
    """Yield what the schema and the process profile read of the launch context."""
    for template, top in (*_hinted(chart.schema, 0), (chart.local, False)):
        for parsed, _ in texts(template, top_level=top):
            for path in parsed.references():
                # The others are the chart's own: its values, the keys of a list's element.
                if path and path[0] in CONTEXT:
                    yield ".".join(path)


def _hinted(node: Json, depth: int) -> Iterator[tuple[Json, bool]]:
    if depth > 60 or not isinstance(node, dict):
        return
    hints = node.get("x-onyxia")
    for name in ("overwriteDefaultWith", "overwriteListEnumWith"):
        if isinstance(hints, dict) and name in hints:
            yield hints[name], True
    for key in ("properties", "definitions", "$defs"):
        members = node.get(key)
        for member in (members if isinstance(members, dict) else {}).values():
            yield from _hinted(member, depth + 1)
    yield from _hinted(node.get("items"), depth + 1)


def _commands(local: Json) -> Iterator[str]:
    if not isinstance(local, dict):
        return
    steps = local.get("steps")
    parts = [*(steps if isinstance(steps, list) else []), local.get("process")]
    for part in parts:
        command = part.get("command") if isinstance(part, dict) else None
        if isinstance(command, list):
            yield " ".join(str(word) for word in command)[:300]


def _packages(chart: Chart) -> int:
    """Return how many pinned packages are installed for it."""
    environment = (chart.local or {}).get("environment")
    name = environment.get("python") if isinstance(environment, dict) else None
    if not isinstance(name, str):
        return 0
    path = (chart.folder / name).resolve()
    if not path.is_relative_to(chart.folder.resolve()) or not path.is_file():
        return 0
    with path.open(encoding="utf-8", errors="replace") as file:
        return len(re.findall(r"^[A-Za-z0-9]", file.read(2_000_000), re.MULTILINE))


def _images(value: Json, depth: int) -> Iterator[str]:
    if depth > 30:
        return
    if isinstance(value, dict):
        name, tag = value.get("repository"), value.get("tag")
        if isinstance(name, str) and name:
            yield f"{name}:{tag}" if tag else name
        for key, one in value.items():
            if isinstance(one, str) and key in ("image", "version") and _IMAGE.fullmatch(one):
                yield one
            else:
                yield from _images(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _images(one, depth + 1)
