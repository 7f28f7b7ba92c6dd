"""Check what a chart's schema means once it is resolved: what is never used, shown or possible.

The sample person's draft says which settings stay empty; everything else is read from the nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sardonyx.catalog.lint_conditions import condition_findings
from sardonyx.catalog.lint_model import Place, schema_path
from sardonyx.catalog.models import Chart
from sardonyx.launcher.coerce import fault
from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.models import UNSET, Unset
from sardonyx.launcher.nodes import NUMERIC, Node, NodeKind
from sardonyx.launcher.options import OptionFinder
from sardonyx.launcher.references import resolve
from sardonyx.launcher.sample import sample_context
from sardonyx.launcher.scalars import same
from sardonyx.launcher.schema import ANY_ITEM
from sardonyx.text import Scalar
from sardonyx.values import Json, JsonObject, Path, pointer

_SAMPLE = sample_context()
_TEMPLATE = "overwriteDefaultWith"
_SLIDER = ("sliderMin", "sliderMax", "sliderStep", "sliderUnit", "sliderExtremity", "sliderRangeId")
_OF_TEXT = ("pattern", "minLength", "maxLength", "format")
_OF_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_OF_LISTS = ("items", "minItems", "maxItems", "uniqueItems")
_OF_OBJECTS = ("properties", "required", "additionalProperties", "patternProperties")
# The draft's own problems that an author can mend, by the code of the finding.
_OF_DRAFT = {
    "no_default": "default_missing",
    "const_type": "constant_type",
    "range_slider": "range_slider",
}


def node_findings(root: Node, chart: Chart, registry: Mapping[str, JsonObject]) -> Iterator[Place]:
    """Yield what is never used, shown or possible in the resolved schema of `chart`."""
    for path, node in nodes(root, ()):
        place = schema_path(pointer(path))
        for code, key, values in _of_node(node):
            yield Place((*place, *key), code, values)
    yield from condition_findings(root, chart.values)
    made = make_draft(chart=chart, context=_SAMPLE, registry=registry)
    for problem in made.problems:
        named = _OF_DRAFT.get(problem.code)
        if named is not None:
            yield from _of_draft(root, schema_path(problem.pointer), problem.pointer, named)


def nodes(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    """Yield every node with its place in the values; `-` stands for any item of a list."""
    yield path, node
    for name, member in (node.properties or {}).items():
        yield from nodes(member, (*path, name))
    if node.items is not None:
        yield from nodes(node.items, (*path, ANY_ITEM))


def _of_draft(root: Node, place: Path, at: str, code: str) -> Iterator[Place]:
    found = {pointer(path): node for path, node in nodes(root, ())}.get(at)
    if found is not None and code == "default_missing" and found.min_items:
        yield Place((*place, "minItems"), "items_unfilled", {"count": found.min_items})
    else:
        yield Place(place, code)


_Found = tuple[str, tuple[str, ...], Mapping[str, Scalar]]


def _of_node(node: Node) -> Iterator[_Found]:
    if node.kind is NodeKind.DEGRADED:
        return
    yield from _keywords(node)
    yield from _values(node)
    yield from _options(node)
    yield from _bounds(node)


def _keywords(node: Node) -> Iterator[_Found]:
    raw, kind = node.raw, node.kind
    nothing: list[str] = []
    if kind is not NodeKind.CONST:
        for names, kinds in (
            (_OF_TEXT, (NodeKind.STRING,)),
            (_OF_NUMBERS, NUMERIC),
            (_OF_LISTS, (NodeKind.ARRAY,)),
            (_OF_OBJECTS, (NodeKind.OBJECT,)),
        ):
            nothing += [name for name in names if name in raw and kind not in kinds]
        if node.render in ("textArea", "password") and kind is not NodeKind.STRING:
            nothing.append("render")
        if node.render == "slider" and kind not in (NodeKind.STRING, *NUMERIC):
            nothing.append("render")
    if raw.get("render") != "slider":
        nothing += [name for name in _SLIDER if name in raw]
    for name in nothing:
        yield "keyword_misplaced", (name,), {"keyword": name, "type": str(kind)}
    hints = raw.get("x-onyxia")
    by = "const" if node.const is not UNSET else "properties" if node.is_group else ""
    for name, key in (("default", ("default",)), (_TEMPLATE, ("x-onyxia", _TEMPLATE))):
        present = name in raw if len(key) == 1 else isinstance(hints, dict) and name in hints
        if present and by:
            yield "keyword_shadowed", key, {"keyword": name, "by": by}
    # Beside bounds of its own it is the administrator's choice between the two.
    if isinstance(hints, dict) and "useRegionSliderConfig" in hints and "sliderMax" not in raw:
        key = ("x-onyxia", "useRegionSliderConfig")
        yield "region_slider", key, {"name": str(hints["useRegionSliderConfig"])}
    if node.list_enum and node.enum and _fitting(node, node.list_enum) is None:
        yield "keyword_shadowed", ("enum",), {"keyword": "enum", "by": "listEnum"}
    if node.render == "password" and (node.enum or node.list_enum):
        yield "password_shown", ("render",), {}


def _values(node: Node) -> Iterator[_Found]:
    if node.const is not UNSET or node.is_group:
        return
    default = node.default
    if not isinstance(default, Unset):
        reason = fault(node, default, OptionFinder(_SAMPLE))
        if reason is not None:
            yield "default_unusable", ("default",), {"reason": reason}
    template = node.overwrite_default
    if isinstance(template, Unset):
        return
    found = resolve(template, _SAMPLE)
    if isinstance(found, Unset) or found is None:
        return
    holds_items = node.kind is NodeKind.ARRAY, node.kind is NodeKind.OBJECT
    if (isinstance(found, list), isinstance(found, dict)) != holds_items:
        shown = template if isinstance(template, str) else "…"
        key = ("x-onyxia", _TEMPLATE)
        yield "default_never_fits", key, {"reference": shown, "type": str(node.kind)}


def _options(node: Node) -> Iterator[_Found]:
    for name, listed in (("enum", node.enum), ("listEnum", node.list_enum)):
        if listed is None:
            continue
        if not listed:
            yield "options_empty", (name,), {"keyword": name}
        reason = _fitting(node, listed)
        if reason is not None:
            yield "options_ignored", (name,), {"keyword": name, "reason": reason}
        if any(same(one, other) for i, one in enumerate(listed) for other in listed[:i]):
            yield "options_twice", (name,), {"keyword": name}


def _fitting(node: Node, listed: tuple[Json, ...]) -> str | None:
    reasons = (fault(node, one, lambda _: None) for one in listed)
    return next((reason for reason in reasons if reason is not None), None)


def _bounds(node: Node) -> Iterator[_Found]:
    for low, high in (
        ("minItems", "maxItems"),
        ("minimum", "maximum"),
        ("minLength", "maxLength"),
    ):
        first, last = node.raw.get(low), node.raw.get(high)
        if isinstance(first, (int, float)) and isinstance(last, (int, float)) and first > last:
            yield "bounds_impossible", (low,), {"low": low, "high": high}
    slider = node.slider
    if slider is None or node.render != "slider":
        return
    low_bound, high_bound, step = slider.minimum, slider.maximum, slider.step
    # The other half of a range may bring what one half lacks.
    whole = slider.range_id is None
    wrong = low_bound is not None and high_bound is not None and low_bound >= high_bound
    lacking = whole and (low_bound is None or high_bound is None)
    if wrong or lacking or (step is not None and step <= 0):
        yield "slider_bounds", ("sliderMin",), {}
