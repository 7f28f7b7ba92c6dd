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

from sardonyx.errors import Problem
from sardonyx.launcher.models import Maybe, Origin
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


@dataclass(frozen=True, slots=True)
class FormField:
    """One setting. `text` is what its input holds; `companion` what a checkbox posts when off.

    minimum, maximum, step are in `unit`. `halves`: the two fields of a range slider, low then
    high, each posting under its own pointer; the range itself posts nothing. `offered` is False
    for a select whose value is no longer among the choices. `reason`: why a notice is shown.
    `hides_secrets`: a `$VAR` stands in `text` for each secret; left there, it stays what it is.
    """

    path: Path
    pointer: str
    label: str
    help: str
    widget: Widget
    kind: NodeKind
    value: Maybe
    default: Maybe
    text: str = ""
    is_set: bool = True
    is_changed: bool = False
    disabled: bool = False
    secret: bool = False
    hides_secrets: bool = False
    options: tuple[FormOption, ...] = ()
    offered: bool = True
    companion: str = ""
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    unit: str = ""
    pattern: str | None = None
    origin: Origin | None = None
    reason: str = ""
    halves: tuple[FormField, ...] = ()
    suggestions: tuple[FormSuggestion, ...] = ()
    problems: tuple[Problem, ...] = ()

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
