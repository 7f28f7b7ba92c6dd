"""Read what older portals kept of a project: `restorableConfigs` and `s3`, as the present keys.

Whoever stores the result keeps the old keys unless `complete`: nothing is lost by a bad entry.
Source: launcher.md 13.
"""

from __future__ import annotations

from dataclasses import dataclass

from sardonyx.errors import Problem
from sardonyx.launcher.configurations import SavedConfiguration, read_configuration
from sardonyx.launcher.models import error, warning
from sardonyx.launcher.own_profiles import OwnProfile, read_profile, safe_name
from sardonyx.launcher.s3_profiles import directory, free_name
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject

CONFIGURATIONS, STORAGE = "restorableConfigs", "s3"
_OWN, _REGION = "project-", "region-"


@dataclass(frozen=True, slots=True)
class Migrated:
    """The present form of old keys, and what could not be read of them. Pointers are of the old."""

    configurations: tuple[SavedConfiguration, ...]
    profiles: tuple[OwnProfile, ...]
    problems: tuple[Problem, ...]

    @property
    def complete(self) -> bool:
        """Whether all was understood, so that the old keys may go."""
        return not any(problem.level == "error" for problem in self.problems)


def migrate(old: JsonObject) -> Migrated:
    """Return the present form of the old keys of one project; nothing raises."""
    problems: list[Problem] = []
    profiles = _profiles(old, problems)
    names = {f"{_OWN}{one.created}": one.name for one in profiles}
    found: dict[tuple[str, str, str], SavedConfiguration] = {}
    listed = old.get(CONFIGURATIONS, [])
    if not isinstance(listed, list):
        text = N_("The saved configurations of an older platform are no list.")
        problems.append(error((CONFIGURATIONS,), "old_configurations", text))
        listed = []
    for index, item in enumerate(listed):
        one = read_configuration(_renamed(item, names), (CONFIGURATIONS, index))
        if isinstance(one, Problem):
            problems.append(one)
            continue
        found[one.identity] = one
        asked = item.get("s3ConfigId") if isinstance(item, dict) else None
        if isinstance(asked, str) and asked not in names and not asked.startswith(_REGION):
            text = N_("“{name}” used a storage profile that is gone; it takes the usual one.")
            place = (CONFIGURATIONS, index, "s3ConfigId")
            problems.append(warning(place, "old_profile_gone", text, name=one.friendly_name))
    return Migrated(tuple(found.values()), profiles, tuple(problems))


def _renamed(item: Json, names: dict[str, str]) -> Json:
    """Return an old configuration with the profile's name; the region's default needs none."""
    if not isinstance(item, dict):
        return item
    asked = item.get("s3ConfigId")
    rest = {key: value for key, value in item.items() if key != "s3ConfigId"}
    return {**rest, "s3ProfileName": names.get(asked) if isinstance(asked, str) else None}


def _profiles(old: JsonObject, problems: list[Problem]) -> tuple[OwnProfile, ...]:
    storage = old.get(STORAGE)
    listed = storage.get("s3Configs") if isinstance(storage, dict) else storage
    if listed is None:
        return ()
    if not isinstance(listed, list):
        text = N_("The storage profiles of an older platform are no list.")
        problems.append(error((STORAGE,), "old_profiles", text))
        return ()
    found: list[OwnProfile] = []
    for index, item in enumerate(listed):
        words = item.get("friendlyName") if isinstance(item, dict) else None
        wanted = safe_name(words if isinstance(words, str) else "")
        name = free_name(wanted, {one.name for one in found})
        one = read_profile(_with_bookmark(item), (STORAGE, "s3Configs", index), name=name)
        if isinstance(one, Problem):
            problems.append(one)
        else:
            found.append(one)
    return tuple(found)


def _with_bookmark(item: Json) -> Json:
    """Return an old profile with its working directory as its one bookmark."""
    if not isinstance(item, dict):
        return item
    working = item.get("workingDirectoryPath")
    path = directory(working.strip().removeprefix("s3:")) if isinstance(working, str) else None
    if path is None:
        return item
    bucket, _, prefix = path.partition("/")
    title = path.rstrip("/").split("/")[-1]
    place: JsonObject = {"bucket": bucket, "keyPrefix": prefix}
    return {**item, "bookmarks": [{"displayName": title, "s3UriPrefixObj": place}]}
