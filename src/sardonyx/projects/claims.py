"""Say who somebody is, and which projects they have, from an identity token's claims.

Pure. Source: wire-api.md 4 and 5, and its defects D7, D8, D41; what is stored nowhere cannot
be out of date: projects follow from the claims and the region each time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sardonyx.launcher.s3_profiles import S3Profile, bookmarked_place, region_profiles
from sardonyx.projects.errors import RegionInvalidError, UsernameUnusableError
from sardonyx.projects.models import Actor, IgnoredGroup, Project
from sardonyx.projects.naming import BUCKET, FOLDER, FOLDER_LENGTH, Naming
from sardonyx.values import Json, JsonObject

SINGLE_PROJECT = "single-project"
LONGEST_NAME = 255
MOST_GROUPS = 500
# Kubernetes' own people and groups: nobody may be called so, whatever a provider says.
_RESERVED = "system:"
_LONGEST_PREFIX = 30
_LABEL_PREFIX = re.compile(r"[a-z0-9][-a-z0-9]*")
_BUCKET_PREFIX = re.compile(r"[a-z0-9][-.a-z0-9]*")


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Which claims to read: a key, else a path into the token with dots (`realm_access.roles`).

    admin_values: those of the claim `admin` that make an administrator.
    """

    username: str = "preferred_username"
    groups: str = "groups"
    roles: str = "roles"
    admin: str = "roles"
    admin_values: frozenset[str] = frozenset({"sardonyx-admin"})


@dataclass(frozen=True, slots=True)
class GroupRules:
    """Which groups give a project, and under which name (D7).

    included: the whole group must match. excluded: a group in which it is found is left out.
    transformed: the name, with `$1` for what `included` caught; applied once, only with
    `included`. as_before: Onyxia's old way, which filters nothing and replaces every match.
    """

    included: re.Pattern[str] | None = None
    excluded: re.Pattern[str] | None = None
    transformed: str | None = None
    as_before: bool = False

    def base(self, group: str) -> str | IgnoredGroup:
        """Return the project's name for the group, or why there is none."""
        if self.as_before:
            if self.included is None or self.transformed is None:
                return group
            return self.included.sub(lambda found: _filled(self.transformed, found), group)
        found = None
        if self.included is not None:
            found = self.included.fullmatch(group)
            if found is None:
                return IgnoredGroup(group, "not_included")
        if self.excluded is not None and self.excluded.search(group):
            return IgnoredGroup(group, "excluded")
        base = (
            group if found is None or self.transformed is None else _filled(self.transformed, found)
        )
        return base or IgnoredGroup(group, "not_usable")


