"""Launcher 3.1 to 3.3: which profiles a project offers, and where it works with each."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.test_section_03_s3 import CLAIMS, URL, V11, entry, profiles, region

from sardonyx.launcher.s3_profiles import bookmarked_work, offered_profiles, project_profile

PERSON = {"profileName": "mine", "roleARN": "p", "claimName": "preferred_username"}
TEAMS = {"profileName": "team-$1", "roleARN": "arn:$1", "claimName": "groups"}
ALL = {"profileName": "all", "roleARN": "same"}
UNNARROWED = {"sessionPolicy": False}


@pytest.mark.parametrize(
    ("entries", "group", "offered"),
    [
        ([entry(PERSON, TEAMS, ALL)], None, ["mine", "team-tide", "team-soil", "all"]),
        ([entry(TEAMS, ALL, PERSON)], "soil", ["team-soil", "all"]),
        # Of a group without a role of its own: the usual one alone may be the person's.
        ([entry(PERSON, TEAMS, ALL)], "rock", ["mine", "all"]),
        ([entry(ALL, PERSON)], "soil", ["all"]),
        # A group's own role reaches elsewhere too; one for all only where the group works.
        (
            [entry(TEAMS), {**entry(ALL), "URL": "https://away.example"}],
            "soil",
            ["team-soil"],
        ),
        (
            [entry(ALL), {**entry(TEAMS), "URL": "https://away.example"}],
            "soil",
            ["team-soil"],
        ),
        ([entry(TEAMS), {**entry(ALL), "URL": f"{URL}/"}], "soil", ["team-soil", "all"]),
        # A store that takes no session policy cannot narrow it; the usual one stays as it was.
        (
            [{"URL": URL, "sts": {"role": [TEAMS, ALL], "sessionPolicy": False}}],
            "soil",
            ["team-soil"],
        ),
        ([{"URL": URL, "sts": {"role": [ALL, PERSON], "sessionPolicy": False}}], "soil", ["all"]),
        # The same text in a claim that names no groups.
        ([entry(TEAMS, {**ALL, "claimName": "department"})], "soil", ["team-soil"]),
        ([entry({**ALL, "claimName": "department"}, TEAMS)], "soil", ["all", "team-soil"]),
        ([], "soil", []),
    ],
)
def test_what_a_project_offers(
    entries: list[dict[str, Any]], group: str | None, offered: list[str]
) -> None:
    found = profiles(region(*entries), **CLAIMS, department="soil")
    made = offered_profiles(found, username="user1", group=group, groups_claim="groups")
    assert [one.name for one in made] == offered
    assert project_profile(found, username="user1", group=group) in (*made, None)


def test_a_role_for_who_is_named_like_the_group_is_not_offered() -> None:
    """Nobody can tell which of the two it is for."""
    found = profiles(region(entry(ALL, TEAMS)), groups=["user1"])
    made = offered_profiles(found, username="user1", group="user1", groups_claim="groups")
    assert [one.name for one in made] == ["all"]


@pytest.mark.parametrize(
    ("bookmarks", "group", "place"),
    [
        (V11, None, "u-user1/work/"),
        (V11, "soil", "g-soil/"),
        (V11, "rock", "open/data/"),
        (V11[:1], None, "open/data/"),
        ([], None, None),
        (
            [{"s3Uri": "s3://t-$1/", "claimName": "groups", "forProfileName": "team-$1"}],
            None,
            "t-soil/",
        ),
    ],
)
def test_the_working_directory_of_a_profile_that_was_chosen(
    bookmarks: list[dict[str, Any]], group: str | None, place: str | None
) -> None:
    found = profiles(region(entry(TEAMS, bookmarks=bookmarks)), **CLAIMS)
    assert bookmarked_work(found[1], username="user1", group=group) == place
