"""Work out which storage profiles a region gives a person, and which places it names.

Reads `data.S3` in the shapes of both generations of Onyxia's portal, one entry or a list.
Source: launcher.md 3, wire-api.md 4.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Protocol, TypeAlias, TypeVar
from urllib.parse import urlsplit

from sardonyx.errors import Problem
from sardonyx.launcher.claim_rules import Kept, kept_values
from sardonyx.launcher.models import warning
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject

DEFAULT = "default"
# How older portals name a profile: one's own by when it was made, the region's by its place.
_OLD_OWN, _OLD_REGION = "project-", "region-"


class Choosable(Protocol):
    """What a choice among profiles goes by."""

    @property
    def name(self) -> str: ...

    @property
    def is_from_region(self) -> bool: ...

    @property
    def created(self) -> int | None:
        """When the person made it, in milliseconds since 1970."""


P = TypeVar("P", bound=Choosable)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A place in the store: `bucket/prefix/`. kept: the claim's value it was made for."""

    path: str
    title: str
    kept: Kept = field(default=Kept())


# A bookmark, and the names or patterns of the profiles that it is for; None for all.
_OfSome: TypeAlias = tuple[Bookmark, tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class S3Profile:
    """One way into one store: an entry of the region with one of its roles.

    endpoint, sts_url: URLs. role_arn, session_name: empty where the region says none.
    duration: seconds asked of STS, None to ask none. kept: the claim's value the role was kept
    for. working: the older shape's `workingDirectory`, which says where projects work.
    session_policy: whether the store takes a policy that narrows a session. is_from_region: not
    made by the person; what they made was `created` (milliseconds since 1970).
    """

    name: str
    endpoint: str
    sts_url: str = ""
    region: str | None = None
    path_style_access: bool = True
    role_arn: str = ""
    session_name: str = ""
    duration: int | None = None
    kept: Kept = field(default=Kept())
    bookmarks: tuple[Bookmark, ...] = ()
    working: JsonObject | None = None
    session_policy: bool = True
    is_from_region: bool = True
    created: int | None = None

    def speaks_of(self, *, username: str, group: str | None) -> bool:
        """Tell whether the rule of the role names this person or group, in whatever claim.

        A person named like their group leaves it open which of the two is meant: then it does not.
        """
        if group is None:
            return self.kept.speaks_of(username)
        return self.kept.speaks_of(group) and not self.kept.speaks_of(username)

    def belongs_to(self, *, username: str, group: str | None, groups_claim: str) -> bool:
        """Tell whether the role was kept for this very person or group: all members have it.

        For a group by the whole value of the claim that names groups alone. Source: decision 0014.
        """
        speaks = self.speaks_of(username=username, group=group)
        return speaks and (group is None or self.kept.is_whole(group, claim=groups_claim))


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles of a person, and what is wrong with the region (for its administrator)."""

    profiles: tuple[S3Profile, ...]
    problems: tuple[Problem, ...] = ()


def region_profiles(region: JsonObject, claims: JsonObject) -> Profiles:
    """Return the profiles that `region` gives the person of `claims`, in the region's order.

    An entry without `sts` gives none: it only fills the form of a store of one's own.
    """
    found: list[S3Profile] = []
    problems: list[Problem] = []
    for index, entry in enumerate(_entries(region)):
        sts = entry.get("sts")
        if not isinstance(sts, dict):
            continue
        if not isinstance(entry.get("URL"), str):
            problems.append(
                warning(
                    ("data", "S3", index, "URL"), "s3_no_address", N_("The store has no address.")
                )
            )
            continue
        made = _of_entry(entry, sts, claims)
        if not made:
            problems.append(
                warning(
                    ("data", "S3", index, "sts", "role"),
                    "s3_no_role",
                    N_("No role of this store is for this person: they have no storage there."),
                )
            )
        found += made
    return Profiles(_renamed(found), tuple(problems))


def select_profile(
    profiles: Sequence[P], asked: str | None = None, *, usual: P | None = None
) -> tuple[P | None, bool]:
    """Return the profile to use among the eligible ones, and whether it is the one asked.

    Default: `usual`, one of `profiles` that the project works in; without it the one named
    `default`, else the region's first, else the first. Ids of older portals are understood:
    `project-<time>` is one's own made then, `region-…` the region's default.
    Source: launcher.md 3.3.
    """
    if asked is not None:
        for profile in profiles:
            made = None if profile.created is None else f"{_OLD_OWN}{profile.created}"
            if asked in (profile.name, made):
                return profile, True
        regional = [one for one in profiles if one.is_from_region]
        if asked.startswith(_OLD_REGION) and regional:
            return _default(regional, usual), True
    return _default(profiles, usual), asked is None


def _default(profiles: Sequence[P], usual: P | None) -> P | None:
    if usual is not None and usual in profiles:
        return usual
    default = next((one for one in profiles if one.name == DEFAULT), None)
    default = default or next((one for one in profiles if one.is_from_region), None)
    return default or next(iter(profiles), None)


def project_profile(
    profiles: Sequence[S3Profile], *, username: str, group: str | None
) -> S3Profile | None:
    """Return the profile a project works with when nothing is asked.

    That is the first whose role speaks of this group or person, else the default.
    """
    for profile in profiles:
        if profile.speaks_of(username=username, group=group):
            return profile
    return select_profile(profiles)[0]


def offered_profiles(
    profiles: Sequence[S3Profile], *, username: str, group: str | None, groups_claim: str
) -> tuple[S3Profile, ...]:
    """Return the profiles that a project offers its launches; the usual one is among them.

    A personal project offers all of the person's. Every member of a group may read the pods of
    its project, so that offers the profiles kept for this very group, and those kept for nobody
    in particular where a session policy narrows them to the group's place: in the store that the
    group works in, if it takes such policies. Those kept for the person, another group or by
    another claim are left out, but for the usual one, whose keys are narrowed then.
    groups_claim: the name of the claim that says a person's groups. Source: decision 0014.
    """
    usual = project_profile(profiles, username=username, group=group)
    if group is None or usual is None:
        return tuple(profiles)
    return tuple(
        one
        for one in profiles
        if one == usual
        or one.belongs_to(username=username, group=group, groups_claim=groups_claim)
        or (one.kept.value is None and one.session_policy and _is_same_store(one, usual))
    )


def _is_same_store(one: S3Profile, other: S3Profile) -> bool:
    return one.endpoint.rstrip("/") == other.endpoint.rstrip("/")


def bookmarked_place(
    profiles: Sequence[S3Profile], *, username: str, group: str | None
) -> tuple[str, str] | None:
    """Return bucket and prefix of the bookmark that the region makes for this very project.

    None where it makes none, or names a `workingDirectory` (`projects.claims` reads that). The
    prefix is empty or ends in `/`.
    """
    profile = project_profile(profiles, username=username, group=group)
    if profile is None or profile.working is not None:
        return None
    own = _own_bookmark(profile, username=username, group=group)
    if own is None:
        return None
    bucket, _, prefix = own.path.partition("/")
    return bucket, prefix


def bookmarked_work(profile: S3Profile, *, username: str, group: str | None) -> str | None:
    """Return the bookmark where a project works with a profile that is not its usual one.

    The one made for this very person or group, else the first, None without any; `bucket/prefix/`.
    Source: launcher.md 3.2.
    """
    own = _own_bookmark(profile, username=username, group=group)
    found = own or next(iter(profile.bookmarks), None)
    return None if found is None else found.path


def _own_bookmark(profile: S3Profile, *, username: str, group: str | None) -> Bookmark | None:
    name = username if group is None else group
    return next((one for one in profile.bookmarks if one.kept.speaks_of(name)), None)


@dataclass(frozen=True, slots=True)
class ProposedStore:
    """What the region proposes for a store of one's own. region: empty where it says none."""

    url: str = ""
    region: str = ""
    path_style_access: bool = True


def proposed_store(region: JsonObject) -> ProposedStore:
    """Return what fills a new form: the first entry without `sts`, else the first entry.

    Source: launcher.md 3.1.
    """
    entries = _entries(region)
    for entry in (*(one for one in entries if not isinstance(one.get("sts"), dict)), *entries):
        if _text(entry.get("URL")):
            return ProposedStore(
                _text(entry.get("URL")),
                _text(entry.get("region")),
                entry.get("pathStyleAccess") is not False,
            )
    return ProposedStore()


def store_hosts(region: JsonObject) -> frozenset[str]:
    """Return the hosts of the stores that an administrator wrote into the region."""
    found = (store_host(_text(entry.get("URL"))) for entry in _entries(region))
    return frozenset(host for host in found if host)


def store_host(url: str) -> str:
    """Return the host of a store's address, with or without its scheme; empty for none."""
    try:
        return urlsplit(url if "://" in url else f"https://{url}").hostname or ""
    except ValueError:
        return ""


def _entries(region: JsonObject) -> list[JsonObject]:
    data = region.get("data")
    listed = data.get("S3") if isinstance(data, dict) else None
    entries = listed if isinstance(listed, list) else [listed]
    return [entry for entry in entries if isinstance(entry, dict)]


def _of_entry(entry: JsonObject, sts: JsonObject, claims: JsonObject) -> list[S3Profile]:
    # Of all profiles of the entry: somebody in many groups has as many of both.
    bookmarks = _bookmarks(entry, claims)
    role = sts.get("role")
    roles = [one for one in (role if isinstance(role, list) else [role]) if isinstance(one, dict)]
    if not any(roles):  # absent, empty, or an empty object: one profile without a role
        return [_profile(entry, sts, {}, Kept(), bookmarks)]
    return [
        _profile(entry, sts, one, kept, bookmarks)
        for one in roles
        if one
        for kept in kept_values(one, claims)
    ]


def _profile(
    entry: JsonObject,
    sts: JsonObject,
    role: JsonObject,
    kept: Kept,
    bookmarks: Sequence[_OfSome],
) -> S3Profile:
    endpoint = _text(entry.get("URL"))
    region, seconds = entry.get("region"), sts.get("durationSeconds")
    working = entry.get("workingDirectory")
    name = kept.fill(_text(role.get("profileName")))
    return S3Profile(
        name=name,
        endpoint=endpoint,
        sts_url=_text(sts.get("URL")) or endpoint,
        region=region if isinstance(region, str) and region else None,
        path_style_access=entry.get("pathStyleAccess") is not False,
        role_arn=kept.fill(_text(role.get("roleARN"))),
        session_name=kept.fill(_text(role.get("roleSessionName"))),
        duration=seconds if isinstance(seconds, int) and not isinstance(seconds, bool) else None,
        kept=kept,
        bookmarks=tuple(one for one, names in bookmarks if _is_for(names, name or DEFAULT)),
        working=working if isinstance(working, dict) else None,
        session_policy=sts.get("sessionPolicy") is not False,
    )


def _bookmarks(entry: JsonObject, claims: JsonObject) -> list[_OfSome]:
    """Return the bookmarks of a store, and for which profiles each is.

    First `bookmarks`, then the older `bookmarkedDirectories`.
    """
    made: list[_OfSome] = []
    for key, place in (("bookmarks", "s3Uri"), ("bookmarkedDirectories", "fullPath")):
        listed = entry.get(key)
        for one in listed if isinstance(listed, list) else []:
            if not isinstance(one, dict):
                continue
            for kept in kept_values(one, claims):
                path = directory(kept.fill(_text(one.get(place))).removeprefix("s3://"))
                if path:
                    bookmark = Bookmark(path, kept.fill(_text(one.get("title"))), kept)
                    made.append((bookmark, _patterns(one.get("forProfileName"), kept)))
    return made


def _patterns(names: Json, kept: Kept) -> tuple[str, ...] | None:
    patterns = [one for one in (names if isinstance(names, list) else [names]) if one]
    if not patterns:
        return None
    return tuple(kept.fill(one) for one in patterns if isinstance(one, str))


def _is_for(patterns: tuple[str, ...] | None, profile: str) -> bool:
    return patterns is None or any(
        # Only `*` is special in these patterns.
        fnmatchcase(profile, one.replace("[", "[[]").replace("?", "[?]"))
        if "*" in one
        else one == profile
        for one in patterns
    )


def directory(path: str) -> str | None:
    """Return `bucket/prefix/` of a place: no leading or double slash, one at the end.

    None for an empty place, or one that would lead upwards.
    """
    parts = [part for part in path.split("/") if part]
    if not parts or {".", ".."} & set(parts):
        return None
    return "/".join(parts) + "/"


def free_name(wanted: str, taken: Container[str]) -> str:
    """Return `wanted`, else `wanted-2`, `wanted-3`, … whichever is free."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def _renamed(profiles: list[S3Profile]) -> tuple[S3Profile, ...]:
    """Return the profiles under names of their own: `default`, `default-2`, …"""
    taken: set[str] = set()
    made = []
    for profile in profiles:
        name = free_name(profile.name or DEFAULT, taken)
        taken.add(name)
        made.append(replace(profile, name=name))
    return tuple(made)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
