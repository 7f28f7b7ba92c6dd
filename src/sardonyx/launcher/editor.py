"""The YAML view of a draft: its schema for editors, its text, and what is wrong in a text.

Lines and columns are counted from 1. A secret stands in the text as `$VAR`, named after its
path; where that is left as it is, the secret stays what it was. Source: launcher.md 9.3, 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sardonyx.catalog.models import LocalizedText
from sardonyx.errors import Problem
from sardonyx.launcher.completion import Completion, complete
from sardonyx.launcher.draft import Draft, patched
from sardonyx.launcher.masking import Unmasking, masked
from sardonyx.launcher.models import UNSET, Maybe, PatchEntry
from sardonyx.launcher.nodes import Node, NodeKind
from sardonyx.launcher.options import OptionFinder
from sardonyx.launcher.patch import diff
from sardonyx.launcher.yaml_text import Place, read_values, write
from sardonyx.text import localized
from sardonyx.values import JsonObject, Path, pointer

__all__ = [
    "Completion",
    "EditorReport",
    "Marked",
    "check_text",
    "complete",
    "editor_schema",
    "editor_text",
]

# What only the launcher's form reads.
_FORM_ONLY = (
    *("x-onyxia", "x-sardonyx", "render", "listEnum", "hidden", "form"),
    *("sliderMin", "sliderMax", "sliderStep", "sliderUnit", "sliderExtremity", "sliderRangeId"),
    "sliderExtremitySemantic",
)
_BUILT = ("properties", "items", "enum", "default", "title", "description")


@dataclass(frozen=True, slots=True)
class Marked:
    """A problem of a text, and where it stands."""

    problem: Problem
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class EditorReport:
    """What is wrong in a text, in its order; and the patch it makes, None when it makes none."""

    problems: tuple[Marked, ...]
    patch: tuple[PatchEntry, ...] | None


def editor_schema(draft: Draft) -> JsonObject:
    """Return the JSON Schema of a draft's values, resolved, for editors.

    Its `enum` are the choices of this person and its `default` the computed ones; `required` and
    `additionalProperties` stay as the chart wrote them. The defaults of secrets are left out.
    """
    root = draft.schema.root
    if root is None:
        return {"type": "object"}
    finder = OptionFinder(draft.context)
    made = _Schema(draft.language, draft.secret_paths, finder).of(root, (), draft.defaults)
    return {"$schema": "http://json-schema.org/draft-07/schema#", **made}


@dataclass(frozen=True, slots=True)
class _Schema:
    language: str
    secrets: frozenset[Path]
    options: OptionFinder

    def of(self, node: Node, path: Path, default: Maybe) -> JsonObject:
        if node.kind is NodeKind.DEGRADED:
            return {}
        kept = {
            key: value
            for key, value in node.raw.items()
            if key not in _FORM_ONLY and key not in _BUILT
        }
        made: JsonObject = {**kept, **self._texts(node)}
        if node.properties is not None:
            known = default if isinstance(default, dict) else {}
            made["properties"] = {
                key: self.of(member, (*path, key), known.get(key, UNSET))
                for key, member in node.properties.items()
            }
        elif node.items is not None:
            made["items"] = self.of(node.items, (*path, 0), node.items.default)
        offered = self.options(node)
        if offered:
            made["enum"] = list(offered)
        if node.properties is None and default is not UNSET and path not in self.secrets:
            made["default"] = default
        return made

    def _texts(self, node: Node) -> JsonObject:
        texts: Mapping[str, LocalizedText | None] = {
            "title": node.title,
            "description": node.description,
        }
        return {key: localized(text, self.language) for key, text in texts.items() if text}


def editor_text(draft: Draft) -> str:
    """Return the values of a draft as the editor shows them; nothing for no values."""
    return write(masked(draft.values, draft.secret_paths)) if draft.values else ""


def check_text(draft: Draft, text: str) -> EditorReport:
    """Return what a text says wrongly, and the whole patch it makes of the draft.

    A text that is no YAML, or no object, makes none. What is wrong with the chart itself is not
    told again here.
    """
    known = read_values(text)
    values = known.object
    if values is None:
        line, column = known.places.get((), (1, 1))
        return EditorReport(tuple(Marked(one, line, column) for one in known.problems), None)
    made = Unmasking(draft.values, draft.secret_paths)(values)
    patch = diff(draft.defaults, made if isinstance(made, dict) else {})
    opening = draft.opening
    # The very same objects stand among the problems of every draft of the opening.
    of_chart = {id(one) for one in (*opening.known.schema.problems, *opening.computed.problems)}
    places = {pointer(path): place for path, place in known.places.items()}
    found = patched(draft, patch).problems
    told = (_marked(one, places) for one in found if id(one) not in of_chart)
    return EditorReport(tuple(sorted(told, key=lambda one: (one.line, one.column))), patch)


def _marked(problem: Problem, places: Mapping[str, Place]) -> Marked:
    """Return a problem at its own place, else at that of the nearest value around it."""
    at_pointer = problem.pointer
    while at_pointer and at_pointer not in places:
        at_pointer = at_pointer.rpartition("/")[0]
    line, column = places.get(at_pointer, (1, 1))
    return Marked(problem, line, column)
