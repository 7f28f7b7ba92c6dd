"""Build the form of a draft: one widget per node that is not hidden.

Layout and range sliders follow in `form_layout`. Source: launcher.md 9.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sardonyx.errors import Problem
from sardonyx.launcher.conditions import is_hidden
from sardonyx.launcher.defaults import suggested_items
from sardonyx.launcher.form_inputs import FormInputs
from sardonyx.launcher.form_model import (
    Fixed,
    FormField,
    FormGroup,
    FormOption,
    FormSuggestion,
    GroupRole,
    Widget,
)
from sardonyx.launcher.masking import masked
from sardonyx.launcher.models import UNSET, Maybe, Origin, Unset
from sardonyx.launcher.nodes import NUMERIC, Node, NodeKind, Slider
from sardonyx.launcher.options import OptionFinder
from sardonyx.launcher.scalars import at, number_text, read_number, same
from sardonyx.launcher.yaml_text import text_of, write
from sardonyx.text import Text, localized
from sardonyx.values import Json, JsonObject, Path


@dataclass(frozen=True, slots=True)
class BuiltForm:
    """A form as nested groups, before layout, and what it was built from."""

    tree: FormGroup
    inputs: FormInputs


def build_form(root: Node, inputs: FormInputs, before: BuiltForm | None = None) -> BuiltForm:
    """Return the whole form.

    before: an earlier one of the same opening; where nothing changed, its very groups and fields
    stand in this one too.
    """
    shown = masked(inputs.values, inputs.secrets) if inputs.secrets else inputs.values
    was: Maybe = UNSET
    drawn, unsettled = None, frozenset[str]()
    # Other secrets may have other variables, wherever these are shown.
    if before is not None and before.inputs.secrets == inputs.secrets:
        was, drawn = before.inputs.values, before.tree
        unsettled = _unsettled(before.inputs.problems, inputs.problems)
    spot = _Spot((), "", "", inputs.values, inputs.defaults, inputs.options, was, drawn)
    return BuiltForm(_Builder(inputs, shown, unsettled).group(root, spot), inputs)


def _unsettled(
    before: Mapping[str, Sequence[Problem]], now: Mapping[str, Sequence[Problem]]
) -> frozenset[str]:
    """Return the pointers that have other problems than before, at them or below."""
    found: set[str] = set()
    for place in before.keys() | now.keys():
        if list(before.get(place, ())) != list(now.get(place, ())):
            above = place
            while above not in found:
                found.add(above)
                above = above.rpartition("/")[0]
    return frozenset(found)


def form_text(value: Maybe) -> str:
    """Return what an input holds for an atomic value; unset and null are empty."""
    if isinstance(value, Unset) or value is None:
        return ""
    return write(value) if isinstance(value, (dict, list)) else text_of(value)


def split_unit(value: Maybe, unit: str) -> int | float | None:
    """Return the number of a slider's value: `"500m"` with unit `m` gives 500."""
    if isinstance(value, str):
        return read_number(value.removesuffix(unit) if unit else value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return None


class _Spot(NamedTuple):
    """One place of the form on the way down: where, its fallback label, value and default.

    was, drawn: its value and widget in the form before, if any.
    """

    path: Path
    pointer: str
    label: str
    value: Maybe
    default: Maybe
    options: OptionFinder
    was: Maybe = UNSET
    drawn: FormGroup | FormField | None = None


@dataclass(frozen=True, slots=True)
class _Builder:
    """shown: the values with `$VAR` in place of each secret. unsettled: see `_unsettled`."""

    inputs: FormInputs
    shown: JsonObject
    unsettled: frozenset[str]

    def child(self, node: Node, spot: _Spot) -> FormGroup | FormField | None:
        """Return the widget of a node; None when it is hidden."""
        if node.hidden is not False and is_hidden(node, spot.path, self.inputs.values):
            return None
        if (
            spot.drawn is not None
            and spot.value is spot.was
            and not node.conditional
            and spot.pointer not in self.unsettled
        ):
            return spot.drawn
        return self.made(node, spot)

    def untouched(self, node: Node, value: Maybe, default: Maybe) -> FormField | None:
        """Return the field that all forms share while a settled node has its own default."""
        known = self.inputs.drawn.untouched.get(node)
        if (
            known is None
            or value is not known.value
            or default is not known.value
            or known.pointer in self.inputs.problems
            or known.path in self.inputs.secrets
        ):
            return None
        return known

    def made(self, node: Node, spot: _Spot) -> FormGroup | FormField:
        """Return the widget of a node that is shown and not as it was."""
        if node.kind is NodeKind.DEGRADED:
            return self.field(node, spot, Widget.NOTICE)
        if node.has_options and spot.options(node) is not None:
            return self.field(node, spot, Widget.SELECT)
        free = node.const is UNSET
        if free and node.properties is not None and isinstance(spot.value, (dict, Unset)):
            return self.group(node, spot)
        if free and node.items is not None and isinstance(spot.value, (list, Unset)):
            return self.list(node, spot)
        return self.field(node, spot, _widget(node))

    def group(self, node: Node, spot: _Spot) -> FormGroup:
        path, pointer, _, _, _, options, was, drawn = spot
        values = spot.value if isinstance(spot.value, dict) else {}
        defaults = spot.default if isinstance(spot.default, dict) else {}
        were = was if isinstance(was, dict) else {}
        drawn_before: dict[str | int, FormGroup | FormField] = {}
        if isinstance(drawn, FormGroup) and not drawn.is_list:
            drawn_before = {child.path[-1]: child for child in drawn.children}
        children: list[FormGroup | FormField] = []
        for key, member in (node.properties or {}).items():
            value, default = values.get(key, UNSET), defaults.get(key, UNSET)
            child: FormGroup | FormField | None = self.untouched(member, value, default)
            if child is None:
                escaped = key.replace("~", "~0").replace("/", "~1")
                inner = _Spot(
                    (*path, key),
                    f"{pointer}/{escaped}",
                    key,
                    value,
                    default,
                    options,
                    were.get(key, UNSET),
                    drawn_before.get(key),
                )
                child = self.child(member, inner)
            if child is not None:
                children.append(child)
        return FormGroup(
            path=path,
            pointer=pointer,
            label=self._label(node, spot.label),
            help=self._help(node),
            role=GroupRole.GROUP if path else GroupRole.ROOT,
            children=tuple(children),
            problems=tuple(self.inputs.problems.get(pointer, ())),
        )

    def list(self, node: Node, spot: _Spot) -> FormGroup:
        heading = self._label(node, spot.label)
        items = spot.value if isinstance(spot.value, list) else []
        defaults = spot.default if isinstance(spot.default, list) else []
        proposed = self._suggested(node, spot, items)
        children: list[FormGroup | FormField] = []
        for index, item in enumerate(items) if node.items is not None else ():
            inner = _Spot(
                (*spot.path, index),
                f"{spot.pointer}/{index}",
                f"{heading} {index + 1}",
                item,
                defaults[index] if index < len(defaults) else UNSET,
                spot.options.inside(item) if isinstance(item, dict) else spot.options,
            )
            child = self.child(node.items, inner) if node.items is not None else None
            if isinstance(child, FormGroup) and proposed:
                child = _with_suggestions(child, proposed)
            if child is not None:
                children.append(child)
        limit = node.max_items
        return FormGroup(
            path=spot.path,
            pointer=spot.pointer,
            label=heading,
            help=self._help(node),
            role=GroupRole.LIST,
            children=tuple(children),
            is_list=True,
            can_add=not node.readonly and (limit is None or len(items) < limit),
            can_remove=not node.readonly and len(items) > node.min_items,
            item_count=len(items),
            suggested=proposed,
            problems=tuple(self.inputs.problems.get(spot.pointer, ())),
        )

    def field(self, node: Node, spot: _Spot, widget: Widget) -> FormField:
        inputs = self.inputs
        path, pointer, label, value, default, options, _, _ = spot
        if isinstance(value, Unset) or isinstance(default, Unset):
            changed = value is not default
        else:
            changed = not same(value, default)
        fixed = self.fixed(node, widget)
        choices: tuple[FormOption, ...] = ()
        offered = True
        if widget is Widget.SELECT:
            choices, offered = _choices(options(node) or (), value)
        text, hides = value if isinstance(value, str) else "", False
        if isinstance(value, (dict, list)) or (
            widget is Widget.TEXTAREA and path in inputs.secrets and text
        ):
            # An input of many lines hides nothing by itself.
            masked_value = at(self.shown, path)
            hides = not same(value, masked_value)
            text = form_text(masked_value)
        elif not isinstance(value, str):
            text = form_text(value)
        if widget is Widget.SLIDER:
            number = split_unit(value, fixed.unit)
            text = text if number is None else number_text(number)
        problems = tuple(inputs.problems.get(pointer, ()))
        made = FormField(
            path=path,
            pointer=pointer,
            label=fixed.label or label,
            widget=widget,
            fixed=fixed,
            value=value,
            default=default,
            text=text,
            is_changed=changed,
            secret=path in inputs.secrets,
            hides_secrets=hides,
            options=choices,
            offered=offered,
            origin=Origin.USER if changed else inputs.origins.get(path),
            problems=problems,
        )
        if node in inputs.settled and node.hidden is False:
            inputs.drawn.keep(node, made)
        return made

    def fixed(self, node: Node, widget: Widget) -> Fixed:
        """Return what `node` alone says of its field."""
        key = (node, widget)
        known = self.inputs.drawn.fixed.get(key)
        if known is None:
            slider = node.slider if widget is Widget.SLIDER else None
            known = self.inputs.drawn.fixed[key] = Fixed(
                label=self._label(node, ""),
                help=self._help(node),
                kind=node.kind,
                disabled=node.readonly or node.const is not UNSET,
                minimum=slider.minimum if slider else node.minimum,
                maximum=slider.maximum if slider else None,
                step=slider.step if slider else _step(node),
                unit=slider.unit if slider else "",
                pattern=node.pattern if widget in (Widget.TEXT, Widget.PASSWORD) else None,
                reason=Text(node.reason).in_language(self.inputs.language) if node.reason else "",
            )
        return known

    def _suggested(self, node: Node, spot: _Spot, items: Sequence[Json]) -> tuple[JsonObject, ...]:
        """Return what a person's profile proposes for a list, without what it holds already."""
        profile = self.inputs.suggested
        if profile is None or node.readonly:
            return ()
        found = suggested_items(node, spot.path, profile, spot.options.scope)
        return tuple(one for one in found if not any(same(one, item) for item in items))

    def _label(self, node: Node, fallback: str) -> str:
        title = node.title
        if title is None:
            return fallback
        return (title if isinstance(title, str) else localized(title, self.inputs.language)) or (
            fallback
        )

    def _help(self, node: Node) -> str:
        if node.description is None:
            return ""
        return localized(node.description, self.inputs.language)


def _with_suggestions(item: FormGroup, proposed: Sequence[JsonObject]) -> FormGroup:
    """Return an item whose text fields propose what each suggestion holds at their place."""
    children: list[FormGroup | FormField] = []
    for child in item.children:
        if isinstance(child, FormField) and child.widget is Widget.TEXT and not child.disabled:
            key = child.path[-1]
            offered = tuple(
                FormSuggestion(form_text(one[key]), f"{item.pointer}:{number}")
                for number, one in enumerate(proposed)
                if isinstance(key, str) and one.get(key) not in (None, "")
            )
            child = replace(child, suggestions=offered)  # noqa: PLW2901 - the same, with more
        children.append(child)
    return replace(item, children=tuple(children))


def _step(node: Node) -> float | None:
    multiple = node.raw.get("multipleOf")
    if isinstance(multiple, (int, float)) and not isinstance(multiple, bool) and multiple > 0:
        return multiple
    return 1 if node.kind is NodeKind.INTEGER else None


def _widget(node: Node) -> Widget:
    """Return the widget of a node that is neither hidden nor a select, group or list."""
    kind = node.kind
    if kind is NodeKind.CONST:
        kind = _kind_of(node.const)
    if kind in (NodeKind.OBJECT, NodeKind.ARRAY):
        return Widget.YAML
    if kind is NodeKind.BOOLEAN:
        return Widget.CHECKBOX
    if is_slider(node.slider, node):
        return Widget.SLIDER
    if kind in NUMERIC:
        return Widget.NUMBER
    if node.render == "textArea":
        return Widget.TEXTAREA
    return Widget.PASSWORD if node.render == "password" else Widget.TEXT


def is_slider(slider: Slider | None, node: Node) -> bool:
    """Tell whether a node is drawn as a slider or half of one."""
    if slider is None or node.render != "slider":
        return False
    return slider.minimum is not None or slider.maximum is not None or slider.range_id is not None


def _kind_of(value: Maybe) -> NodeKind:
    if isinstance(value, bool):
        return NodeKind.BOOLEAN
    if isinstance(value, (int, float)):
        return NodeKind.NUMBER
    if isinstance(value, dict):
        return NodeKind.OBJECT
    return NodeKind.ARRAY if isinstance(value, list) else NodeKind.STRING


def _choices(options: Sequence[Json], value: Maybe) -> tuple[tuple[FormOption, ...], bool]:
    """Return the choices, and whether the current value is one of them (or unset)."""
    choices = []
    offered = isinstance(value, Unset)
    for option in options:
        selected = not isinstance(value, Unset) and same(option, value)
        offered = offered or selected
        token = option_token(option)
        choices.append(FormOption(option, token, token, selected))
    return tuple(choices), offered


def option_token(option: Json) -> str:
    """Return what a form posts for an option: its text, JSON for a container."""
    if isinstance(option, (dict, list)):
        return json.dumps(option, ensure_ascii=False)
    return text_of(option)
