"""Charts, contexts and patches made to hurt: each costs a problem, none the launcher."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.launcher.samples import chart, codes, context, draft, field, od

from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.models import PatchEntry

TEXT = {"type": "string", "default": ""}


def nested(levels: int, leaf: Any, key: str = "a") -> Any:
    for _ in range(levels):
        leaf = {key: leaf}
    return leaf


def test_ten_thousand_properties_are_all_there() -> None:
    made = draft({f"p{i}": {"type": "integer", "default": i} for i in range(10_000)})
    assert len(list(made.form.fields())) == 10_000
    assert made.values["p9999"] == 9999
    assert not made.problems


def test_a_schema_nested_too_deeply_is_degraded() -> None:
    deep: Any = TEXT
    for _ in range(80):
        deep = {"type": "object", "properties": {"a": deep}}
    made = draft({"n": deep, "ok": TEXT})
    assert made.values["ok"] == ""
    assert [code for _, code in codes(made)] == ["schema_degraded"]
    bottomless = draft({"n": nested(5000, TEXT, "properties")})
    assert codes(bottomless) == [("", "schema_degraded")]


@pytest.mark.parametrize(
    "entry",
    [
        PatchEntry(("a",) * 5000, 1),
        PatchEntry(("a",) * 5000),
        PatchEntry(("a",), nested(5000, 1)),
    ],
)
def test_a_patch_nested_too_deeply_is_skipped(entry: PatchEntry) -> None:
    made = draft({"n": TEXT}, patch=(entry, PatchEntry(("n",), "x")))
    assert made.values == {"n": "x"}
    assert [code for _, code in codes(made, "error")] == ["patch_too_deep"]


def test_a_pattern_that_does_not_compile_is_ignored_with_a_warning() -> None:
    made = draft({"n": {**TEXT, "pattern": "("}}, patch=(PatchEntry(("n",), "any"),))
    assert codes(made) == [("/n", "schema_bad_pattern")]
    assert made.values == {"n": "any"}


@pytest.mark.parametrize("root", [{}, {"type": "string"}, {"type": "array"}, {"const": 1}])
def test_a_schema_that_is_no_object_gives_no_form(root: Any) -> None:
    one = chart({})
    broken = replace(one, schema=root)
    made = make_draft(chart=broken, context=context())
    assert not list(made.form.fields())


def test_a_text_where_an_object_is_expected_is_named_once() -> None:
    group = {"type": "object", "properties": {"a": TEXT}}
    made = draft({"g": group}, patch=(PatchEntry(("g",), "text"),))
    assert codes(made, "error") == [("/g", "type")]
    assert field(made.form, "/g").text == "text"


def test_the_secret_of_an_item_that_was_added_by_hand_is_secret() -> None:
    item = {
        "type": "object",
        "properties": {
            "token": od("git.token", type="string", default=""),
            "pin": {**TEXT, "render": "password"},
            "name": TEXT,
        },
    }
    added: Any = {"token": "t", "pin": "1234", "name": "n"}
    made = draft({"l": {"type": "array", "items": item}}, patch=(PatchEntry(("l", 0), added),))
    assert made.secret_paths == {("l", 0, "token"), ("l", 0, "pin")}


def test_the_secrets_of_a_mapped_list_are_known_by_name() -> None:
    item = {"type": "object", "properties": {"apiKey": TEXT, "name": TEXT}}
    scope: Any = {"ai": {"providers": [{"apiKey": "k", "name": "n"}]}}
    one = chart({"l": od("ai.providers", type="array", items=item)})
    made = make_draft(chart=one, context=scope)
    assert made.values == {"l": [{"apiKey": "k", "name": "n"}]}
    assert made.secret_paths == {("l", 0, "apiKey")}


def test_options_of_an_item_may_read_the_item() -> None:
    item = {
        "type": "object",
        "properties": {
            "models": {"type": "array", "items": {"type": "string"}},
            "chosen": {
                "type": "string",
                "x-onyxia": {"overwriteListEnumWith": "{{models}}"},
            },
        },
    }
    scope: Any = {"ai": {"providers": [{"models": ["m1", "m2"], "chosen": "m2"}]}}
    one = chart({"l": od("ai.providers", type="array", items=item)})
    made = make_draft(chart=one, context=scope)
    assert [option.value for option in field(made.form, "/l/0/chosen").options] == ["m1", "m2"]
    wrong = make_draft(chart=one, context=scope, patch=(PatchEntry(("l", 0, "chosen"), "m3"),))
    assert codes(wrong, "error") == [("/l/0/chosen", "options")]
