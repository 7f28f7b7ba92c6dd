"""What a form is built from, and what the forms of one chart share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sardonyx.errors import Problem
from sardonyx.launcher.form_model import Fixed, FormField, Widget
from sardonyx.launcher.models import Origin
from sardonyx.launcher.nodes import Node
from sardonyx.launcher.options import OptionFinder
from sardonyx.values import JsonObject, Path


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the forms of a chart in one language share, found as they are built.

    fixed: what nodes alone say of their fields. untouched: whole fields of settled nodes, for
    where the value is that default, nothing is wrong with it and it is no secret.
    """

    fixed: dict[tuple[Node, Widget], Fixed] = field(default_factory=dict)
    untouched: dict[Node, FormField] = field(default_factory=dict)

    def keep(self, node: Node, made: FormField) -> None:
        """Remember the field of a settled node, if it is the same in any form.

        A node inside a list stands at many places.
        """
        if (
            made.value is node.default
            and made.default is node.default
            and not made.secret
            and not made.problems
            and not any(isinstance(part, int) for part in made.path)
        ):
            self.untouched[node] = made


@dataclass(frozen=True, slots=True)
class FormInputs:
    """What a form is built from. `problems` by pointer; `secrets` as value paths.

    suggested: what of a person's profile is proposed, None without any. settled: nodes that have
    their own default in any context. drawn: kept with the schema for this language.
    """

    values: JsonObject
    defaults: JsonObject
    options: OptionFinder
    language: str
    problems: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    origins: Mapping[Path, Origin] = field(default_factory=dict)
    secrets: frozenset[Path] = frozenset()
    suggested: JsonObject | None = None
    settled: Collection[Node] = ()
    drawn: Drawn = field(default_factory=Drawn)
