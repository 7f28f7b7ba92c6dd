"""Launcher 13: saved configurations."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.launcher.samples import context, draft, od
from tests.launcher.test_section_11_patch import json_objects, json_values

from sardonyx.launcher.configurations import (
    SavedConfiguration,
    configuration_of_values,
    patch_of_values,
    read_configurations,
    same,
    values_of_draft,
    write_configurations,
)
from sardonyx.launcher.models import UNSET, PatchEntry
from sardonyx.launcher.patch import diff

# The very text of the convention.
EXAMPLE = (
    '{"friendlyName": "night run", "isShared": false, "catalogId": "forge", '
    '"chartName": "rivulet", "chartVersion": "2.1.0", "s3ProfileName": "default", '
    '"helmValuesPatch": [{"path": ["cpu", "cores"], "value": 3}, {"path": ["db", "url"]}]}'
)
NIGHT_RUN = SavedConfiguration(
    friendly_name="night run",
    catalog="forge",
    chart="rivulet",
    version="2.1.0",
    patch=(PatchEntry(("cpu", "cores"), 3), PatchEntry(("db", "url"))),
    shared=False,
    s3_profile="default",
)


def test_the_example_is_read_and_written_letter_by_letter() -> None:
    read = read_configurations(json.loads(f"[{EXAMPLE}]"))
    assert read.configurations == (NIGHT_RUN,)
    assert not read.problems
    assert json.dumps(write_configurations(read.configurations)) == f"[{EXAMPLE}]"


def test_sharing_and_profile_may_be_absent() -> None:
    bare = replace(NIGHT_RUN, shared=None, s3_profile=None)
    written: Any = write_configurations([bare])
    assert {"isShared", "s3ProfileName"}.isdisjoint(written[0])
    assert read_configurations(written).configurations == (bare,)


def test_one_configuration_alone_is_read_too() -> None:
    assert read_configurations(json.loads(EXAMPLE)).configurations == (NIGHT_RUN,)


def test_of_two_namesakes_the_later_counts_in_the_place_of_the_earlier() -> None:
    other = replace(NIGHT_RUN, friendly_name="day run")
    newer = replace(NIGHT_RUN, version="2.2.0", patch=())
    assert read_configurations(write_configurations([NIGHT_RUN, other, newer])).configurations == (
        newer,
        other,
    )


def test_equality_does_not_mind_the_order_of_patches() -> None:
    turned = replace(NIGHT_RUN, patch=NIGHT_RUN.patch[::-1])
    assert same(NIGHT_RUN, turned)
    assert same(
        NIGHT_RUN, replace(NIGHT_RUN, patch=(PatchEntry(("cpu", "cores"), 3.0), turned.patch[0]))
    )


@pytest.mark.parametrize(
    "change",
    [
        {"friendly_name": "x"},
        {"catalog": "x"},
        {"chart": "x"},
        {"version": "x"},
        {"shared": None},
        {"shared": True},
        {"s3_profile": None},
        {"patch": ()},
        {"patch": (PatchEntry(("cpu", "cores"), True), PatchEntry(("db", "url")))},
        {"patch": (PatchEntry(("cpu", "cores"), 3), PatchEntry(("db", "url"), None))},
        {"patch": (PatchEntry(("cpu", "cores"), 3), PatchEntry(("db", 0)))},
    ],
)
def test_any_other_difference_counts(change: Any) -> None:
    assert not same(NIGHT_RUN, replace(NIGHT_RUN, **change))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"friendlyName": None}, "/0/friendlyName"),
        ({"friendlyName": " "}, "/0/friendlyName"),
        ({"catalogId": 3}, "/0/catalogId"),
        ({"chartName": "x" * 201}, "/0/chartName"),
        ({"chartVersion": []}, "/0/chartVersion"),
        ({"helmValuesPatch": {}}, "/0/helmValuesPatch"),
        ({"helmValuesPatch": [{"path": []}]}, "/0/helmValuesPatch/0"),
        ({"helmValuesPatch": [{"path": [0]}]}, "/0/helmValuesPatch/0"),
        ({"helmValuesPatch": [{"path": ["a"]}, {"path": ["a", True]}]}, "/0/helmValuesPatch/1"),
        ({"helmValuesPatch": ["a"]}, "/0/helmValuesPatch/0"),
    ],
)
def test_one_that_cannot_be_read_costs_only_itself(change: Any, pointer: str) -> None:
    read = read_configurations([{**json.loads(EXAMPLE), **change}, json.loads(EXAMPLE)])
    assert read.configurations == (NIGHT_RUN,)
    assert [(one.pointer, one.level) for one in read.problems] == [(pointer, "error")]


@settings(max_examples=200)
@given(
    json_values
    | st.lists(
        st.dictionaries(
            st.sampled_from(
                ["friendlyName", "catalogId", "chartName", "chartVersion", "helmValuesPatch"]
            ),
            json_values | st.lists(st.fixed_dictionaries({"path": json_values}), max_size=2),
        ),
        max_size=2,
    )
)
def test_reading_never_raises(document: Any) -> None:
    read = read_configurations(document)
    assert read_configurations(write_configurations(read.configurations)).configurations == (
        read.configurations
    )


@settings(max_examples=200)
@given(json_objects, json_objects)
def test_what_is_saved_is_restored(default: Any, current: Any) -> None:
    one = replace(NIGHT_RUN, patch=diff(default, current))
    text = json.dumps(write_configurations([one]))
    (again,) = read_configurations(json.loads(text)).configurations
    assert same(again, one)


PROPERTIES = {
    "cpu": {"type": "object", "properties": {"cores": {"type": "integer", "default": 1}}},
    "db": {"type": "object", "properties": {"url": {"type": "string", "default": "x"}}},
    "token": od("git.token", type="string", default=""),
    "hosts": {"type": "array", "items": {"type": "string"}, "default": ["a", "b"]},
}


@pytest.mark.parametrize(
    ("text", "patch"),
    [
        ("", ()),
        ("cpu: {cores: 1}", ()),
        ("cpu: {cores: 3}", (PatchEntry(("cpu", "cores"), 3),)),
        ("hosts: [a]", (PatchEntry(("hosts", 1)),)),
        ("db: {url: null}", (PatchEntry(("db", "url"), None),)),
        ("more: {x: 1}", (PatchEntry(("more", "x"), 1),)),
    ],
)
def test_a_values_yaml_becomes_a_patch(text: str, patch: Any) -> None:
    assert patch_of_values(draft(PROPERTIES), text).patch == patch


@pytest.mark.parametrize(
    ("text", "code"),
    [("a: [", "yaml_not_understood"), ("[1]", "values_no_object"), ("x", "values_no_object")],
)
def test_a_text_that_is_no_values_makes_no_configuration(text: str, code: str) -> None:
    read = configuration_of_values(draft(PROPERTIES), text, friendly_name="n")
    assert not read.configurations
    assert [one.code for one in read.problems] == [code]


def test_no_secret_of_a_values_yaml_is_kept() -> None:
    read = configuration_of_values(
        draft(PROPERTIES),
        "token: s3cret\ncpu: {cores: 2}\nadmin: {password: hush}",
        friendly_name="n",
    )
    assert "s3cret" not in repr(read)
    assert "hush" not in repr(read)
    assert [(one.pointer, one.level) for one in read.problems] == [
        ("/token", "warning"),
        ("/admin/password", "warning"),
    ]
    (one,) = read.configurations
    assert one == SavedConfiguration(
        "n", "forge", "rivulet", "2.1.0", (PatchEntry(("cpu", "cores"), 2),)
    )


def test_a_draft_is_exported_as_values_yaml_and_read_back() -> None:
    where = context()
    where["git"]["token"] = "ghp_1"
    patch = (
        PatchEntry(("cpu", "cores"), 2),
        PatchEntry(("hosts", 1)),
        PatchEntry(("extra",), {}),
    )
    made = draft(PROPERTIES, patch=patch)
    assert values_of_draft(made) == ("cpu:\n  cores: 2\ndb:\n  url: x\nhosts:\n  - a\nextra: {}\n")
    assert patch_of_values(draft(PROPERTIES), values_of_draft(made)).patch == (
        PatchEntry(("cpu", "cores"), 2),
        PatchEntry(("extra",), {}),
        PatchEntry(("hosts", 1)),
    )
    assert UNSET not in [entry.value for entry in patch[:1]]
