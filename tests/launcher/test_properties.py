"""What holds for every chart, context and input: nothing raises, forms are stable.

Cases drawn at each run: a form posted untouched 150, any schema 200, any post 150; the law of
the patch 300 (`test_section_11_patch`), links written and read 300 (`test_section_12_links`),
saved configurations written and read 200 (`test_section_13_configurations`).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.launcher.samples import chart
from tests.launcher.test_section_11_patch import json_objects, json_values

from sardonyx.catalog.models import Dependency
from sardonyx.launcher.commands import here_document, platform_command
from sardonyx.launcher.draft import Draft, make_draft, patched
from sardonyx.launcher.form import FormGroup, Widget, read_submission
from sardonyx.launcher.models import UNSET, PatchEntry
from sardonyx.launcher.patch import diff
from sardonyx.launcher.plan import make_plan
from sardonyx.launcher.scalars import same

names = st.sampled_from(["a", "b", "c", "a/b", "x~y", "0", "global"])
templates = st.sampled_from(
    [
        "user.idep",
        "{{user.idep}}",
        "{{s3.port}}",
        "{{a",
        "{{a.b}}",
        "x {{git.token}}",
        "[",
        "s3",
        "lanes",
    ]
)
paths = st.sampled_from(["a", "b", "a/b", "", "/", "a/0/b"])

# Plausible nodes, where much goes right.
leaves: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "default": st.text(max_size=4) | st.just("3Gi"),
            "enum": st.lists(st.text(max_size=2), max_size=3),
            "pattern": st.sampled_from(["^a", "(", "b$"]),
            "render": st.sampled_from(["textArea", "password", "slider", "list"]),
            "sliderMin": st.integers(0, 3),
            "sliderMax": st.integers(3, 9),
            "sliderStep": st.just(1),
            "sliderUnit": st.sampled_from(["Gi", "m", ""]),
            "sliderExtremity": st.sampled_from(["down", "up"]),
            "sliderRangeId": st.just("r"),
            "x-onyxia": st.fixed_dictionaries(
                {}, optional={"overwriteDefaultWith": templates, "overwriteListEnumWith": templates}
            ),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "default": st.integers(-2, 9),
            "minimum": st.integers(0, 3),
            "maximum": st.just(5),
        },
    ),
    st.fixed_dictionaries({"type": st.just("boolean")}, optional={"default": st.booleans()}),
    st.fixed_dictionaries({"const": json_values}),
)
nodes = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(names, inner, max_size=4)},
            optional={
                "hidden": st.fixed_dictionaries(
                    {"path": paths, "value": json_values},
                    optional={"isPathRelative": st.booleans()},
                )
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": inner},
            optional={
                "default": st.lists(json_values, max_size=2),
                "minItems": st.integers(0, 2),
                "maxItems": st.integers(0, 3),
                "x-onyxia": st.fixed_dictionaries({"overwriteDefaultWith": templates}),
            },
        ),
    ),
    max_leaves=10,
)
# Anything at all where a schema is expected.
keywords = st.sampled_from(
    [
        *(
            "type",
            "const",
            "properties",
            "items",
            "enum",
            "listEnum",
            "default",
            "hidden",
            "render",
        ),
        *("pattern", "minimum", "maximum", "minItems", "maxItems", "x-onyxia", "$ref", "title"),
        *("description", "sliderMin", "sliderMax", "sliderUnit", "anyOf", "required", "format"),
        *("additionalProperties", "patternProperties", "definitions", "multipleOf", "$schema"),
        *("overwriteDefaultWith", "overwriteListEnumWith", "overwriteSchemaWith", "x-sardonyx"),
    ]
)
wild = st.recursive(
    json_values
    | templates
    | st.sampled_from(
        ["#/definitions/a", "#", "http://x/y", "string", "object", "array", "integer"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keywords | names, inner, max_size=5)
    ),
    max_leaves=20,
)
wild_objects = st.dictionaries(keywords | names, wild, max_size=6)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "user": json_objects,
        "s3": json_objects,
        "git": json_objects,
        "lanes": st.lists(json_objects, max_size=2) | json_values,
    },
)
patches = st.lists(
    st.builds(
        PatchEntry,
        st.lists(names | st.integers(-1, 3), max_size=4).map(tuple),
        json_values | st.just(UNSET),
    ),
    max_size=4,
).map(tuple)
dependencies = st.lists(
    st.builds(
        Dependency, names, st.just("1"), st.none() | st.sampled_from(["a.b", "a", "", ",", "0.a"])
    ),
    max_size=3,
).map(tuple)


def used(made: Draft) -> Draft:
    """Take a draft through all that follows it, and return the one its own form makes."""
    plan = make_plan(made, release="r-1", project="p", owner="o", friendly_name="f", shared=False)
    here_document(plan.values, plan.secret_paths)
    platform_command(plan, defaults=made.defaults)
    for problem in made.problems:
        problem.message.in_language("en")
    patch = read_submission(made, post(made.form))
    return make_draft(chart=made.chart, context=made.context, patch=patch)


def post(form: FormGroup) -> dict[str, list[str]]:
    """Return what a browser posts when nobody touched the form."""
    posted: dict[str, list[str]] = {}
    for one in form.fields():
        if one.disabled or one.widget is Widget.NOTICE:
            continue
        if one.widget is Widget.CHECKBOX:
            posted[one.pointer] = [one.companion, *(["true"] if one.checked else [])]
        else:
            # Browsers send line ends as CR LF.
            posted[one.pointer] = [one.text.replace("\r\n", "\n").replace("\n", "\r\n")]
    return posted


@settings(max_examples=150)
@given(st.dictionaries(names, nodes, max_size=5), json_objects, contexts, patches, dependencies)
def test_a_form_posted_untouched_changes_nothing(
    properties: Any, values: Any, context: Any, patch: Any, parts: Any
) -> None:
    made = make_draft(
        chart=chart(properties, values, dependencies=parts), context=context, patch=patch
    )
    again = used(made)
    assert same(again.values, made.values)
    assert same(used(again).values, made.values)


@settings(max_examples=200)
@given(st.dictionaries(names, nodes, max_size=5), json_objects, contexts, patches, patches)
def test_a_draft_that_goes_on_is_the_one_made_anew(
    properties: Any, values: Any, context: Any, first: Any, then: Any
) -> None:
    one = chart(properties, values)
    made = make_draft(chart=one, context=context, patch=first)
    anew, gone_on = make_draft(chart=one, context=context, patch=then), patched(made, then)
    assert gone_on.form == anew.form
    assert gone_on.problems == anew.problems
    assert same(gone_on.values, anew.values)
    # What was there before is as it was: both may share parts.
    assert made.form == make_draft(chart=one, context=context, patch=first).form


@settings(max_examples=200)
@given(
    st.dictionaries(names, nodes, max_size=5),
    json_objects,
    st.lists(st.tuples(contexts, patches, st.sampled_from(["en", "fr"])), min_size=2, max_size=3),
    st.booleans(),
)
def test_what_a_schema_keeps_is_right_for_the_next_person(
    properties: Any, values: Any, people: Any, all_defaults: bool
) -> None:
    one = chart(properties, values)
    for context, patch, language in people:

        def made(of: Any) -> Draft:
            return make_draft(
                chart=of,
                context=context,  # noqa: B023 - called in this very round
                patch=patch,  # noqa: B023
                language=language,  # noqa: B023
                all_defaults=all_defaults,
            )

        kept, anew = made(one), made(replace(one, schema=deepcopy(one.schema)))
        for part in ("form", "problems", "secret_paths", "origins", "uses_s3"):
            assert getattr(kept, part) == getattr(anew, part)
        assert same(kept.values, anew.values)
        assert same(kept.merged, anew.merged)


@settings(max_examples=200)
@given(wild_objects, json_objects, contexts, patches, dependencies)
def test_nothing_raises_whatever_the_schema_says(
    schema: Any, values: Any, context: Any, patch: Any, parts: Any
) -> None:
    one = chart({}, values, dependencies=parts)
    made = make_draft(
        chart=replace(one, schema=schema),
        context=context,
        patch=patch,
        registry={"a": schema},
        roles=("b",),
        all_defaults=True,
        region_sliders=True,
    )
    used(made)


@settings(max_examples=150)
@given(
    st.dictionaries(names, nodes, max_size=4),
    st.dictionaries(
        st.sampled_from(
            ["/a", "/b", "/a/b", "/a/0", "/a~1b", "add", "remove", "reset", "x", "/a/0/b"]
        ),
        st.lists(st.text(max_size=5) | st.sampled_from(["/a", "/a/0", "/b/1", "true"]), max_size=2),
    ),
)
def test_no_post_raises(properties: Any, submitted: Any) -> None:
    made = make_draft(chart=chart(properties), context={"lanes": [{"a": "x"}]})
    patch = read_submission(made, submitted)
    again = make_draft(chart=made.chart, context=made.context, patch=patch)
    assert same(diff(again.defaults, again.values) == patch, True)
