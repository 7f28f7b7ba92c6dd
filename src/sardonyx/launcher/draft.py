"""Open the launcher for one chart and one person: values, form and problems of one draft.

A draft is a value: made again from the same chart, context and patch it is the same. Order:
schema, defaults, patch, validation, form. Source: launcher.md 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sardonyx.catalog.models import Chart
from sardonyx.errors import Problem
from sardonyx.launcher import patterns
from sardonyx.launcher.compiled import Compiled, compiled
from sardonyx.launcher.defaults import Defaults, compute_defaults
from sardonyx.launcher.form_build import BuiltForm, build_form
from sardonyx.launcher.form_inputs import Drawn, FormInputs
from sardonyx.launcher.form_layout import join_ranges, lay_out
from sardonyx.launcher.form_model import FormGroup, GroupRole
from sardonyx.launcher.models import Origin, PatchEntry, Unset
from sardonyx.launcher.nodes import Node
from sardonyx.launcher.patch import apply_with_problems
from sardonyx.launcher.schema import ResolvedSchema
from sardonyx.launcher.secret_names import is_password_key, is_secret_key, is_secret_name
from sardonyx.launcher.validation import validate
from sardonyx.values import Json, JsonObject, Path


@dataclass(frozen=True, slots=True)
class Opening:
    """What a draft is made of before any edit; the same at each round trip of one opening.

    suggested: the items of a person's profile that forms propose and do not inject.
    """

    chart: Chart
    context: JsonObject = field(repr=False)
    language: str
    known: Compiled = field(repr=False)
    computed: Defaults = field(repr=False)
    suggested: JsonObject | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """One opening of the launcher.

    defaults: before the patch; values: what would be sent; merged: those over values.yaml.
    origins: of defaults, by path; a changed value is the person's own. secret_paths: never to
    be shown in clear. uses_s3: the chart reads the storage profile. built: the form before layout.
    """

    opening: Opening = field(repr=False)
    patch: tuple[PatchEntry, ...] = field(repr=False)
    values: JsonObject = field(repr=False)
    merged: JsonObject = field(repr=False)
    form: FormGroup = field(repr=False)
    problems: tuple[Problem, ...]
    secret_paths: frozenset[Path]
    origins: Mapping[Path, Origin] = field(repr=False)
    uses_s3: bool = False
    built: BuiltForm | None = field(default=None, repr=False, compare=False)

    @property
    def chart(self) -> Chart:
        return self.opening.chart

    @property
    def context(self) -> JsonObject:
        return self.opening.context

    @property
    def language(self) -> str:
        return self.opening.language

    @property
    def defaults(self) -> JsonObject:
        return self.opening.computed.values

    @property
    def schema(self) -> ResolvedSchema:
        return self.opening.known.schema

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that block a launch."""
        return tuple(problem for problem in self.problems if problem.level == "error")


def make_draft(
    *,
    chart: Chart,
    context: JsonObject,
    patch: tuple[PatchEntry, ...] = (),
    language: str = "en",
    registry: Mapping[str, JsonObject] | None = None,
    roles: Sequence[str] = (),
    all_defaults: bool = False,
    region_sliders: bool = False,
    suggested: JsonObject | None = None,
) -> Draft:
    """Return the draft of `chart` for the person of `context`, with `patch` applied.

    Never raises on what the chart, the region or the person wrote: see `problems`.
    """
    sliders = _region_sliders(context) if region_sliders else None
    known = compiled(chart.schema, registry=registry, roles=roles, sliders=sliders)
    with patterns.limited():
        computed = compute_defaults(
            known.schema.root,
            context,
            chart.values,
            all_defaults=all_defaults,
            settled=known.settled,
        )
        opening = Opening(chart, context, language, known, computed, suggested)
        return _made(opening, patch, None)


def patched(draft: Draft, patch: tuple[PatchEntry, ...]) -> Draft:
    """Return the draft of the same opening with another patch in place of its own."""
    with patterns.limited():
        return _made(draft.opening, patch, draft.built)


