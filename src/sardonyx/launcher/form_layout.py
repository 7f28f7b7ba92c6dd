"""Lay a form out: range sliders joined, then sections and one block per sub-chart.

Source: launcher.md 9.1 and the range sliders of 9.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sardonyx.catalog.models import Dependency
from sardonyx.errors import Problem
from sardonyx.launcher.form_model import FormField, FormGroup, GroupRole, Widget
from sardonyx.launcher.models import UNSET, Maybe, warning
from sardonyx.launcher.nodes import Node, Slider
from sardonyx.launcher.validation import nodes_along
from sardonyx.text import N_, Text
from sardonyx.values import JsonObject, Path, pointer

_MISCELLANEOUS = N_("Miscellaneous")
_GLOBAL = N_("Shared by all parts")


@dataclass(frozen=True, slots=True)
class _Half:
    field: FormField
    slider: Slider


def join_ranges(tree: FormGroup, root: Node) -> tuple[FormGroup, tuple[Problem, ...]]:
    """Return the form with both halves of each range slider shown once, and what misfits."""
    pairs: dict[tuple[str, Path], list[_Half]] = {}
    for field in _plain_fields(tree):
        if field.widget is Widget.SLIDER:
            slider = _slider(root, field.path)
            if slider is not None and slider.range_id and slider.extremity:
                place = _item_prefix(field.path)
                pairs.setdefault((slider.range_id, place), []).append(_Half(field, slider))
    problems: list[Problem] = []
    for halves in pairs.values():
        joined = _joined(halves)
        if joined is None:
            problems.append(
                warning(
                    halves[0].field.path,
                    "range_slider",
                    N_("The two halves of this range do not fit together; they are shown apart."),
                )
            )
        else:
            tree = _replaced(tree, joined)
    return tree, tuple(problems)


def _plain_fields(group: FormGroup) -> Iterator[FormField]:
    for child in group.children:
        if isinstance(child, FormGroup):
            yield from _plain_fields(child)
        else:
            yield child


def _slider(root: Node, path: Path) -> Slider | None:
    last = root
    for _, node in nodes_along(root, path):
        last = node
    return last.slider


def _item_prefix(path: Path) -> Path:
    """Return the innermost list item a path is in: halves pair up inside one item."""
    for length in range(len(path), 0, -1):
        if isinstance(path[length - 1], int):
            return path[:length]
    return ()


def _joined(halves: Sequence[_Half]) -> FormField | None:
    by_side = {half.slider.extremity: half for half in halves}
    if len(halves) != 2 or set(by_side) != {"down", "up"}:
        return None
    low, high = by_side["down"], by_side["up"]
    steps = [half.slider.step for half in (low, high) if half.slider.step is not None]
    if low.slider.unit != high.slider.unit or not steps:
        return None
    first, second = _number(low.field), _number(high.field)
    if first is not None and second is not None and first > second:
        return None
    minima = [half.slider.minimum for half in (low, high) if half.slider.minimum is not None]
    maxima = [half.slider.maximum for half in (low, high) if half.slider.maximum is not None]
    if not minima or not maxima:
        return None

    def bounded(field: FormField) -> FormField:
        fixed = field.fixed._replace(minimum=min(minima), maximum=max(maxima), step=steps[0])
        return replace(field, fixed=fixed)

    both_disabled = low.field.disabled and high.field.disabled
    shown = bounded(low.field)
    common = _common(low.field.path[:-1], high.field.path[:-1])
    return replace(
        shown,
        path=common,
        pointer=pointer(common),
        widget=Widget.RANGE_SLIDER,
        text="",
        halves=(bounded(low.field), bounded(high.field)),
        is_changed=low.field.is_changed or high.field.is_changed,
        fixed=shown.fixed._replace(disabled=both_disabled),
        problems=(*low.field.problems, *high.field.problems),
    )


def _number(field: FormField) -> float | None:
    try:
        return float(field.text)
    except ValueError:
        return None


def _common(one: Path, other: Path) -> Path:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return one[:length]


def _replaced(group: FormGroup, joined: FormField) -> FormGroup:
    """Return the group with `joined` at its place and the two halves gone."""
    gone = {half.pointer for half in joined.halves}
    children: list[FormGroup | FormField] = []
    placed = group.path != joined.path
    for child in group.children:
        touched = False
        kept: FormGroup | FormField | None = child
        if isinstance(child, FormField):
            touched = child.pointer in gone and not child.halves
            kept = None if touched else child
        elif any(half.path[: len(child.path)] == child.path for half in joined.halves):
            touched = True
            kept = _replaced(child, joined)
            if not kept.children and not (kept.is_list and kept.can_add):
                kept = None
        if touched and not placed:
            children.append(joined)
            placed = True
        if kept is not None:
            children.append(kept)
    return replace(group, children=tuple(children))


def lay_out(
    tree: FormGroup,
    *,
    chart_name: str,
    dependencies: Sequence[Dependency],
    values: JsonObject,
    chart_values: JsonObject,
    language: str,
) -> FormGroup:
    """Return the sections of the page, in order, under one root group."""
    states = {
        one.name: _enabled(one, values, chart_values)
        for one in dependencies
        if one.name != chart_name
    }
    own = chart_name if any(one.name == chart_name for one in dependencies) else None
    top = _merged_own(tree.children, own)
    shared, shared_fields = _global_parts(top, states, own)
    blocks: list[FormGroup] = []
    for one in dependencies:
        if one.name == chart_name or any(block.path == (one.name,) for block in blocks):
            continue
        block = _block(one, states[one.name], top, shared.get(one.name, ()))
        if block is not None:
            blocks.append(block)
    fields = [child for child in top if isinstance(child, FormField)]
    sections: list[FormGroup] = []
    if fields:
        label = Text(_MISCELLANEOUS).in_language(language)
        sections.append(FormGroup((), "", label, "", GroupRole.MISCELLANEOUS, tuple(fields)))
    for child in top:
        if isinstance(child, FormGroup) and child.path[0] not in {*states, "global"}:
            role = GroupRole.LIST if child.is_list else GroupRole.ACCORDION
            sections.append(replace(child, role=role))
    if shared_fields:
        label = Text(_GLOBAL).in_language(language)
        sections.append(
            FormGroup(("global",), "/global", label, "", GroupRole.GLOBAL, shared_fields)
        )
    return replace(tree, role=GroupRole.ROOT, children=(*sections, *blocks))


def _merged_own(
    children: Sequence[FormGroup | FormField], own: str | None
) -> tuple[FormGroup | FormField, ...]:
    """Return the top level with the dependency of the chart's own name merged in."""
    merged: list[FormGroup | FormField] = []
    labels = {child.label for child in children if child.path != (own,)}
    for child in children:
        is_own = own is not None and child.path == (own,) and isinstance(child, FormGroup)
        if (
            isinstance(child, FormGroup)
            and is_own
            and labels.isdisjoint(inner.label for inner in child.children)
        ):
            merged.extend(child.children)
        else:
            merged.append(child)
    return tuple(merged)


