"""Storage profiles a person made, as Onyxia's portal keeps them under `s3Profiles`.

They follow those of the region, never with a name of theirs. Source: launcher.md 3.1, 3.3, 13.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sardonyx.errors import Problem
from sardonyx.launcher.context import S3ProfileInputs
from sardonyx.launcher.models import error
from sardonyx.launcher.s3_profiles import directory, free_name
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject, Path, Secret

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class OwnProfile:
    """One profile of a person's own. created: milliseconds since 1970, by which old links name it.

    Keys None: anonymous. bookmarks: title (may be empty) and place, `bucket/prefix/`.
    """

    name: str
    created: int
    url: str
    region: str | None = None
    path_style_access: bool = True
    access_key_id: str | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    bookmarks: tuple[tuple[str, str], ...] = field(default=())

    @property
    def inputs(self) -> S3ProfileInputs:
        """The same, as a launch context takes it; its place is that of the first bookmark."""
        return S3ProfileInputs(
            name=self.name,
            endpoint=self.url,
            region=self.region,
            path_style_access=self.path_style_access,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
            session_token=self.session_token,
            working_directory=self.bookmarks[0][1] if self.bookmarks else None,
            is_from_region=False,
            created=self.created,
        )


def joined(
    region: Sequence[S3ProfileInputs], own: Iterable[OwnProfile]
) -> tuple[S3ProfileInputs, ...]:
    """Return the region's profiles, then one's own; of a name met before, `<name>-2`."""
    profiles = list(region)
    for one in own:
        taken = {profile.name for profile in profiles}
        profiles.append(replace(one.inputs, name=free_name(one.name, taken)))
    return tuple(profiles)


def safe_name(words: str) -> str:
    """Return a name that AWS tools take, made of a person's words."""
    plain = "".join(
        char for char in unicodedata.normalize("NFKD", words) if not "\u0300" <= char <= "\u036f"
    )
    return _UNSAFE.sub("-", plain.strip()).strip("-") or "profile"


def read_profiles(listed: Json) -> tuple[tuple[OwnProfile, ...], tuple[Problem, ...]]:
    """Return the profiles of `s3Profiles`, and a problem for each that cannot be read."""
    found: list[OwnProfile] = []
    problems: list[Problem] = []
    for index, item in enumerate(listed if isinstance(listed, list) else [listed]):
        one = read_profile(item, (index,))
        if isinstance(one, Problem):
            problems.append(one)
        else:
            found.append(one)
    return tuple(found), tuple(problems)


def read_profile(item: Json, place: Path, *, name: str | None = None) -> OwnProfile | Problem:
    """Return one profile, or what is wrong with it. name: in place of its `profileName`."""
    if not isinstance(item, dict):
        return error(place, "profile_no_object", N_("A storage profile is an object."))
    name = name or _text(item.get("profileName"))
    url, created = _text(item.get("url")), item.get("creationTime")
    if not name or not url or isinstance(created, bool) or not isinstance(created, int):
        template = N_("A storage profile needs a name, an address and the time it was made.")
        return error(place, "profile_incomplete", template)
    keys = item.get("credentials")
    held: JsonObject = keys if isinstance(keys, dict) else {}
    secret, session = _text(held.get("secretAccessKey")), _text(held.get("sessionToken"))
    return OwnProfile(
        name=name,
        created=created,
        url=url,
        region=_text(item.get("region")),
        path_style_access=item.get("pathStyleAccess") is not False,
        access_key_id=_text(held.get("accessKeyId")) if secret else None,
        secret_access_key=Secret(secret) if secret else None,
        session_token=Secret(session) if session else None,
        bookmarks=_bookmarks(item.get("bookmarks")),
    )


def _bookmarks(listed: Json | None) -> tuple[tuple[str, str], ...]:
    made = []
    for one in listed if isinstance(listed, list) else []:
        place = one.get("s3UriPrefixObj") if isinstance(one, dict) else None
        if isinstance(one, dict) and isinstance(place, dict):
            path = directory(
                f"{_text(place.get('bucket')) or ''}/{_text(place.get('keyPrefix')) or ''}"
            )
            if path:
                made.append((_text(one.get("displayName")) or "", path))
    return tuple(made)


def write_profiles(profiles: Iterable[OwnProfile]) -> list[Json]:
    """Return `s3Profiles`, keys included: it belongs in a secret store only."""
    return [_written(one) for one in profiles]


def _written(one: OwnProfile) -> JsonObject:
    made: JsonObject = {"profileName": one.name, "creationTime": one.created, "url": one.url}
    if one.region is not None:
        made["region"] = one.region
    made["pathStyleAccess"] = one.path_style_access
    if one.access_key_id is not None and one.secret_access_key is not None:
        keys: JsonObject = {
            "accessKeyId": one.access_key_id,
            "secretAccessKey": one.secret_access_key.reveal(),
        }
        if one.session_token is not None:
            keys["sessionToken"] = one.session_token.reveal()
        made["credentials"] = keys
    if one.bookmarks:
        made["bookmarks"] = [_bookmark(title, path) for title, path in one.bookmarks]
    return made


def _bookmark(title: str, path: str) -> JsonObject:
    bucket, _, prefix = path.partition("/")
    made: JsonObject = {"displayName": title} if title else {}
    made["s3UriPrefixObj"] = {"bucket": bucket, "keyPrefix": prefix}
    return made


def _text(value: Json | None) -> str | None:
    return value if isinstance(value, str) and value else None