@dataclass(frozen=True, slots=True)
class ProjectRules:
    """How a region gives projects to people and groups. single: the one shared namespace."""

    single: str | None
    personal: bool
    groups: GroupRules
    person_place: Naming
    group_place: Naming
    person_folder: Naming
    group_folder: Naming
    person_bucket: Naming
    group_bucket: Naming
    person_prefix: Naming | None
    group_prefix: Naming | None
    shared_bucket: str | None
    region: JsonObject = field(default_factory=dict, repr=False)

    @classmethod
    def of_region(cls, region: JsonObject, *, own_namespace: str = "default") -> ProjectRules:
        """Return the rules of a region object. Raises RegionInvalidError.

        own_namespace: the platform's, where a region of a single namespace runs everything.
        """
        services, vault = _object(region, "services"), _object(region, "vault")
        people = _prefix(services, "namespacePrefix", "user-")
        groups = _prefix(services, "groupNamespacePrefix", "projet-")
        folder, group_folder = _text(vault, "prefix", ""), _text(vault, "groupPrefix", "")
        group_folder_prefix = group_folder + groups
        working = _working_directory(region)
        shared = working.get("bucketMode") == "shared"
        usual = ("", "") if working else (people, groups)
        buckets = _prefix(working, "bucketNamePrefix", usual[0], _BUCKET_PREFIX)
        group_buckets = _prefix(working, "bucketNamePrefixGroup", usual[1], _BUCKET_PREFIX)
        below = _slashed(_text(working, "prefix", "")), _slashed(_text(working, "prefixGroup", ""))
        if shared and not _text(working, "bucketName", ""):
            raise RegionInvalidError(place="data.S3.workingDirectory.bucketName", reason="empty")
        personal = _flag(services, "userNamespace", True)
        return cls(
            single=own_namespace if _flag(services, "singleNamespace", True) else None,
            personal=personal,
            groups=_group_rules(region),
            person_place=Naming("person", people, groups),
            group_place=Naming("group", groups, people if personal else None, yields=True),
            person_folder=_folder("person", folder, group_folder_prefix),
            group_folder=_folder("group", group_folder_prefix, folder, yields=True),
            person_bucket=Naming("person", buckets, group_buckets, shape=BUCKET),
            group_bucket=Naming("group", group_buckets, buckets, shape=BUCKET, yields=True),
            person_prefix=_folder("person", below[0], below[1]) if shared else None,
            group_prefix=_folder("group", below[1], below[0], yields=True) if shared else None,
            shared_bucket=_text(working, "bucketName", "") if shared else None,
            region=region,
        )

    def projects(
        self, username: str, groups: tuple[str, ...]
    ) -> tuple[tuple[Project, ...], tuple[IgnoredGroup, ...]]:
        """Return the person's projects, the personal one first, and the groups left out."""
        if self.single is not None:
            bucket, prefix = self.place(username, None)
            one = Project(
                id=SINGLE_PROJECT,
                name="Single namespace, single project",
                bucket=bucket,
                secrets_folder=self.person_folder.of(username),
                prefix=prefix,
                own_namespace=self.single,
            )
            return (one,), ()
        found: dict[str, Project] = {}
        ignored: list[IgnoredGroup] = []
        if self.personal:
            identifier = self.person_place.of(username)
            bucket, prefix = self.place(username, None)
            found[identifier] = Project(
                id=identifier,
                name=f"{username} personal project",
                bucket=bucket,
                secrets_folder=self.person_folder.of(username),
                prefix=prefix,
            )
        for group in groups:
            base = self.groups.base(group)
            if isinstance(base, IgnoredGroup):
                ignored.append(base)
                continue
            identifier = self.group_place.of(base)
            bucket, prefix = self.place(username, group)
            # Two groups that a transformation makes one share one project: an administrator's wish.
            found.setdefault(
                identifier,
                Project(
                    id=identifier,
                    name=self.group_place.prefix + base,
                    bucket=bucket,
                    secrets_folder=self.group_folder.of(base),
                    group=group,
                    prefix=prefix,
                ),
            )
        return tuple(found.values()), tuple(ignored)

    def place(self, username: str, group: str | None) -> tuple[str, str]:
        """Return bucket and prefix of a person's own project, or of a group's."""
        if group is None:
            name, bucket, prefix = username, self.person_bucket, self.person_prefix
        else:
            name, bucket, prefix = group, self.group_bucket, self.group_prefix
        below = "" if prefix is None else prefix.of(name) + "/"
        return self.shared_bucket or bucket.of(name), below


def actor_of_claims(claims: JsonObject, *, names: ClaimNames, rules: ProjectRules) -> Actor:
    """Return the person that verified claims describe. Raises UsernameUnusableError."""
    username = username_of(claims, names)
    groups, ignored = _usable(texts(claims, names.groups))
    roles, _ = _usable(texts(claims, names.roles))
    projects, left_out = rules.projects(username, groups)
    profiles = region_profiles(rules.region, claims).profiles
    return Actor(
        username=username,
        full_name=_full_name(claims) or username,
        email=_one(claims, "email"),
        projects=tuple(_placed(one, profiles, username) for one in projects),
        is_admin=not names.admin_values.isdisjoint(texts(claims, names.admin)),
        claims=claims,
        groups=groups,
        roles=tuple(sorted(roles)),
        ignored_groups=(*ignored, *left_out),
        groups_claim=names.groups,
    )


def _placed(project: Project, profiles: Sequence[S3Profile], username: str) -> Project:
    """Return the project where the region's bookmarks (Onyxia v11) say that it works.

    A bookmark is filled with the name as it is: one with a slash would lead into the place of
    another (`/a/b` below `a`), so that project keeps the place made for it.
    """
    name = username if project.group is None else project.group
    if "/" in name or name in (".", ".."):
        return project
    place = bookmarked_place(profiles, username=username, group=project.group)
    if place is None or BUCKET.fullmatch(place[0]) is None or ".." in place[1].split("/"):
        return project
    return replace(project, bucket=place[0], prefix=place[1])


def username_of(claims: JsonObject, names: ClaimNames) -> str:
    """Return the person's name. Raises UsernameUnusableError when it is missing or unsafe."""
    username = _one(claims, names.username)
    if not username:
        raise UsernameUnusableError(claim=names.username, reason="missing")
    if not is_usable(username):
        raise UsernameUnusableError(claim=names.username, reason="characters")
    return username


