"""What a page shows of a draft: groups and fields, ready to render and to post back.

HTML names are JSON pointers, so each field and group carries its own. A field posts `text`
back unchanged when nobody touched it, and then nothing changes.

Checkboxes post nothing when off. Convention: right before each checkbox stands a hidden input
of the same name whose value is the field's `companion`; the checkbox's own value is `true`;
the last value posted under a name counts.

Lists: a button named `add` (value: the list's pointer) appends an item, one named `remove`
(value: the item's pointer) removes it, one named `reset` (value: a pointer, `""` for all) puts
the default back, one named `suggest` (value: a suggestion's token) overwrites the whole item.
Source: launcher.md 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sardonyx.errors import Problem
from sardonyx.launcher.models import UNSET, Maybe, Origin
from sardonyx.launcher.nodes import NodeKind
from sardonyx.values import Json, JsonObject, Path


class Widget(StrEnum):
    CHECKBOX = "checkbox"
    SELECT = "select"
    TEXT = "text"
    TEXTAREA = "textarea"
    PASSWORD = "password"  # noqa: S105 - a widget
    NUMBER = "number"
    SLIDER = "slider"
    RANGE_SLIDER = "range_slider"
    YAML = "yaml"
    NOTICE = "notice"


class GroupRole(StrEnum):
    """What a group is on the page. BLOCK: a Helm dependency; GLOBAL: what all share."""

    ROOT = "root"
    MISCELLANEOUS = "miscellaneous"
    ACCORDION = "accordion"
    GLOBAL = "global"
    BLOCK = "block"
    GROUP = "group"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class FormOption:
    """One choice. `token` is what a form posts for `value`."""

    value: Json
    token: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class FormSuggestion:
    """One item of a person's profile, proposed on a text field of a list's item.

    text: what this field would hold. token: what the button `suggest` posts.
    """

    text: str
    token: str


class Fixed(NamedTuple):
    """What of a field its node alone says, the same for every draft of a chart in one language.

    label: empty where the field's place gives it. minimum, maximum, step are in `unit`.
    """

    label: str
    help: str
    kind: NodeKind
    disabled: bool
    minimum: float | None
    maximum: float | None
    step: float | None
    unit: str
    pattern: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class FormField:
    """One setting. `text` is what its input holds; `companion` what a checkbox posts when off.

    minimum, maximum, step are in `unit`. `halves`: the two fields of a range slider, low then
    high, each posting under its own pointer; the range itself posts nothing. `offered` is False
    for a select whose value is no longer among the choices. `reason`: why a notice is shown.
    `hides_secrets`: a `$VAR` stands in `text` for each secret; left there, it stays what it is.

    Forms have hundreds of fields and are built at each keystroke: what is the same in each is
    shared, in `fixed`.
    """

    path: Path
    pointer: str
    label: str
    widget: Widget
    fixed: Fixed
    value: Maybe
    default: Maybe
    text: str = ""
    is_changed: bool = False
    secret: bool = False
    hides_secrets: bool = False
    options: tuple[FormOption, ...] = ()
    offered: bool = True
    origin: Origin | None = None
    halves: tuple[FormField, ...] = ()
    suggestions: tuple[FormSuggestion, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def help(self) -> str:
        return self.fixed.help

    @property
    def kind(self) -> NodeKind:
        return self.fixed.kind

    @property
    def disabled(self) -> bool:
        return self.fixed.disabled

    @property
    def minimum(self) -> float | None:
        return self.fixed.minimum

    @property
    def maximum(self) -> float | None:
        return self.fixed.maximum

    @property
    def step(self) -> float | None:
        return self.fixed.step

    @property
    def unit(self) -> str:
        return self.fixed.unit

    @property
    def pattern(self) -> str | None:
        return self.fixed.pattern

    @property
    def reason(self) -> str:
        return self.fixed.reason

    @property
    def is_set(self) -> bool:
        return self.value is not UNSET

    @property
    def companion(self) -> str:
        return "false" if isinstance(self.value, bool) else self.text

    @property
    def checked(self) -> bool:
        return self.value is True


@dataclass(frozen=True, slots=True)
class FormGroup:
    """Fields and groups under one heading; a list has one child per item.

    suggested: the items that its fields' suggestions stand for, by number.
    """

    path: Path
    pointer: str
    label: str
    help: str
    role: GroupRole
    children: tuple[FormGroup | FormField, ...]
    is_list: bool = False
    can_add: bool = False
    can_remove: bool = False
    item_count: int = 0
    suggested: tuple[JsonObject, ...] = ()
    problems: tuple[Problem, ...] = ()

    def fields(self) -> Iterator[FormField]:
        """Yield every field below, each half of a range slider by itself."""
        for child in self.children:
            if isinstance(child, FormGroup):
                yield from child.fields()
            elif child.halves:
                yield from child.halves
            else:
                yield child

    def groups(self) -> Iterator[FormGroup]:
        """Yield every group below, outermost first."""
        for child in self.children:
            if isinstance(child, FormGroup):
                yield child
                yield from child.groups()
