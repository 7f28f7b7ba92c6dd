"""Compute the values a person starts with: const, context, schema, values.yaml, in that order.

Also maps lists of the context onto items of the schema, and says where each value comes
from and which ones are secret. Source: launcher.md 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sardonyx.errors import Problem
from sardonyx.launcher.coerce import fault, lenient
from sardonyx.launcher.models import UNSET, Maybe, Origin, Unset, warning
from sardonyx.launcher.nodes import NUMERIC, Node, NodeKind
from sardonyx.launcher.options import OptionFinder, reads_s3
from sardonyx.launcher.references import resolve
from sardonyx.launcher.scalars import copy, depth, is_container, same
from sardonyx.launcher.secret_names import secret_places
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject, Path

_MAX_COPIES = 1000
# Deeper values nobody means; they would only exhaust the stack.
_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Defaults:
    """Computed values; origins and secret places by path; what was wrong on the way.

    options: the choices found meanwhile, to go on with.
    """

    values: JsonObject
    origins: dict[Path, Origin]
    secret_paths: set[Path]
    problems: tuple[Problem, ...]
    options: OptionFinder

    @property
    def uses_s3(self) -> bool:
        """Whether a reference evaluated so far reads the storage profile."""
        return self.options.uses_s3


def compute_defaults(
    root: Node | None,
    context: JsonObject,
    chart_values: JsonObject,
    *,
    all_defaults: bool = False,
    settled: set[Node] | None = None,
) -> Defaults:
    """Return the default values of a chart for a context.

    all_defaults adds the missing atomic leaves of values.yaml; a chart without schema always
    gets them. settled: nodes that have their own default in any context, kept with the schema;
    those found meanwhile are added.
    """
    run = _Run(OptionFinder(context), settled=set() if settled is None else settled)
    computed = {} if root is None else run.value(root, (), chart_values, context)
    values = computed if isinstance(computed, dict) else {}
    if all_defaults or root is None:
        _add_missing(values, chart_values, (), run.origins)
    return Defaults(values, run.origins, run.secret_paths, tuple(run.problems), run.options)


@dataclass(slots=True)
class _Run:
    """settled: see `compute_defaults`."""

    options: OptionFinder
    settled: set[Node] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    origins: dict[Path, Origin] = field(default_factory=dict)
    secret_paths: set[Path] = field(default_factory=set)

    def value(  # noqa: PLR0911 - one return per rule of the precedence
        self, node: Node, path: Path, listed: Maybe, scope: JsonObject
    ) -> Maybe:
        """Return the node's default. `listed` is what values.yaml has at this place."""
        if node.render == "password":
            self.secret_paths.add(path)
        if node.kind is NodeKind.DEGRADED:
            return UNSET
        if node.const is not UNSET:
            return self._const(node, path)
        if node.kind is NodeKind.OBJECT and node.properties is not None:
            return self._members(node.properties, path, listed, scope)
        if node.has_options:
            self.options(node)  # so that it is known whether they read the storage profile
        overwritten = self._overwritten(node, path, scope)
        if overwritten is not UNSET:
            self.origins[path] = Origin.CONTEXT
            return overwritten
        default = node.default
        if not isinstance(default, Unset) and fault(node, default, self.options) is None:
            self.origins[path] = Origin.SCHEMA
            if is_container(default):
                return copy(default)
            if not (node.asks_context or node.secret):
                self.settled.add(node)
            return default
        if not isinstance(listed, Unset):
            return self._listed(node, path, listed)
        return self._last_resort(node, path, scope)

    def _const(self, node: Node, path: Path) -> Maybe:
        self.origins[path] = Origin.CONST
        if node.kind is not NodeKind.CONST and not isinstance(node.const, Unset):
            # Only the type counts: a constant has no bounds to keep.
            bare = Node(node.kind, {}, node.properties)
            if fault(bare, node.const, self.options) == "type":
                self.warn(path, "const_type", N_("The schema's constant is not of its own type."))
        return copy(node.const) if not isinstance(node.const, Unset) else UNSET

    def _members(
        self, properties: Mapping[str, Node], path: Path, listed: Maybe, scope: JsonObject
    ) -> JsonObject:
        members: JsonObject = {}
        under = listed if isinstance(listed, dict) else {}
        for key, member in properties.items():
            if member in self.settled:
                value = member.default
                self.origins[*path, key] = Origin.SCHEMA
            else:
                value = self.value(member, (*path, key), under.get(key, UNSET), scope)
            if not isinstance(value, Unset):
                members[key] = value
        return members

    def _overwritten(self, node: Node, path: Path, scope: JsonObject) -> Maybe:
        template = node.overwrite_default
        if isinstance(template, Unset):
            return UNSET
        if reads_s3(template):
            self.options.note_s3()
        resolved = resolve(template, scope)
        if is_container(resolved) and depth(resolved) > _MAX_DEPTH:
            self.warn(path, "context_too_deep", N_("The platform's value is nested too deeply."))
            return UNSET
        for place in secret_places(template, resolved):
            self.secret_paths.add((*path, *place))
        if isinstance(resolved, Unset):
            return UNSET
        if node.kind is NodeKind.ARRAY and node.items is not None and node.items.is_group:
            mapped = self._mapped(node, path, resolved, scope)
            if not isinstance(mapped, Unset):
                resolved = mapped
        if fault(node, resolved, self.options) is None:
            return copy(resolved) if is_container(resolved) else resolved
        return lenient(node, resolved, self.options)

    def _mapped(self, node: Node, path: Path, listed: Json, scope: JsonObject) -> Maybe:
        """Return the list mapped through the item schema; any failure cancels it all."""
        items = node.items
        if not isinstance(listed, list) or items is None or items.properties is None:
            return UNSET
        mapped: list[Json] = []
        for index, element in enumerate(listed):
            if not isinstance(element, dict):
                return UNSET
            inner = _Run(self.options.inside(element))
            value = inner.mapped_item(items, (*path, index), {**scope, **element})
            if value is None:
                return UNSET
            self.secret_paths |= inner.secret_paths
            mapped.append(value)
        return mapped

    def mapped_item(self, node: Node, path: Path, scope: JsonObject) -> JsonObject | None:
        """Return one element through the item schema, None when a property stays unset."""
        members: JsonObject = {}
        for key, member in (node.properties or {}).items():
            value: Maybe
            if member.is_group and member.const is UNSET:
                value = self.mapped_item(member, (*path, key), scope) or UNSET
                if value is UNSET and not member.properties:
                    value = {}
            else:
                value = self.value(_with_own_name(member, key), (*path, key), UNSET, scope)
            if isinstance(value, Unset):
                return None
            members[key] = value
        return members

    def _listed(self, node: Node, path: Path, listed: Json) -> Maybe:
        problem = fault(node, listed, self.options)
        if problem is None:
            self.origins[path] = Origin.CHART
            return copy(listed) if is_container(listed) else listed
        self.warn(
            path,
            "chart_value_invalid",
            N_("The chart's own value does not fit its schema ({reason}); nothing is sent."),
            reason=problem,
        )
        return UNSET

    def _last_resort(self, node: Node, path: Path, scope: JsonObject) -> Maybe:
        offered = self.options(node)
        if node.kind is NodeKind.ARRAY and not offered:
            return self._copies(node, path, scope)
        if offered:
            self.origins[path] = Origin.SCHEMA
            return copy(offered[0])
        self.warn(path, "no_default", N_("The chart gives no value for this setting."))
        return UNSET

    def _copies(self, node: Node, path: Path, scope: JsonObject) -> Maybe:
        items: list[Json] = []
        if node.min_items and (node.items is None or node.min_items > _MAX_COPIES):
            self.warn(path, "no_default", N_("The chart gives no value for this setting."))
            return UNSET
        for index in range(node.min_items):
            item = (
                UNSET
                if node.items is None
                else self.value(node.items, (*path, index), UNSET, scope)
            )
            if isinstance(item, Unset):
                self.warn(path, "no_default", N_("The chart gives no value for this setting."))
                return UNSET
            items.append(item)
        if fault(node, items, self.options) is not None:
            self.warn(path, "no_default", N_("The chart gives no value for this setting."))
            return UNSET
        self.origins[path] = Origin.SCHEMA
        return items

    def warn(self, path: Path, code: str, template: str, **values: str) -> None:
        self.problems.append(warning(path, code, template, **values))


