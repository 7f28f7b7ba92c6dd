"""Read what Helm renders, and tell what must not be created from a project. Pure.

A chart may aim an object at another namespace, or at the whole cluster: both are refused before
anything is applied. Source: charts.md 9.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import yaml

from sardonyx.values import Json, JsonObject

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_DOCUMENTS = 2_000
_DEPTH = 60
_MOST_VALUES = 400_000
# A group is a DNS name, a version a label of one (Kubernetes, apiextensions validation).
_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_API = re.compile(rf"({_LABEL}(\.{_LABEL})*/)?{_LABEL}")
_TEST_HOOKS = {"test", "test-success", "test-failure"}


class ManifestUnreadableError(Exception):
    """What was rendered is not YAML, or far too large."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One object of a chart. hook: kinds of Helm hook (`pre-install`), empty for none.

    api: a name that a cluster may have, or empty.
    """

    api: str
    kind: str
    name: str
    namespace: str
    content: JsonObject
    hook: str = ""

    @property
    def is_test(self) -> bool:
        """Whether it exists only for `helm test`."""
        return bool(_TEST_HOOKS & {part.strip() for part in self.hook.split(",")})


def read_manifest(text: str) -> tuple[Rendered, ...]:
    """Return the objects of a manifest, in its order. Raises ManifestUnreadableError."""
    found: list[Rendered] = []
    budget = _Budget()
    try:
        _bounded(text)
        for number, document in enumerate(yaml.load_all(text, Loader=_LOADER)):
            if number >= _MOST_DOCUMENTS:
                raise ManifestUnreadableError(f"more than {_MOST_DOCUMENTS} objects")
            content = _plain(document, budget)
            if isinstance(content, dict):
                found += _objects(content)
    except yaml.YAMLError as fault:
        raise ManifestUnreadableError(str(fault)) from fault
    except (ValueError, RecursionError, OverflowError) as fault:
        raise ManifestUnreadableError(type(fault).__name__) from fault
    return tuple(found)


def offences(
    objects: Sequence[Rendered], namespace: str, is_namespaced: Callable[[str, str], bool | None]
) -> tuple[str, ...]:
    """Return what may not be created from `namespace`: `ClusterRole “x” (whole cluster)`.

    is_namespaced: of an API and kind; None where the cluster does not know the kind (Helm then
    refuses it by itself).
    """
    found = []
    for one in objects:
        if is_namespaced(one.api, one.kind) is False:
            found.append(f"{one.kind} “{one.name}” (whole cluster)")
        elif one.namespace not in ("", namespace):
            found.append(f"{one.kind} “{one.name}” (namespace {one.namespace})")
    return tuple(found)


def write(content: JsonObject) -> str:
    """Return an object as YAML, as a person reads it."""
    dumped: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return dumped


def _bounded(text: str) -> None:
    """Raise unless the text is of a depth and size that may be loaded.

    PyYAML's composer in C overflows the stack on deep nesting, and takes the process with it;
    its parser does not.
    """
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEPTH or count > _MOST_VALUES:
            raise ManifestUnreadableError("objects nested too deeply, or too many of them")


def _objects(content: JsonObject) -> Iterator[Rendered]:
    """Yield a document's object, or those of a List."""
    kind = content.get("kind")
    if not isinstance(kind, str):
        return
    items = content.get("items")
    if kind.endswith("List") and isinstance(items, list):
        for item in items:
            if isinstance(item, dict):
                yield from _objects(item)
        return
    metadata = content.get("metadata")
    about = metadata if isinstance(metadata, dict) else {}
    annotations = about.get("annotations")
    hook = annotations.get("helm.sh/hook") if isinstance(annotations, dict) else None
    api = str(content.get("apiVersion") or "")
    if api and not _API.fullmatch(api):
        raise ManifestUnreadableError(f"{kind}: no such apiVersion")
    yield Rendered(
        api=api,
        kind=kind,
        name=str(about.get("name") or about.get("generateName") or ""),
        namespace=str(about.get("namespace") or ""),
        content=content,
        hook=str(hook or ""),
    )


def weight(objects: Sequence[Rendered]) -> int:
    """Return about how many bytes objects take in memory, what they share counted each time."""
    return sum(_weight(one.content) for one in objects)


def _weight(value: Json) -> int:
    if isinstance(value, dict):
        return 200 + sum(100 + len(key) + _weight(item) for key, item in value.items())
    if isinstance(value, list):
        return 100 + sum(_weight(item) for item in value)
    return 50 + (len(value) if isinstance(value, str) else 0)


class _Budget:
    """The values that a whole text may become: an alias is short, and stands for many."""

    def __init__(self) -> None:
        self.left = _MOST_VALUES

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ManifestUnreadableError("objects with too many values")


def _plain(value: object, budget: _Budget, depth: int = 0) -> Json:
    """Return YAML's values as JSON ones; aliases that multiply are refused."""
    budget.spend()
    if depth > _DEPTH:
        raise ManifestUnreadableError("an object nested too deeply")
    if isinstance(value, dict):
        return {str(key): _plain(item, budget, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, budget, depth + 1) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
