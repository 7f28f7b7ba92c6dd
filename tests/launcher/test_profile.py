"""The profile as a form (launcher.md 2 and 9.2, portal.md 12)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.account.forms import PROFILE

from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.profile import (
    Profile,
    after_removal,
    fitted,
    injected,
    profile_draft,
    secret_entries,
    suggested,
    switched_items,
)
from sardonyx.values import Json, JsonObject, Path

CONTEXT: JsonObject = {"user": {"idep": "ada", "email": "ada@example.org"}}
IDENTITIES: Json = [{"forge": "one", "token": "1"}, {"forge": "two", "token": "2"}]


def kept(*entries: tuple[Path, Json], held_back: frozenset[Path] = frozenset()) -> Profile:
    return Profile(tuple(PatchEntry(path, value) for path, value in entries), held_back)


def test_defaults_of_the_schema_read_who_the_person_is() -> None:
    schema: JsonObject = {
        "properties": {
            "mail": {"type": "string", "x-onyxia": {"overwriteDefaultWith": "user.email"}}
        }
    }
    assert profile_draft(schema, context=CONTEXT).values == {"mail": "ada@example.org"}


def test_what_was_written_is_over_the_defaults() -> None:
    found = fitted(PROFILE, kept((("team",), "prices")), context=CONTEXT)
    assert found.draft.values["team"] == "prices"
    assert found.draft.values["phone"] == ""
    assert found.rest == ()


def test_what_no_longer_fits_is_told_and_the_rest_stays() -> None:
    found = fitted(
        PROFILE,
        kept(
            (("team",), "Not A Team"),  # the pattern is new
            (("phone",), "12"),
            (("room",), "B7"),  # a field that is gone
            (("assistant",), "yes"),  # a text where now is a group
        ),
        context=CONTEXT,
    )
    assert found.draft.values["phone"] == "12"
    assert found.draft.values["team"] == "none"
    assert found.draft.errors == ()
    assert [entry.path for entry in found.rest] == [("team",), ("room",), ("assistant",)]


def test_an_item_that_does_not_fit_leaves_its_neighbours() -> None:
    found = fitted(
        PROFILE, kept((("identities",), IDENTITIES), (("tags",), ["a", 3])), context=CONTEXT
    )
    assert found.draft.values["identities"] == IDENTITIES
    assert found.draft.values["tags"] == ["a"]
    assert [entry.path for entry in found.rest] == [("tags", 1)]


def test_items_held_back_are_in_no_launch_and_are_suggested_instead() -> None:
    held = frozenset({("identities", 0)})
    found = fitted(PROFILE, kept((("identities",), IDENTITIES), held_back=held), context=CONTEXT)
    values = found.draft.values
    assert injected(values, held)["identities"] == [{"forge": "two", "token": "2"}]
    assert injected(values, held)["team"] == "none"
    assert suggested(values, held) == {"identities": [{"forge": "one", "token": "1"}]}
    assert suggested(values, frozenset()) == {}


def test_only_objects_of_lists_have_a_switch() -> None:
    found = fitted(
        PROFILE,
        kept((("identities",), IDENTITIES), (("tags",), ["a"]), held_back=frozenset({("tags", 0)})),
        context=CONTEXT,
    )
    assert list(switched_items(found.draft.form)) == [("identities", 0), ("identities", 1)]
    assert found.held_back == frozenset()


def test_password_fields_and_telling_names_are_secret() -> None:
    draft = profile_draft(PROFILE, context=CONTEXT, patch=[PatchEntry(("identities",), IDENTITIES)])
    assert secret_entries(draft) == {
        ("assistant", "apiKey"),
        ("identities", 0, "token"),
        ("identities", 1, "token"),
    }


@given(st.sets(st.integers(0, 9)), st.integers(0, 9))
def test_switches_follow_their_items_when_one_is_removed(held: set[int], removed: int) -> None:
    """100 cases: the same as removing from a list that holds the switches themselves."""
    switches = [index in held for index in range(10)]
    del switches[removed]
    left = after_removal([("list", index) for index in held], ("list", removed))
    assert left == {("list", index) for index, is_held in enumerate(switches) if is_held}


def test_a_removal_leaves_the_switches_of_other_lists() -> None:
    held = [("a", 1), ("b", 2), ("a", 3, "inner", 1)]
    assert after_removal(held, ("a", 2)) == {("a", 1), ("b", 2), ("a", 2, "inner", 1)}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
        ),
        max_leaves=12,
    ),
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["team", "tags", "identities", 0, 1, "x"]), min_size=1),
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        ),
        max_size=5,
    ),
)
def test_nothing_raises_whatever_the_schema_and_the_saved_profile(
    schema: Json, entries: list[tuple[list[str | int], Json]]
) -> None:
    """100 cases: nothing that was saved is lost, and nothing wrong is given to launches."""
    saved = Profile(tuple(PatchEntry(tuple(path), value) for path, value in entries))
    for one in (PROFILE, {"properties": schema}):
        found = fitted(one, saved, context=CONTEXT)
        kept_places = {entry.path for entry in (*found.draft.patch, *found.rest)}
        assert kept_places == {entry.path for entry in saved.patch}
