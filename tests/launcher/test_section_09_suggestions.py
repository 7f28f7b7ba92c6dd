"""Launcher 9.2: what a person's profile proposes for the items of a list."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import chart, context, field, od

from sardonyx.launcher.draft import Draft, make_draft, patched
from sardonyx.launcher.form import read_submission
from sardonyx.launcher.models import PatchEntry

REPOSITORIES = {
    "type": "array",
    "default": [],
    "items": {
        "type": "object",
        "properties": {
            "url": {"type": "string", "default": ""},
            "branch": {"type": "string", "default": "main"},
            "owner": od("user.idep", type="string"),
            "depth": {"type": "integer", "default": 1},
        },
    },
}
HELD_BACK: Any = {
    "repositories": [
        {"url": "https://a", "depth": "3"},
        {"url": "https://b", "branch": "dev"},
        {"url": "https://a", "depth": 3},
        {"url": 5, "depth": "deep"},
        "text",
    ]
}
A: Any = {"url": "https://a", "branch": "main", "owner": "user1", "depth": 3}
B: Any = {"url": "https://b", "branch": "dev", "owner": "user1", "depth": 1}


def opened(template: Any = "user.profile.repositories", items: Any = ({},), **more: Any) -> Draft:
    schema = {**REPOSITORIES, "x-onyxia": {"overwriteDefaultWith": template}, **more}
    scope = context()
    scope["user"]["profile"] = {"repositories": list(items)}
    return make_draft(chart=chart({"l": schema}), context=scope, suggested=HELD_BACK)


def test_items_that_are_not_injected_are_proposed_on_text_fields() -> None:
    made = opened()
    (listed,) = [group for group in made.form.groups() if group.is_list]
    last: Any = {"url": "5", "branch": "main", "owner": "user1", "depth": 1}
    assert listed.suggested == (A, B, last)
    url, branch = field(made.form, "/l/0/url"), field(made.form, "/l/0/branch")
    assert [(one.text, one.token) for one in url.suggestions] == [
        ("https://a", "/l/0:0"),
        ("https://b", "/l/0:1"),
        ("5", "/l/0:2"),
    ]
    assert [one.text for one in branch.suggestions] == ["main", "dev", "main"]
    assert field(made.form, "/l/0/depth").suggestions == ()


def test_choosing_one_overwrites_the_whole_item() -> None:
    made = opened(items=({}, {}))
    patch = read_submission(made, {"/l/1/url": ["typed"], "suggest": ["/l/1:1"]})
    again = patched(made, patch)
    items: Any = again.values["l"]
    assert items[1] == B
    assert items[0]["url"] == ""


def test_what_is_there_already_is_not_proposed() -> None:
    made = opened(items=(A,))
    assert [one.text for one in field(made.form, "/l/0/url").suggestions] == ["https://b", "5"]


@pytest.mark.parametrize(
    "made",
    [
        opened(["{{user.profile.repositories}}"]),
        opened("region.customValues.lanes"),
        opened("user.profile.none"),
        opened(
            **{
                "readonly": True,
                "x-onyxia": {"overwriteDefaultWith": "user.idep", "readonly": True},
            }
        ),
    ],
)
def test_other_lists_get_none(made: Draft) -> None:
    again = patched(made, (PatchEntry(("l",), [A]),))
    assert all(not one.suggestions for one in again.form.fields())


@pytest.mark.parametrize(
    "token", ["", "/l/0", "/l/0:9", "/l/7:0", "/l/0:-1", "/x/0:0", "/l:0", ":"]
)
def test_a_token_of_nothing_changes_nothing(token: str) -> None:
    made = opened()
    assert read_submission(made, {"suggest": [token]}) == ()
