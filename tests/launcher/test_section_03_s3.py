"""Launcher 3.1 to 3.3: profiles of a region, working directories, selection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sardonyx.launcher.claim_rules import kept_values
from sardonyx.launcher.context import (
    MOST_STORES,
    ContextInputs,
    S3ProfileInputs,
    launch_context,
)
from sardonyx.launcher.own_profiles import OwnProfile, joined
from sardonyx.launcher.s3_choice import choose_profile
from sardonyx.launcher.s3_profiles import (
    S3Profile,
    directory,
    project_profile,
    region_profiles,
    select_profile,
)
from sardonyx.projects.claims import ClaimNames, ProjectRules, actor_of_claims
from sardonyx.values import Secret

URL = "https://store.example"


def region(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"S3": list(entries)}}


def entry(*roles: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"URL": URL, "sts": {"role": list(roles)}, **more}


def profiles(settings: dict[str, Any], **claims: Any) -> tuple[S3Profile, ...]:
    return region_profiles(settings, claims).profiles


@pytest.mark.parametrize(
    ("rule", "claims", "template", "made"),
    [
        ({}, {"any": "thing"}, "ops", ["ops"]),
        (
            {"claimName": "groups", "excludedClaimPattern": "-ext$"},
            {"groups": ["soil", "tide-ext"]},
            "team-$1",
            ["team-soil"],
        ),
        (
            {"claimName": "org.site", "includedClaimPattern": r"^(\w+)/(\d+)$"},
            {"org": {"site": "north/4"}},
            "$2-$1",
            ["4-north"],
        ),
        ({"claimName": "roles"}, {}, "x-$1", []),
        # By exact key before the dotted path; a list of anything but texts is no match.
        ({"claimName": "a.b"}, {"a.b": "key", "a": {"b": "path"}}, "$1", ["key"]),
        ({"claimName": "a"}, {"a": ["x", 3]}, "$1", []),
        ({"claimName": "a"}, {"a": True}, "$1", []),
        # Fails closed: what does not compile guards nothing open.
        ({"claimName": "a", "includedClaimPattern": "("}, {"a": "x"}, "$1", []),
        ({"claimName": "a", "excludedClaimPattern": "("}, {"a": "x"}, "$1", []),
        ({"claimName": "a", "includedClaimPattern": "^(x+x+)+y$"}, {"a": "x" * 60}, "$1", []),
        ({"claimName": "a", "includedClaimPattern": "^a(b)?"}, {"a": "a"}, "[$1$9]", ["[]"]),
    ],
)
def test_a_claim_rule_keeps_values(
    rule: dict[str, Any], claims: dict[str, Any], template: str, made: list[str]
) -> None:
    assert [kept.fill(template) for kept in kept_values(rule, claims)] == made


def test_an_entry_gives_a_profile_for_each_role_that_matches() -> None:
    settings = region(
        entry(
            {"profileName": "default", "roleARN": "arn:me", "roleSessionName": "me"},
            {"profileName": "team-$1", "roleARN": "arn:$1", "claimName": "groups"},
            region="eu",
            pathStyleAccess=False,
        )
    )
    found = profiles(settings, groups=["soil", "tide"])
    assert [(one.name, one.role_arn) for one in found] == [
        ("default", "arn:me"),
        ("team-soil", "arn:soil"),
        ("team-tide", "arn:tide"),
    ]
    assert {(one.endpoint, one.sts_url, one.region) for one in found} == {(URL, URL, "eu")}
    assert not found[0].path_style_access
    assert profiles(region(entry()))[0].path_style_access
    assert found[0].session_name == "me"


def test_names_that_are_missing_or_taken_are_numbered() -> None:
    roles = [{"roleARN": "a"}, {"roleARN": "b"}, {"profileName": "x"}, {"profileName": "x"}]
    settings = region(entry(*roles), {"URL": URL, "sts": {}})
    assert [one.name for one in profiles(settings)] == [
        "default",
        "default-2",
        "x",
        "x-2",
        "default-3",
    ]


@pytest.mark.parametrize("role", [None, [], {}, [{}]])
def test_without_role_there_is_one_profile_without_arn(role: Any) -> None:
    sts = {"URL": "https://sts.example", "durationSeconds": 7200, "role": role}
    (only,) = profiles({"data": {"S3": {"URL": URL, "sts": sts}}})
    assert (only.name, only.role_arn, only.session_name) == ("default", "", "")
    assert (only.sts_url, only.duration) == ("https://sts.example", 7200)


def test_when_no_role_matches_there_is_no_profile_and_the_administrator_is_told() -> None:
    found = region_profiles(region(entry({"roleARN": "a", "claimName": "groups"})), {})
    assert found.profiles == ()
    assert [(one.code, one.level) for one in found.problems] == [("s3_no_role", "warning")]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"data": None},
        {"data": {"S3": "x"}},
        {"data": {"S3": [3, {"URL": URL}]}},
        {"data": {"S3": [{"sts": {}}, {"URL": 3, "sts": {}}]}},
    ],
)
def test_an_entry_without_sts_or_address_gives_none(settings: dict[str, Any]) -> None:
    assert profiles(settings) == ()


MULTI = {"bucketMode": "multi", "bucketNamePrefix": "u-", "bucketNamePrefixGroup": "g-"}
SHARED = {
    "bucketMode": "shared",
    "bucketName": "pool",
    "prefix": "home-",
    "prefixGroup": "/teams//",
}
V11 = [
    {"s3Uri": "s3://open/data/", "title": "Open data"},
    {"s3Uri": "s3://u-$1/work", "title": "Mine", "claimName": "preferred_username"},
    {"s3Uri": "s3://g-$1/", "title": "$1", "claimName": "groups"},
]
CLAIMS: dict[str, Any] = {"preferred_username": "user1", "groups": ["tide", "soil"]}


@pytest.mark.parametrize(
    ("more", "group", "path"),
    [
        ({"workingDirectory": MULTI}, None, "u-user1/"),
        ({"workingDirectory": MULTI}, "soil", "g-soil/"),
        ({"workingDirectory": SHARED}, None, "pool/home-user1/"),
        ({"workingDirectory": SHARED}, "soil", "pool/teams/soil/"),
        ({"bookmarks": V11}, None, "u-user1/work/"),
        ({"bookmarks": V11}, "soil", "g-soil/"),
        # No place named for the project: its own bucket, never a bookmark made for everybody.
        ({"bookmarks": V11[:1]}, "soil", "team-soil/"),
        ({"workingDirectory": MULTI, "bookmarks": V11}, None, "u-user1/"),
    ],
)
def test_the_working_directory(more: dict[str, Any], group: str | None, path: str) -> None:
    services = {"singleNamespace": False, "groupNamespacePrefix": "team-"}
    settings = {"services": services, **region(entry(**more))}
    person = actor_of_claims(CLAIMS, names=ClaimNames(), rules=ProjectRules.of_region(settings))
    project = next(one for one in person.projects if one.group == group)
    assert f"{project.bucket}/{project.prefix}" == path


def test_bookmarks_are_made_of_claims() -> None:
    (profile,) = profiles(region(entry(bookmarks=V11)), **CLAIMS)
    assert [(one.path, one.title) for one in profile.bookmarks] == [
        ("open/data/", "Open data"),
        ("u-user1/work/", "Mine"),
        ("g-tide/", "tide"),
        ("g-soil/", "soil"),
    ]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (None, True),
        ("", True),
        ([], True),
        ("team-soil", True),
        ("team-*", True),
        (["x", "team-$1"], True),
        ("other", False),
        ("team-[s]oil", False),
    ],
)
def test_a_bookmark_may_be_of_some_profiles(names: Any, shown: bool) -> None:
    settings = region(
        entry(
            {"profileName": "team-soil"},
            bookmarks=[{"s3Uri": "s3://b/", "claimName": "groups", "forProfileName": names}],
        )
    )
    (profile,) = profiles(settings, groups=["soil"])
    assert bool(profile.bookmarks) is shown


def test_older_bookmarked_directories_are_read() -> None:
    older = [{"fullPath": "open//data", "title": "Open"}]
    (profile,) = profiles(region(entry(bookmarkedDirectories=older)))
    assert profile.bookmarks[0].path == "open/data/"


def _named(*names: str, own: tuple[str, ...] = ()) -> list[S3Profile]:
    made = [S3Profile(name, URL) for name in names]
    return made + [S3Profile(name, URL, is_from_region=False, created=7) for name in own]


@pytest.mark.parametrize(
    ("names", "own", "asked", "chosen", "as_asked"),
    [
        (("lake", "default"), ("mine",), None, "default", True),
        (("lake", "default"), ("mine",), "mine", "mine", True),
        (("lake", "default"), ("mine",), "gone", "default", False),
        ((), ("mine",), None, "mine", True),
        (("lake",), ("mine",), None, "lake", True),
        (("lake",), (), "region-0", "lake", True),
        (("lake",), ("default",), "region-0", "lake", True),
        ((), ("mine",), "region-0", "mine", False),
        (("lake",), ("mine",), "project-7", "mine", True),
        (("lake",), ("mine",), "project-8", "lake", False),
        (("lake",), (), "project-None", "lake", False),
        ((), (), None, None, True),
        ((), (), "gone", None, False),
    ],
)
def test_the_profile_that_is_used(
    names: tuple[str, ...],
    own: tuple[str, ...],
    asked: str | None,
    chosen: str | None,
    as_asked: bool,
) -> None:
    profile, is_asked = select_profile(_named(*names, own=own), asked)
    assert (profile.name if profile else None, is_asked) == (chosen, as_asked)


LAKE, TEAM = S3ProfileInputs("lake", URL), S3ProfileInputs("team", URL)
BOOKMARK = (("", "pool/ada/"),)
MINE = S3ProfileInputs("mine", URL, is_from_region=False, created=7)


@pytest.mark.parametrize(
    ("asked", "personal", "chosen", "told"),
    [
        (None, True, "team", False),  # the project's own, not the region's first
        ("lake", True, "lake", False),
        ("mine", True, "mine", False),
        ("gone", True, "team", True),
        ("region-0", True, "team", False),
        ("project-7", True, "mine", False),
        ("project-8", True, "team", True),
        (None, False, "mine", False),
        ("team", False, "mine", True),
        ("region-0", False, "mine", True),
    ],
)
def test_the_profile_of_a_launch(
    asked: str | None, personal: bool, chosen: str, told: bool
) -> None:
    inputs = ContextInputs(
        username="ada",
        email="ada@stat.example",
        project_id="team",
        domain="lab.example",
        s3=TEAM,
        s3_profiles=(LAKE, TEAM, MINE),
        personal_injection=personal,
    )
    made = choose_profile(inputs, asked)
    assert (made.name, made.notice is not None) == (chosen, told)
    assert made.inputs.s3 is not None and made.inputs.s3.name == chosen
    assert made.names == (("lake", "team", "mine") if personal else ("mine",))


def test_a_list_of_stores_has_an_end_and_always_the_chosen_one() -> None:
    many = tuple(replace(LAKE, name=f"lake-{number}") for number in range(MOST_STORES + 5))
    inputs = ContextInputs(username="ada", s3=many[0], s3_profiles=many)
    for asked, last in ((None, "lake-49"), ("lake-53", "lake-53")):
        made: Any = launch_context(choose_profile(inputs, asked).inputs)
        names = [one["profileName"] for one in made["s3_array"]]
        assert (len(names), names[0], names[-1]) == (MOST_STORES, "lake-0", last)


def test_a_launch_without_storage_is_told_nothing_of_it() -> None:
    inputs = ContextInputs(username="ada", email="", project_id="team", domain="lab.example")
    made = choose_profile(inputs, "gone")
    assert (made.name, made.names, made.notice) == (None, (), None)


def test_a_project_works_with_the_role_kept_for_it() -> None:
    settings = region(
        entry(
            {"profileName": "default", "roleARN": "me"},
            {"profileName": "team-$1", "roleARN": "arn:$1", "claimName": "groups"},
        )
    )
    found = profiles(settings, groups=["soil", "tide"])

    def chosen(group: str | None) -> str:
        profile = project_profile(found, username="user1", group=group)
        assert profile is not None
        return profile.name

    assert chosen("tide") == "team-tide"
    assert chosen(None) == "default"
    assert chosen("gone") == "default"
    own = replace(found[1], kept=kept_values({"claimName": "u"}, {"u": "user1"})[0])
    assert project_profile((*found, own), username="user1", group=None) == own


@given(st.text())
def test_a_directory_never_leads_upwards(path: str) -> None:
    made = directory(path)
    if made is not None:
        assert made.endswith("/")
        assert not made.startswith("/")
        assert "//" not in made
        assert not {".", "..", ""} & set(made[:-1].split("/"))


@given(st.dictionaries(st.text(max_size=5), st.text() | st.lists(st.text())), st.text())
def test_a_region_never_raises(claims: dict[str, Any], pattern: str) -> None:
    rule = {"roleARN": "a-$1", "claimName": "groups", "includedClaimPattern": pattern}
    region_profiles(region(entry(rule, bookmarks=[{"s3Uri": pattern, **rule}])), claims)


def test_of_two_alike_the_region_keeps_its_name() -> None:
    own = (
        OwnProfile("lake", 1, URL),
        OwnProfile("lake", 2, "http://nas.example:9000", bookmarks=(("t", "b/p/"), ("", "c/"))),
    )
    found = joined((LAKE, replace(TEAM, name="default")), own)
    assert [one.name for one in found] == ["lake", "default", "lake-2", "lake-3"]
    assert [one.is_from_region for one in found] == [True, True, False, False]
    # The place of one's own is its first bookmark; without one there is none.
    assert [one.working_directory for one in found[2:]] == [None, "b/p/"]
    assert found[-1].created == 2


def test_a_profile_of_one_s_own_fills_the_context() -> None:
    one = OwnProfile(
        "nas", 2, "http://nas.example:9000", None, False, "AK", Secret("SK"), bookmarks=BOOKMARK
    )
    made: Any = launch_context(ContextInputs(username="ada", s3=one.inputs))
    assert made["s3"] == {
        "isEnabled": True,
        "profileName": "nas",
        "AWS_ACCESS_KEY_ID": "AK",
        "AWS_SECRET_ACCESS_KEY": "SK",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_S3_ENDPOINT": "nas.example:9000",
        "port": 9000,
        "tls": False,
        "pathStyleAccess": False,
        "isAnonymous": False,
        "workingDirectoryPath": "pool/ada/",
        "AWS_BUCKET_NAME": "pool",
        "objectNamePrefix": "ada/",
    }
    anonymous: Any = launch_context(ContextInputs(username="a", s3=OwnProfile("o", 1, URL).inputs))
    assert anonymous["s3"]["isAnonymous"] is True
    assert not {"AWS_ACCESS_KEY_ID", "workingDirectoryPath"} & anonymous["s3"].keys()
