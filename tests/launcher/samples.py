"""The sample context and small charts that the examples of spec/launcher.md use."""

from __future__ import annotations

import copy
from pathlib import Path as FilePath
from typing import Any

from sardonyx.catalog.models import Chart, ChartRef, Dependency
from sardonyx.launcher.coerce import fault, lenient
from sardonyx.launcher.draft import Draft, make_draft
from sardonyx.launcher.form import FormField, FormGroup
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.nodes import Node
from sardonyx.launcher.options import OptionFinder
from sardonyx.launcher.schema import resolve_schema

_CONTEXT: dict[str, Any] = {
    "user": {
        "idep": "user1",
        "email": "user1@stat.example",
        "decodedIdToken": {"groups": ["soil", "tide"], "org.unit": "B7"},
    },
    "project": {"id": "team-soil", "password": "9x4"},
    "git": {"name": None},
    "s3": {"port": 9443, "isAnonymous": False},
    "k8s": {"domain": "lab.example", "randomSubdomain": "73105"},
    "region": {
        "customValues": {"lanes": [{"label": "fast", "slots": 4}, {"label": "slow", "slots": 1}]}
    },
}


def context() -> dict[str, Any]:
    """Return a fresh copy of the sample context of launcher.md 1."""
    return copy.deepcopy(_CONTEXT)


def od(template: Any, **schema: Any) -> dict[str, Any]:
    """Return a schema whose default is overwritten by `template`."""
    return {**schema, "x-onyxia": {"overwriteDefaultWith": template}}


def ol(template: Any, **schema: Any) -> dict[str, Any]:
    """Return a schema whose options are overwritten by `template`."""
    return {**schema, "x-onyxia": {"overwriteListEnumWith": template}}


def chart(
    properties: dict[str, Any] | None,
    values: dict[str, Any] | None = None,
    *,
    name: str = "rivulet",
    dependencies: tuple[Dependency, ...] = (),
    **schema: Any,
) -> Chart:
    """Return a chart whose schema has these properties; None: a chart without schema."""
    return Chart(
        ref=ChartRef("forge", name, "2.1.0"),
        folder=FilePath("charts") / name,
        title=name,
        description="",
        keywords=(),
        app_version="",
        home=None,
        sources=(),
        icon=None,
        dependencies=dependencies,
        values=values or {},
        schema=None
        if properties is None
        else {"type": "object", "properties": properties, **schema},
        local=None,
        readme="",
    )


def draft(
    properties: dict[str, Any] | None,
    values: dict[str, Any] | None = None,
    patch: tuple[PatchEntry, ...] = (),
    **options: Any,
) -> Draft:
    """Return the draft of such a chart in the sample context."""
    return make_draft(chart=chart(properties, values), context=context(), patch=patch, **options)


def node(schema: dict[str, Any]) -> Node:
    """Return the resolved node of one schema."""
    root = resolve_schema(schema).root
    assert root is not None
    return root


def strict(schema: dict[str, Any], value: Any) -> str | None:
    """Return why `value` is not strictly valid, None when it is."""
    return fault(node(schema), value, OptionFinder(context()))


def bent(schema: dict[str, Any], value: Any) -> Any:
    """Return `value` read leniently."""
    return lenient(node(schema), value, OptionFinder(context()))


def field(form: FormGroup, pointer: str) -> FormField:
    """Return the field that posts under `pointer`."""
    return next(one for one in form.fields() if one.pointer == pointer)


def outline(group: FormGroup) -> list[Any]:
    """Return labels of a form: a field is its label, a group is (label, its outline)."""
    return [
        (child.label, outline(child)) if isinstance(child, FormGroup) else child.label
        for child in group.children
    ]


def codes(made: Draft, level: str | None = None) -> list[tuple[str, str]]:
    """Return (pointer, code) of the problems."""
    return [(one.pointer, one.code) for one in made.problems if level is None or one.level == level]