def _global_parts(
    top: Sequence[FormGroup | FormField], states: dict[str, bool], own: str | None
) -> tuple[dict[str, tuple[FormGroup | FormField, ...]], tuple[FormGroup | FormField, ...]]:
    """Return what `global` holds for each dependency, and what it holds for all."""
    shared: dict[str, tuple[FormGroup | FormField, ...]] = {}
    rest: list[FormGroup | FormField] = []
    for child in top:
        if child.path != ("global",) or not isinstance(child, FormGroup):
            continue
        for inner in child.children:
            name = str(inner.path[-1])
            if isinstance(inner, FormGroup) and name in states:
                shared[name] = inner.children
            elif isinstance(inner, FormGroup) and name == own:
                rest.extend(inner.children)
            else:
                rest.append(inner)
    return shared, tuple(rest)


def _block(
    dependency: Dependency,
    enabled: bool,
    top: Sequence[FormGroup | FormField],
    shared: tuple[FormGroup | FormField, ...],
) -> FormGroup | None:
    path: Path = (dependency.name,)
    group = next(
        (child for child in top if child.path == path and isinstance(child, FormGroup)), None
    )
    children = (*(group.children if group else ()), *shared)
    if not enabled:
        switches = {_condition_path(text) for text in _conditions(dependency)}
        children = tuple(_only(group.children, switches)) if group else ()
    if not children:
        return None
    base = group or FormGroup(path, pointer(path), dependency.name, "", GroupRole.BLOCK, ())
    return replace(base, role=GroupRole.BLOCK, children=children)


def _only(
    children: Sequence[FormGroup | FormField], kept: set[Path]
) -> Iterator[FormGroup | FormField]:
    for child in children:
        if isinstance(child, FormField):
            if child.path in kept:
                yield child
        else:
            inner = tuple(_only(child.children, kept))
            if inner:
                yield replace(child, children=inner)


def _conditions(dependency: Dependency) -> list[str]:
    return [part.strip() for part in (dependency.condition or "").split(",") if part.strip()]


def _condition_path(text: str) -> Path:
    return tuple(text.split("."))


def _enabled(dependency: Dependency, values: JsonObject, chart_values: JsonObject) -> bool:
    """Tell whether a dependency is on: no condition, or its first known place is `true`."""
    conditions = _conditions(dependency)
    if not conditions:
        return True
    for text in conditions:
        for source in (values, chart_values):
            found = _dotted(source, _condition_path(text))
            if found is not UNSET:
                return found is True
    return False


def _dotted(value: Maybe, path: Path) -> Maybe:
    for part in path:
        if isinstance(value, dict) and isinstance(part, str) and part in value:
            value = value[part]
        elif isinstance(value, list) and _is_index(part) and int(part) < len(value):
            value = value[int(part)]
        else:
            return UNSET
    return value


def _is_index(part: str | int) -> bool:
    text = str(part)
    return text.isascii() and text.isdigit() and len(text) < 10


__all__ = ["join_ranges", "lay_out"]
