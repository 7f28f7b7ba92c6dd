"""Launcher 9.2: secrets in a form stand as variables where an input would show them in clear."""

from __future__ import annotations

from typing import Any

from tests.launcher.samples import chart, context, draft, field, od

from sardonyx.launcher.draft import Draft, make_draft
from sardonyx.launcher.form import Widget, read_submission
from sardonyx.launcher.models import PatchEntry

TEXT = {"type": "string", "default": ""}


def posted(made: Draft, **changes: str) -> Any:
    """Return the values after the form is posted with these fields changed."""
    patch = read_submission(made, {f"/{name}": [value] for name, value in changes.items()})
    return make_draft(chart=made.chart, context=made.context, patch=patch).values


SECRET_BLOCK = {"type": "object", "default": {}}


def test_a_secret_in_a_block_of_any_content_stands_as_a_variable() -> None:
    block: dict[str, Any] = {
        "users": [{"name": "a", "password": "tulip"}, {"name": "b", "password": "rose"}]
    }
    made = draft({"n": SECRET_BLOCK, "password": TEXT}, patch=(PatchEntry(("n",), block),))
    shown = field(made.form, "/n")
    assert "tulip" not in shown.text
    assert "rose" not in shown.text
    assert "$N_USERS_0_PASSWORD" in shown.text
    assert shown.hides_secrets
    # Left as it is, it is what it was, also when the items change their places.
    assert posted(made, n=shown.text)["n"] == block
    written = (
        "users:\n- {name: c, password: $N_USERS_1_PASSWORD}\n- {name: d, password: new}\n"
        "note: $N_USERS_1_PASSWORD\n"
    )
    assert posted(made, n=written)["n"] == {
        "users": [{"name": "c", "password": "rose"}, {"name": "d", "password": "new"}],
        "note": "$N_USERS_1_PASSWORD",  # no secret stood there
    }


def test_a_secret_of_many_lines_stands_as_a_variable() -> None:
    key = od("git.token", type="string", default="", render="textArea")
    scope = context()
    scope["git"]["token"] = "line 1\nline 2"
    made = make_draft(chart=chart({"k": key, "empty": {**key, "x-onyxia": {}}}), context=scope)
    shown = field(made.form, "/k")
    assert (shown.widget, shown.text, shown.hides_secrets) == (Widget.TEXTAREA, "$K", True)
    assert read_submission(made, {"/k": ["$K"]}) == ()
    assert read_submission(made, {"/k": ["mine"]}) == (PatchEntry(("k",), "mine"),)
    assert not field(made.form, "/empty").hides_secrets


def test_a_block_without_secrets_is_shown_as_it_is() -> None:
    made = draft({"n": {"type": "object", "default": {"a": "$HOME"}}})
    assert (field(made.form, "/n").text, field(made.form, "/n").hides_secrets) == (
        'a: "$HOME"\n',
        False,
    )
