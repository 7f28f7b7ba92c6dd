"""Stand-ins for keys: one text for each variable of each profile, whatever stands around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sardonyx.credentials.stand_ins import (
    S3_VARIABLES,
    Given,
    filled,
    read_stand_in,
    stand_in,
    stand_ins,
    wanted_in,
)

NAMES = st.text(st.characters(exclude_categories=["Cs"]))


def test_the_usual_profile_s_are_as_they_were() -> None:
    """They stand in drafts that are open, and in places that are kept."""
    assert stand_in("AWS_ACCESS_KEY_ID") == "sardonyx-gives-this-at-launch-aws-access-key-id"
    assert stand_in("VAULT_TOKEN") == "sardonyx-gives-this-at-launch-vault-token"
    assert stand_in("AWS_SESSION_TOKEN", "team-2") == (
        "sardonyx-gives-this-at-launch-aws-session-token-of-team-2d2--"
    )


@given(st.sampled_from(S3_VARIABLES), NAMES)
def test_a_stand_in_is_read_as_what_it_was_made_of(variable: str, profile: str) -> None:
    assert read_stand_in(stand_in(variable, profile)) == Given(variable, profile)


@given(NAMES, NAMES, st.sampled_from(["", "-", "--", "ab", "-of-x", "@h", "/"]))
def test_each_is_filled_by_its_own_in_a_longer_text(one: str, other: str, after: str) -> None:
    first, second = Given(S3_VARIABLES[0], one), Given(S3_VARIABLES[1], other)
    text = f"s3://{stand_in(S3_VARIABLES[0], one)}:{stand_in(S3_VARIABLES[1], other)}{after}"
    assert wanted_in(text) == (first, second)
    assert filled(text, {first: "AK", second: "SK"}) == f"s3://AK:SK{after}"
    assert filled(text, {}) == f"s3://:{after}"
    assert list(stand_ins({"a": [text]})) == [(("a", 0), None)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "key",
        "sardonyx-gives-this-at-launch",
        "sardonyx-gives-this-at-launch-path",
        "sardonyx-gives-this-at-launch-vault-token-of-a--",
        "sardonyx-gives-this-at-launch-aws-access-key-id-of---",
        "sardonyx-gives-this-at-launch-aws-access-key-id-of-a",
    ],
)
def test_what_is_none_stands_for_nothing(text: object) -> None:
    assert read_stand_in(text) is None


def test_bytes_that_are_no_text_name_no_profile() -> None:
    found = read_stand_in("sardonyx-gives-this-at-launch-aws-access-key-id-of--ff--")
    assert found == Given("AWS_ACCESS_KEY_ID", "\ufffd")