def is_usable(name: str) -> bool:
    """Tell whether a name of a person or a group can be one here at all.

    Not Kubernetes' own, one line, no blanks around, at most 255 characters.
    """
    return (
        0 < len(name) <= LONGEST_NAME
        and name.isprintable()
        and name == name.strip()
        and not name.lower().startswith(_RESERVED)
    )


def claim(claims: JsonObject, name: str) -> Json:
    """Return a claim by its key, else by its path with dots; None when there is none."""
    if name in claims:
        return claims[name]
    found: Json = claims
    for part in name.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found


def texts(claims: JsonObject, name: str) -> tuple[str, ...]:
    """Return the texts of a claim that is a text or a list of them; each once, in their order."""
    found = claim(claims, name)
    listed = found if isinstance(found, list) else [found]
    return tuple(dict.fromkeys(item for item in listed if isinstance(item, str) and item))


def _one(claims: JsonObject, name: str) -> str:
    found = claim(claims, name)
    return found if isinstance(found, str) else ""


def _full_name(claims: JsonObject) -> str:
    given = " ".join(
        part for part in (_one(claims, "given_name"), _one(claims, "family_name")) if part
    )
    whole = _one(claims, "name") or given
    return "".join(one if one.isprintable() else " " for one in whole).strip()[:LONGEST_NAME]


def _usable(groups: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[IgnoredGroup, ...]]:
    kept = tuple(group for group in groups if is_usable(group))[:MOST_GROUPS]
    known = set(kept)
    left = tuple(
        IgnoredGroup(group[:LONGEST_NAME], "not_usable") for group in groups if group not in known
    )
    return kept, left[:MOST_GROUPS]


def _filled(template: str | None, found: re.Match[str]) -> str:
    """Return the template with `$1`, `$2`, … filled (`$0` or `$&`: the whole match)."""

    def value(mark: re.Match[str]) -> str:
        number = 0 if mark[1] == "&" else int(mark[1])
        return found[number] or "" if number <= (found.re.groups or 0) else mark[0]

    return re.sub(r"\$(\d{1,2}|&)", value, template or "")


def _group_rules(region: JsonObject) -> GroupRules:
    return GroupRules(
        included=_pattern(region, "includedGroupPattern"),
        excluded=_pattern(region, "excludedGroupPattern"),
        transformed=_text(region, "transformGroupPattern", "") or None,
        as_before=_flag(region, "groupPatternsAsBefore", False),
    )


def _folder(kind: str, prefix: str, other: str, *, yields: bool = False) -> Naming:
    # The part behind the last slash is what a name is added to; folders above it are given.
    for part in prefix.split("/")[:-1]:
        if part in (".", ".."):
            raise RegionInvalidError(place="vault.prefix", reason=part)
    return Naming(
        kind,
        prefix,
        other,
        shape=_below(prefix),
        longest=len(prefix) + FOLDER_LENGTH,
        yields=yields,
    )


def _slashed(prefix: str) -> str:
    """Return the beginning of a key without a slash in front, or two of them in a row."""
    return re.sub(r"/+", "/", prefix).removeprefix("/")


def _below(prefix: str) -> re.Pattern[str]:
    return re.compile(re.escape(prefix) + FOLDER.pattern)


def _working_directory(region: JsonObject) -> JsonObject:
    """Return the first working directory of `data.S3` (Onyxia v10), empty where none is named."""
    stores = _object(region, "data").get("S3")
    for store in stores if isinstance(stores, list) else [stores]:
        if isinstance(store, dict) and isinstance(working := store.get("workingDirectory"), dict):
            return working
    return {}


def _object(parent: JsonObject, key: str) -> JsonObject:
    found = parent.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise RegionInvalidError(place=key, reason="no object")
    return found


def _text(parent: JsonObject, key: str, default: str) -> str:
    found = parent.get(key, default)
    if found is None:
        return default
    if not isinstance(found, str):
        raise RegionInvalidError(place=key, reason="no text")
    return found


def _flag(parent: JsonObject, key: str, default: bool) -> bool:
    found = parent.get(key, default)
    if not isinstance(found, bool):
        raise RegionInvalidError(place=key, reason="neither true nor false")
    return found


def _prefix(
    parent: JsonObject, key: str, default: str, shape: re.Pattern[str] = _LABEL_PREFIX
) -> str:
    found = _text(parent, key, default)
    if found and (len(found) > _LONGEST_PREFIX or not shape.fullmatch(found)):
        raise RegionInvalidError(place=key, reason=found)
    return found


def _pattern(parent: JsonObject, key: str) -> re.Pattern[str] | None:
    found = _text(parent, key, "")
    try:
        return re.compile(found) if found else None
    except re.error as error:
        raise RegionInvalidError(place=key, reason=str(error)) from error
