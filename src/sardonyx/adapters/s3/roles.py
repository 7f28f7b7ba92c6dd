"""Say which role of a region's store a person takes in a project, and how narrow it must be.

Keys that stand in a group's project are read by all its members: unless the role was kept for
that very group by the claim that names groups, the session is narrowed to the group's place. Keys
of a personal project have what the role gives the person. Source: launcher.md 3, wire-api.md 4,
decision 0014.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from sardonyx.adapters.s3.sts import AssumedRole
from sardonyx.files.errors import AccessRefusedError, StorageProfileGoneError
from sardonyx.files.models import Access
from sardonyx.launcher.context import DEFAULT_S3_REGION
from sardonyx.launcher.s3_profiles import (
    S3Profile,
    offered_profiles,
    project_profile,
    region_profiles,
)
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.ports import IdentityProvider
from sardonyx.values import Json, JsonObject

_NOT_IN_SESSION_NAME = re.compile(r"[^A-Za-z0-9_+=,.@-]+")
# STS takes 900 s to 12 h; Onyxia's habit of a week would be refused.
_SHORTEST, _LONGEST = timedelta(minutes=15), timedelta(hours=12)
_READING: list[Json] = ["s3:GetObject", "s3:HeadObject"]
# What policies read as something else than itself.
_SPECIAL = re.compile(r"[*?$]")


class RegionRoles:
    """The StorageRoles of a region object (`data.S3`) for people with claims."""

    def __init__(self, *, region: JsonObject, identity: IdentityProvider) -> None:
        self._region = region
        self._identity = identity

    async def role(
        self, *, username: str, project: Project, access: Access, profile: str | None = None
    ) -> AssumedRole:
        """Return the role of the profile that is usual in the project, or of that name.

        Raises AccessRefusedError where the region has none for the person,
        StorageProfileGoneError where the project does not offer them that one now.
        """
        actor = await self._identity.actor(username)
        found = region_profiles(self._region, actor.claims).profiles
        chosen = _chosen(found, actor, project, profile)
        return AssumedRole(
            endpoint=chosen.endpoint,
            address=chosen.sts_url,
            session_name=session_name(chosen.session_name or f"sardonyx-{username}"),
            arn=chosen.role_arn,
            region=chosen.region or DEFAULT_S3_REGION,
            duration=_duration(chosen),
            policy=session_policy(chosen, project, actor, access),
        )


def _chosen(
    profiles: Sequence[S3Profile], actor: Actor, project: Project, name: str | None
) -> S3Profile:
    if name is None:
        usual = project_profile(profiles, username=actor.username, group=project.group)
        if usual is None:
            raise AccessRefusedError(bucket=project.bucket)
        return usual
    for one in offered_profiles(
        profiles,
        username=actor.username,
        group=project.group,
        groups_claim=actor.groups_claim,
    ):
        if one.name == name:
            return one
    raise StorageProfileGoneError(profile=name, project=project.id)


def session_policy(
    profile: S3Profile, project: Project, actor: Actor, access: Access
) -> JsonObject:
    """Return what narrows the session, empty for nothing.

    Raises AccessRefusedError where a name in it would be read as a pattern.
    """
    own = profile.belongs_to(
        username=actor.username, group=project.group, groups_claim=actor.groups_claim
    )
    if access is Access.READ_WRITE and (own or project.group is None):
        return {}
    if not profile.session_policy:
        if access is Access.READ_ONLY and (own or project.group is None):
            return {}  # a store that knows no such policy: the keys stay inside the platform
        raise AccessRefusedError(bucket=project.bucket)
    place = f"{project.bucket}/{project.prefix}"
    if _SPECIAL.search(place):
        raise AccessRefusedError(bucket=project.bucket)
    bucket, inside = f"arn:aws:s3:::{project.bucket}", f"arn:aws:s3:::{place}*"
    if access is Access.READ_ONLY:
        objects: list[Json] = [*_READING]
        bucket_wide: list[Json] = ["s3:GetBucketLocation"]
    else:
        objects = ["s3:*"]
        bucket_wide = ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
        if not project.prefix:  # the bucket is the project's own
            bucket_wide = ["s3:*"]
    listing: JsonObject = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket]}
    if project.prefix:
        listing["Condition"] = {"StringLike": {"s3:prefix": [f"{project.prefix}*"]}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": objects, "Resource": [inside]},
            {"Effect": "Allow", "Action": bucket_wide, "Resource": [bucket]},
            listing,
        ],
    }


def session_name(text: str) -> str:
    """Return the text as STS takes a session's name: 2 to 64 characters of a small set."""
    return _NOT_IN_SESSION_NAME.sub("-", text)[:64].ljust(2, "-")


def _duration(profile: S3Profile) -> timedelta | None:
    if profile.duration is None:
        return None
    return min(max(timedelta(seconds=profile.duration), _SHORTEST), _LONGEST)
