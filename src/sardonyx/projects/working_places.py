"""Say where a project works with a storage profile that is not its usual one.

Its usual place is the project's own (`projects.claims`).
"""

from __future__ import annotations

from sardonyx.launcher.s3_profiles import S3Profile, bookmarked_work
from sardonyx.projects.claims import ProjectRules
from sardonyx.projects.errors import RegionInvalidError
from sardonyx.values import JsonObject


def working_place(
    region: JsonObject, profile: S3Profile, *, username: str, group: str | None
) -> str | None:
    """Return `bucket/prefix` where a person's or a group's project works with the profile.

    By the older shape's `workingDirectory` of the profile's own store, else by its bookmarks; None
    where neither says, or what is written makes no place. Source: launcher.md 3.2.
    """
    if profile.working is None:
        return bookmarked_work(profile, username=username, group=group)
    only: JsonObject = {**region, "data": {"S3": {"workingDirectory": profile.working}}}
    try:
        bucket, prefix = ProjectRules.of_region(only).place(username, group)
    except RegionInvalidError:  # only the first of a region is checked when the platform starts
        return None
    return f"{bucket}/{prefix}"
