"""Launcher 13: what older portals kept; launcher 3.1: profiles of a person's own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from tests.launcher.test_section_11_patch import json_objects, json_values

from sardonyx.launcher.configurations import SavedConfiguration
from sardonyx.launcher.migration import migrate
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.own_profiles import OwnProfile, read_profiles, write_profiles
from sardonyx.values import Secret

URL = "https://store.example"


def old_profile(created: int = 111, name: str = "My Profile!", **more: Any) -> dict[str, Any]:
    return {
        "creationTime": created,
        "friendlyName": name,
        "url": URL,
        "region": "eu",
        "workingDirectoryPath": "pool//home/",
        "pathStyleAccess": False,
        "credentials": {"accessKeyId": "A", "secretAccessKey": "S", "sessionToken": "T"},
        **more,
    }


def old_configuration(profile: str | None = "project-111", **more: Any) -> dict[str, Any]:
    return {
        "friendlyName": "night run",
        "isShared": True,
        "catalogId": "forge",
        "chartName": "rivulet",
        "chartVersion": "2.1.0",
        "s3ConfigId": profile,
        "helmValuesPatch": [{"path": ["a"], "value": "b"}],
        **more,
    }


def test_old_keys_become_the_present_ones() -> None:
    made = migrate(
        {
            "restorableConfigs": [
                old_configuration(),
                old_configuration("region-x", friendlyName="day run"),
                old_configuration(None, friendlyName="noon run"),
            ],
            "s3": {"s3Configs": [old_profile()], "s3ConfigId_explorer": "project-111"},
        }
    )
    assert made.complete
    assert not made.problems
    assert made.configurations[0] == SavedConfiguration(
        "night run", "forge", "rivulet", "2.1.0", (PatchEntry(("a",), "b"),), True, "My-Profile"
    )
    assert [one.s3_profile for one in made.configurations] == ["My-Profile", None, None]
    assert made.profiles == (
        OwnProfile(
            name="My-Profile",
            created=111,
            url=URL,
            region="eu",
            path_style_access=False,
            access_key_id="A",
            secret_access_key=Secret("S"),
            session_token=Secret("T"),
            bookmarks=(("home", "pool/home/"),),
        ),
    )


def test_names_are_safe_and_no_two_alike() -> None:
    names = ("My Profile!", "My Profile?", "été", "!!", "")
    old: Any = {"s3": {"s3Configs": [old_profile(i, name) for i, name in enumerate(names)]}}
    assert [one.name for one in migrate(old).profiles] == [
        "My-Profile",
        "My-Profile-2",
        "ete",
        "profile",
        "profile-2",
    ]


@pytest.mark.parametrize(
    ("working", "bookmarks"),
    [
        ("pool/", (("pool", "pool/"),)),
        ("s3://pool/a", (("a", "pool/a/"),)),
        ("/pool/a//", (("a", "pool/a/"),)),
        ("", ()),
        ("..", ()),
    ],
)
def test_the_working_directory_is_the_one_bookmark(working: str, bookmarks: Any) -> None:
    old: Any = {"s3": {"s3Configs": [old_profile(workingDirectoryPath=working)]}}
    assert migrate(old).profiles[0].bookmarks == bookmarks


def test_a_profile_that_is_gone_is_told_and_loses_nothing() -> None:
    made = migrate({"restorableConfigs": [old_configuration("project-5")], "s3": {"s3Configs": []}})
    assert made.complete
    assert [one.pointer for one in made.problems] == ["/restorableConfigs/0/s3ConfigId"]
    assert made.configurations[0].s3_profile is None


@pytest.mark.parametrize(
    ("old", "pointer"),
    [
        ({"restorableConfigs": "x"}, "/restorableConfigs"),
        ({"restorableConfigs": [3, old_configuration(None)]}, "/restorableConfigs/0"),
        ({"s3": "x"}, "/s3"),
        ({"s3": {"s3Configs": [old_profile(created=True)]}}, "/s3/s3Configs/0"),
        ({"s3": {"s3Configs": [old_profile(url="")]}}, "/s3/s3Configs/0"),
    ],
)
def test_on_failure_the_old_data_is_to_stay(old: Any, pointer: str) -> None:
    made = migrate(old)
    assert not made.complete
    assert [one.pointer for one in made.problems] == [pointer]


def test_nothing_kept_is_nothing_to_migrate() -> None:
    made = migrate({})
    assert (made.configurations, made.profiles, made.complete) == ((), (), True)


@given(json_objects, json_values, json_values)
def test_migration_never_raises(item: Any, storage: Any, more: Any) -> None:
    migrate({"restorableConfigs": [item, {**old_configuration(), **item}, more], "s3": storage})
    migrate({"restorableConfigs": more, "s3": {"s3Configs": [{**old_profile(), **item}, more]}})


def test_a_person_s_own_profiles_are_written_and_read() -> None:
    full = migrate({"s3": {"s3Configs": [old_profile()]}}).profiles[0]
    bare = OwnProfile("anonymous", 5, URL)
    assert read_profiles(write_profiles([full, bare])) == ((full, bare), ())
    assert "Secret(…)" in repr(full)
    _, problems = read_profiles(["x", {"profileName": "n"}])
    assert [one.pointer for one in problems] == ["/0", "/1"]
