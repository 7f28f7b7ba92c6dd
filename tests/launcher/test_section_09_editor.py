"""Launcher 9.3: the YAML view: schema, problems with lines, completion."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.launcher.samples import chart, context, draft, od, ol
from tests.launcher.test_properties import nodes

from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.editor import check_text, complete, editor_schema, editor_text
from sardonyx.launcher.models import PatchEntry

PROPERTIES: dict[str, Any] = {
    "size": {
        "type": "string",
        "title": {"en": "Size", "fr": "Taille"},
        "description": "How large",
        "enum": ["small", "large"],
        "listEnum": ["small", "large", "yes"],
        "render": "list",
        "default": "small",
    },
    "cpu": {
        "type": "object",
        "required": ["cores"],
        "additionalProperties": False,
        "properties": {
            "cores": {"type": "integer", "default": 1, "maximum": 8},
            "fast": {"type": "boolean", "default": False},
        },
    },
    "owner": od("user.idep", type="string", default="nobody"),
    "token": od("git.token", type="string", default=""),
    "zone": {"type": "string", "default": "a", "x-onyxia": {"readonly": True}},
    "env": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
        },
        "default": [],
    },
    "team": ol("user.decodedIdToken.groups", type="string", default="soil"),
    "odd": {"type": "nothing"},
}


def opened(patch: tuple[PatchEntry, ...] = (), language: str = "en") -> Any:
    scope = context()
    scope["git"]["token"] = "ghp_1"
    return make_draft(chart=chart(PROPERTIES), context=scope, patch=patch, language=language)


def test_the_schema_is_resolved_for_an_editor() -> None:
    schema: Any = editor_schema(opened(language="fr"))
    text = json.dumps(schema)
    for word in ("x-onyxia", "render", "listEnum", "ghp_1"):
        assert word not in text
    known = schema["properties"]
    assert known["size"] == {
        "type": "string",
        "title": "Taille",
        "description": "How large",
        "enum": ["small", "large", "yes"],
        "default": "small",
    }
    assert known["owner"]["default"] == "user1"
    assert "default" not in known["token"]
    assert known["team"]["enum"] == ["soil", "tide"]
    assert known["cpu"]["required"] == ["cores"]
    assert known["cpu"]["additionalProperties"] is False
    assert "required" not in schema
    assert "additionalProperties" not in schema
    assert known["odd"] == {}
    jsonschema_rs.Draft7Validator(schema).validate({"size": "yes", "cpu": {"cores": 2}})


def test_a_chart_without_schema_takes_any_object() -> None:
    assert editor_schema(draft(None, {"a": 1})) == {"type": "object"}


def test_the_text_left_as_it_is_changes_nothing() -> None:
    made = opened((PatchEntry(("cpu", "cores"), 3),))
    text = editor_text(made)
    assert "ghp_1" not in text
    assert 'token: "$TOKEN"' in text
    report = check_text(made, text)
    assert report.patch == (PatchEntry(("cpu", "cores"), 3),)
    assert report.problems == ()


def told(text: str) -> list[tuple[int, int, str, str]]:
    return [
        (one.line, one.column, one.problem.pointer, one.problem.code)
        for one in check_text(opened(), text).problems
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cpu:\n  cores: 9\n", [(2, 3, "/cpu/cores", "maximum")]),
        ("cpu:\n  fast: false\n  cores: x\n", [(3, 3, "/cpu/cores", "type")]),
        ("cpu: {cores: 9}", [(1, 7, "/cpu/cores", "maximum")]),
        ("size: huge", [(1, 1, "/size", "options")]),
        ("env:\n  - name: a\n    value: 3\n", [(3, 5, "/env/0/value", "type")]),
        ("zone: b", [(1, 1, "/zone", "readonly")]),
        ("size: small\ncpu: {}\n", [(2, 1, "/cpu/cores", "required")]),
        ("cpu:\n  cores: 1\n  more: 2\n", [(3, 3, "/cpu/more", "additionalProperties")]),
        ("a: [", [(1, 5, "", "yaml_not_understood")]),
        ("a: 1\nb: 2\na: 3\n", [(3, 1, "", "yaml_not_understood")]),
        ("a: .inf", [(1, 4, "", "yaml_not_understood")]),
        ("- a", [(1, 1, "", "values_no_object")]),
        ("text", [(1, 1, "", "values_no_object")]),
    ],
)
def test_a_problem_has_its_line_and_column(text: str, found: Any) -> None:
    shown = text
    if found[0][3] not in ("yaml_not_understood", "values_no_object"):
        # What is not written is taken away, so the rest stands there too.
        shown += "" if text.endswith("\n") else "\n"
        for line in ("size: small", "cpu: {cores: 1, fast: false}", "zone: a"):
            if f"{line.split(':')[0]}:" not in text:
                shown += f"{line}\n"
    assert told(shown) == found


def test_an_empty_text_takes_all_away() -> None:
    made = draft({"a": {"type": "string", "default": "x"}})
    assert check_text(made, "").patch == (PatchEntry(("a",)),)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("|", ["size", "cpu", "owner", "token", "env", "team", "odd"]),
        ("size: small\n|", ["cpu", "owner", "token", "env", "team", "odd"]),
        ("|\nsize: small\ncpu:\n  cores: 1\n", ["owner", "token", "env", "team", "odd"]),
        ("o|", ["owner", "odd"]),
        ("size: |", ["small", "large", '"yes"']),
        ("size: l|", ["large"]),
        ("size:|", ["small", "large", '"yes"']),
        ("cpu:\n  |", ["cores", "fast"]),
        ("cpu:\n  cores: 1\n  f|", ["fast"]),
        ("cpu:\n  fast: |", ["true", "false"]),
        ("cpu:\n  cores: |", ["1"]),
        ("cpu:\n|", ["size", "owner", "token", "env", "team", "odd"]),
        ("token: |", []),
        ("owner: |", ["user1"]),
        ("team: |", ["soil", "tide"]),
        ("env:\n  - |", ["name", "value"]),
        ("env:\n- |", ["name", "value"]),
        ("env:\n- name: a\n  |", ["value"]),
        ("env:\n- name: a\n- |", ["name", "value"]),
        ("env:\n  - name: a\n    v|\n  - name: b\n    value: c\n", ["value"]),
        ("# a comment |", []),
        ("cpu: {|", []),
        ("owner: >\n  siz|", []),
        ("none:\n  |", []),
        ("a: [\n  b: |", []),
    ],
)
def test_what_may_stand_there_is_proposed(text: str, labels: list[str]) -> None:
    before, _, after = text.partition("|")
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    found = complete(opened(), before + after, line, column)
    assert [one.label for one in found] == labels


def test_a_proposal_says_what_it_replaces() -> None:
    (fast,) = complete(opened(), "cpu:\n  f", 2, 4)
    assert (fast.insert, fast.column, fast.detail) == ("fast: ", 3, "boolean")
    cpu = complete(opened(), "cp", 1, 3)[0]
    assert (cpu.insert, cpu.column, cpu.detail) == ("cpu:", 1, "object")
    (large,) = complete(opened(), "size: l", 1, 8)
    assert (large.insert, large.column) == ("large", 7)
    assert complete(opened(), "size:", 1, 6)[0].insert == " small"
    assert complete(opened(), "siz", 1, 4)[0].help == "How large"


@settings(max_examples=50)
@given(
    st.dictionaries(st.sampled_from(["a", "b", "c d", "0"]), nodes, max_size=4),
    st.lists(
        st.sampled_from(
            ["a:", "  a: ", "- ", "  - b: 1", "b: |", "c d:", "{", "'", '"', "#", "a", "\t", "é: «"]
        ),
        max_size=6,
    ),
    st.integers(-1, 8),
    st.integers(-1, 12),
)
def test_nothing_raises_on_any_text(properties: Any, lines: Any, line: int, column: int) -> None:
    made = draft(properties)
    text = "\n".join(lines)
    json.dumps(editor_schema(made))
    check_text(made, text)
    check_text(made, editor_text(made))
    complete(made, text, line, column)