def _with_own_name(node: Node, name: str) -> Node:
    """Return a node that reads the element's own member when it has no template."""
    if node.overwrite_default is not UNSET or node.const is not UNSET:
        return node
    quote = "'" if '"' in name else '"'
    return replace(node, overwrite_default=f"{{{{[{quote}{name}{quote}]}}}}")


def _add_missing(
    values: JsonObject, listed: JsonObject, path: Path, origins: dict[Path, Origin]
) -> None:
    """Add atomic leaves of values.yaml that are missing; a computed list keeps its length."""
    for key, value in listed.items():
        place = (*path, key)
        if isinstance(value, dict):
            current = values.get(key, UNSET)
            if isinstance(current, dict):
                _add_missing(current, value, place, origins)
            elif current is UNSET:
                added: JsonObject = {}
                _add_missing(added, value, place, origins)
                if added:
                    values[key] = added
        elif key not in values:
            kept = _leaves(value)
            if not isinstance(kept, Unset):
                values[key] = kept
                origins[place] = Origin.CHART


def _leaves(value: Json) -> Maybe:
    """Return a list of values.yaml with its atomic leaves; UNSET when it holds none."""
    if isinstance(value, list):
        return copy(value) if _has_leaf(value) else UNSET
    return value


def _has_leaf(value: Json) -> bool:
    if isinstance(value, (dict, list)):
        inner = value.values() if isinstance(value, dict) else value
        return any(_has_leaf(item) for item in inner)
    return True