def _made(opening: Opening, patch: tuple[PatchEntry, ...], before: BuiltForm | None) -> Draft:
    chart, computed = opening.chart, opening.computed
    root, options = opening.known.schema.root, computed.options
    applied = apply_with_problems(computed.values, patch)
    values = applied.values
    merged = merge(chart.values, values)
    checked = validate(
        root,
        opening.known.rules,
        values=values,
        merged=merged,
        defaults=computed.values,
        patch=patch,
        options=options,
        untouched=lambda: merge(chart.values, computed.values),
    )
    secrets = frozenset(computed.secret_paths) | secrets_of(root, values)
    problems = (*opening.known.schema.problems, *computed.problems, *applied.problems, *checked)
    form, built = FormGroup((), "", "", "", GroupRole.ROOT, ()), None
    if root is not None and root.properties is not None:
        by_pointer: dict[str, list[Problem]] = {}
        for problem in problems:
            by_pointer.setdefault(problem.pointer, []).append(problem)
        built = build_form(
            root,
            FormInputs(
                values=values,
                defaults=computed.values,
                options=options,
                language=opening.language,
                problems=by_pointer,
                origins=computed.origins,
                secrets=secrets,
                suggested=opening.suggested,
                settled=opening.known.settled,
                drawn=opening.known.drawn.setdefault(opening.language, Drawn()),
            ),
            before,
        )
        tree, range_problems = join_ranges(built.tree, root)
        problems = (*problems, *range_problems)
        form = lay_out(
            tree,
            chart_name=chart.ref.chart,
            dependencies=chart.dependencies,
            values=values,
            chart_values=chart.values,
            language=opening.language,
        )
    return Draft(
        opening=opening,
        patch=patch,
        values=values,
        merged=merged,
        form=form,
        problems=problems,
        secret_paths=secrets,
        origins=_with_user(computed.origins, patch),
        uses_s3=computed.uses_s3,
        built=built,
    )


def merge(chart_values: JsonObject, values: JsonObject) -> JsonObject:
    """Return `values` over values.yaml as Helm merges them: null removes a key, lists replace."""
    merged: JsonObject = dict(chart_values)
    for key, value in values.items():
        below = chart_values.get(key)
        if value is None and key in chart_values:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(below, dict):
            merged[key] = merge(below, value)
        else:
            merged[key] = value
    return merged


def _region_sliders(context: JsonObject) -> JsonObject | None:
    region = context.get("region")
    sliders = region.get("sliders") if isinstance(region, dict) else None
    return sliders if isinstance(sliders, dict) else None


def _with_user(
    origins: Mapping[Path, Origin], patch: tuple[PatchEntry, ...]
) -> Mapping[Path, Origin]:
    if not patch:
        return origins
    mine = {entry.path: Origin.USER for entry in patch if not isinstance(entry.value, Unset)}
    return {**origins, **mine}


def secrets_of(root: Node | None, values: JsonObject) -> frozenset[Path]:
    """Return the places of `values` that are secret by their nodes or their own names."""
    return frozenset((*_named_leaves(root, values, ()), *secret_values(root, values, ())))


def secret_values(node: Node | None, value: Json, path: Path) -> list[Path]:
    """Return the places of `value` whose nodes are secret, items that a person added included."""
    if node is None or not node.holds_secret:
        return []
    found = [path] if node.secret else []
    if node.properties is not None and isinstance(value, dict):
        for key, member in node.properties.items():
            if key in value:
                found += secret_values(member, value[key], (*path, key))
    elif node.items is not None and isinstance(value, list):
        mapped = not isinstance(node.overwrite_default, Unset)
        for index, item in enumerate(value):
            found += secret_values(node.items, item, (*path, index))
            if mapped and isinstance(item, dict):
                found += [(*path, index, key) for key in item if is_secret_name((key,))]
    return found


def _named_leaves(node: Node | None, value: Json, path: Path) -> list[Path]:
    """Return the places whose key itself says that a secret stands there.

    A key that the schema describes is secret by `password` alone (launcher.md 16): its author
    has marked the others. What a person writes into a block of any content, nobody has marked.
    """
    found: list[Path] = []
    if isinstance(value, dict):
        known = {} if node is None or node.properties is None else node.properties
        for key, item in value.items():
            if isinstance(item, (dict, list)):
                found += _named_leaves(known.get(key), item, (*path, key))
            elif isinstance(item, str) and item:
                named = is_password_key if key in known else is_secret_key
                if named(key):
                    found.append((*path, key))
    elif isinstance(value, list):
        items = None if node is None else node.items
        for index, item in enumerate(value):
            if isinstance(item, (dict, list)):
                found += _named_leaves(items, item, (*path, index))
    return found
