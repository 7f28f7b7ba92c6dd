"""Projects from claims: names that people and groups really have, and names meant to deceive."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sardonyx.projects.claims import (
    ClaimNames,
    ProjectRules,
    actor_of_claims,
    claim,
    texts,
)
from sardonyx.projects.errors import (
    NoPersonalProjectError,
    NoProjectError,
    RegionInvalidError,
    UsernameUnusableError,
)
from sardonyx.projects.models import Actor
from sardonyx.values import Json, JsonObject

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
NAMES = ClaimNames()


def region(**services: Json) -> JsonObject:
    return {"services": {"singleNamespace": False, **services}}


def actor(place: JsonObject, username: str = "ada", *groups: str, **claims: Json) -> Actor:
    named: JsonObject = {"preferred_username": username, "groups": list(groups), **claims}
    return actor_of_claims(named, names=NAMES, rules=ProjectRules.of_region(place))


def test_a_plain_name_keeps_onyxias_names() -> None:
    ada = actor(region(), "ada", "survey", name="Ada Lovelace", email="ada@example.org")
    personal, group = ada.projects
    assert (personal.id, personal.namespace, personal.bucket) == ("user-ada",) * 3
    assert personal.name == "ada personal project"
    assert personal.secrets_folder == "ada"
    assert (group.id, group.name, group.group) == ("projet-survey", "projet-survey", "survey")
    assert group.secrets_folder == "projet-survey"
    assert (ada.full_name, ada.email, ada.username) == ("Ada Lovelace", "ada@example.org", "ada")


@pytest.mark.parametrize(
    "name", ["Ada", "ada.l", "ada@insee.fr", "Élodie", "a_b", "日本", "x" * 80]
)
def test_a_name_that_is_no_label_is_mapped_and_stays_the_person(name: str) -> None:
    """D8: the original gave such a person no project at all."""
    person = actor(region(), name)
    assert person.username == name
    namespace = person.personal_project.namespace
    assert LABEL.fullmatch(namespace)
    assert len(namespace) <= 63
    assert namespace.startswith("user-")


def test_a_mapped_name_can_be_read() -> None:
    assert actor(region(), "Ada.L").personal_project.id.startswith("user-ada-l--")


def test_nobody_can_choose_a_name_that_is_anothers_slug() -> None:
    victim = actor(region(), "Ada.L").personal_project
    thief = actor(region(), victim.id.removeprefix("user-")).personal_project
    assert thief.id != victim.id


@pytest.mark.parametrize("group", ["/team/prices", "Team.Prices", "team prices", "../..", "a/b/c"])
def test_groups_with_odd_names_have_safe_places(group: str) -> None:
    project = actor(region(), "ada", group).projects[1]
    assert LABEL.fullmatch(project.namespace)
    assert project.group == group
    assert "/" not in project.secrets_folder
    assert ".." not in project.secrets_folder


_NAMES = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="ab-./A_ user-projet2345", max_size=20),
    st.from_regex(r"[a-z]{1,4}--[a-z2-7]{12}", fullmatch=True),
    st.from_regex(r"(user-|projet-)?[a-z0-9]{1,3}", fullmatch=True),
)
_PREFIXES = st.sampled_from(["", "user-", "projet-", "projet-u-", "p", "user-projet-"])


@given(_NAMES, _NAMES, _NAMES, _PREFIXES, _PREFIXES, st.booleans())
def test_no_two_people_or_groups_ever_share_a_place(
    one: str, other: str, group: str, people: str, groups: str, shared: bool
) -> None:
    place: JsonObject = region(namespacePrefix=people, groupNamespacePrefix=groups)
    place["vault"] = {"prefix": people, "groupPrefix": "groups/" if people else ""}
    if shared:
        place["data"] = {
            "S3": {
                "workingDirectory": {
                    "bucketMode": "shared",
                    "bucketName": "all",
                    "prefix": people,
                    "prefixGroup": groups,
                }
            }
        }
    rules = ProjectRules.of_region(place)
    mine = rules.projects(one, ())[0][0]
    ours = rules.projects("somebody", (group,))[0][1:]
    theirs = rules.projects(other, ())[0][0]
    if one != other:
        assert mine.namespace != theirs.namespace
        assert mine.secrets_folder != theirs.secrets_folder
        assert (mine.bucket, mine.prefix) != (theirs.bucket, theirs.prefix)
    for project in ours:
        assert project.namespace not in (mine.namespace, theirs.namespace)
        assert (project.bucket, project.prefix) != (mine.bucket, mine.prefix)
        inside = f"{project.secrets_folder}/".startswith(f"{mine.secrets_folder}/")
        assert not inside
    for project in (mine, theirs, *ours):
        assert LABEL.fullmatch(project.namespace)
        assert len(project.namespace) <= 63
        assert 3 <= len(project.bucket) <= 63
        assert ".." not in project.prefix.split("/")


@given(_NAMES, _NAMES)
def test_no_two_groups_ever_share_a_place(one: str, other: str) -> None:
    rules = ProjectRules.of_region(region(userNamespace=False))
    found = [rules.projects("ada", (group,))[0] for group in (one, other)]
    if one != other and all(found):
        assert found[0][0].namespace != found[1][0].namespace
        assert found[0][0].bucket != found[1][0].bucket


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=6) | st.lists(st.integers())))
def test_strange_claims_are_refused_in_words_or_give_a_person(claims: dict[str, Json]) -> None:
    rules = ProjectRules.of_region(region())
    try:
        person = actor_of_claims(claims, names=ClaimNames(username="a"), rules=rules)
    except UsernameUnusableError:
        return
    assert person.personal_project.id


def test_an_included_group_must_match_whole_and_is_transformed_once() -> None:
    """D7: the original filters nothing and replaces twice."""
    place: JsonObject = {
        **region(),
        "includedGroupPattern": "onyxia_(.+)",
        "transformGroupPattern": "$1-x",
        "excludedGroupPattern": "_admin$",
    }
    person = actor(place, "ada", "onyxia_prices", "my_onyxia_wages", "onyxia_admin", "other")
    assert [project.id for project in person.projects] == ["user-ada", "projet-prices-x"]
    assert {(one.group, one.reason) for one in person.ignored_groups} == {
        ("my_onyxia_wages", "not_included"),
        ("onyxia_admin", "excluded"),
        ("other", "not_included"),
    }


def test_the_old_way_of_groups_is_a_switch() -> None:
    place: JsonObject = {
        **region(),
        "includedGroupPattern": "o",
        "transformGroupPattern": "0",
        "groupPatternsAsBefore": True,
    }
    assert actor(place, "ada", "foo", "bar").projects[1].id == "projet-f00"


def test_kubernetes_own_names_are_nobodys() -> None:
    with pytest.raises(UsernameUnusableError):
        actor(region(), "system:admin")
    person = actor(region(), "ada", "system:masters", "prices")
    assert person.groups == ("prices",)
    assert [one.group for one in person.ignored_groups] == ["system:masters"]


@pytest.mark.parametrize("name", ["", " ada", "ada\n", "a\x00b", "x" * 256, "\u202eada"])
def test_a_name_that_is_not_safe_is_refused(name: str) -> None:
    with pytest.raises(UsernameUnusableError):
        actor(region(), name)


def test_claims_are_found_by_key_then_by_path() -> None:
    claims: JsonObject = {"a.b": "key", "a": {"b": "path", "c": ["x", 3, "x", "y"]}}
    assert claim(claims, "a.b") == "key"
    assert claim(claims, "a.c.d") is None
    assert texts(claims, "a.c") == ("x", "y")


def test_an_administrator_is_named_by_a_claim() -> None:
    names = ClaimNames(roles="realm_access.roles", admin="realm_access.roles")
    rules = ProjectRules.of_region(region())
    for roles, expected in ((["b", "a"], False), (["sardonyx-admin", "b"], True)):
        claims: JsonObject = {"preferred_username": "ada", "realm_access": {"roles": list(roles)}}
        person = actor_of_claims(claims, names=names, rules=rules)
        assert person.is_admin is expected
        assert list(person.roles) == sorted(roles)


def test_a_region_of_one_namespace_has_one_project() -> None:
    rules = ProjectRules.of_region({}, own_namespace="datalab")
    person = actor_of_claims({"preferred_username": "ada"}, names=NAMES, rules=rules)
    assert person.personal_project.id == "single-project"
    assert person.personal_project.namespace == "datalab"
    assert person.personal_project.bucket == "user-ada"


def test_without_personal_projects_one_acts_in_a_group() -> None:
    person = actor(region(userNamespace=False), "ada", "prices")
    assert person.default_project.id == "projet-prices"
    with pytest.raises(NoPersonalProjectError):
        _ = person.personal_project
    with pytest.raises(NoProjectError):
        _ = actor(region(userNamespace=False), "ada").default_project


def test_buckets_are_the_regions() -> None:
    working: JsonObject = {
        "bucketMode": "multi",
        "bucketNamePrefix": "",
        "bucketNamePrefixGroup": "projet-",
    }
    stores: list[Json] = [{"URL": "https://s3"}, {"workingDirectory": working}]
    place: JsonObject = {**region(), "data": {"S3": stores}}
    mine, ours = actor(place, "ada.l", "prices").projects
    assert (mine.bucket, ours.bucket) == ("ada.l", "projet-prices")
    # A person called like a group's bucket has another one.
    assert actor(place, "projet-prices").personal_project.bucket.startswith("projet-prices--")
    shared: JsonObject = {
        "bucketMode": "shared",
        "bucketName": "all",
        "prefix": "user-",
        "prefixGroup": "projet-",
    }
    place["data"] = {"S3": {"workingDirectory": shared}}
    mine, ours = actor(place, "ada", "/a/b").projects
    assert (mine.bucket, mine.prefix) == ("all", "user-ada/")
    assert ours.prefix.startswith("projet-a-b--")


def test_a_bookmark_leads_nobody_into_anothers_place() -> None:
    """Onyxia v11 fills addresses with names as they are; a hierarchy of groups has slashes."""
    bookmark: JsonObject = {
        "s3Uri": "s3://projet-$1/",
        "title": "group",
        "claimName": "groups",
    }
    place: JsonObject = {
        **region(),
        "data": {"S3": {"URL": "https://s3", "sts": {}, "bookmarks": [bookmark]}},
    }
    ours, below, up, big = actor(place, "ada", "a", "a/b", "..", "Big").projects[1:]
    assert (ours.bucket, ours.prefix) == ("projet-a", "")
    for project in (below, up, big):
        assert project.bucket != ours.bucket
        assert project.bucket.startswith("projet-") and "--" in project.bucket
        assert project.prefix == ""


@pytest.mark.parametrize(
    "place",
    [
        {"includedGroupPattern": "("},
        {"services": {"namespacePrefix": "User_"}},
        {"services": {"singleNamespace": "no"}},
        {"services": []},
        {"data": {"S3": {"workingDirectory": {"bucketMode": "shared"}}}},
        {"vault": {"prefix": "../"}},
    ],
)
def test_a_wrong_region_is_named(place: JsonObject) -> None:
    with pytest.raises(RegionInvalidError):
        ProjectRules.of_region(place)