def new_item(node: Node, path: Path, index: int, context: JsonObject, listed: Maybe) -> Json:
    """Return what a new item of a list holds.

    The item's default; else that of the list (`listed`) at this index, else its first; else an
    item with nothing set. Source: launcher.md 9.2.
    """
    items = node.items
    if items is None:
        return ""
    value = _Run(OptionFinder(context)).value(items, (*path, index), UNSET, context)
    if not isinstance(value, Unset) and _complete(items, value):
        return value
    for source in (listed, node.default):
        if isinstance(source, list) and source:
            return copy(source[index] if index < len(source) else source[0])
    return _blank(items) if isinstance(value, Unset) else value


def suggested_items(
    node: Node, path: Path, profile: JsonObject, context: JsonObject
) -> tuple[JsonObject, ...]:
    """Return the items of a person's profile that a list's template names, as items of the list.

    profile: what is not injected. An item that does not become one of the list's is left out.
    Source: launcher.md 9.2.
    """
    template, items = node.overwrite_default, node.items
    if not isinstance(template, str) or items is None or not items.is_group:
        return ()
    listed = resolve(template, {"user": {"profile": profile}})
    found: list[JsonObject] = []
    for element in listed if isinstance(listed, list) else ():
        if isinstance(element, dict):
            run = _Run(OptionFinder({**context, **element}))
            item = run.mapped_item(items, (*path, 0), {**context, **element})
            if item is not None and not any(same(item, other) for other in found):
                found.append(item)
    return tuple(found)


def _complete(node: Node, value: Json) -> bool:
    if node.properties is None or not isinstance(value, dict):
        return True
    return all(
        key in value and _complete(member, value[key]) for key, member in node.properties.items()
    )


def _blank(node: Node) -> Json:
    if node.kind is NodeKind.OBJECT:
        return {}
    if node.kind is NodeKind.ARRAY:
        return []
    if node.kind is NodeKind.BOOLEAN:
        return False
    if node.kind in NUMERIC:
        return node.minimum if node.minimum is not None else 0
    return ""
