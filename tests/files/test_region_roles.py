"""Which role a region's store gives in a group's project, and whether its keys are narrowed."""

from __future__ import annotations

from typing import Any

import pytest

from sardonyx.adapters.s3.roles import RegionRoles
from sardonyx.files.errors import AccessRefusedError, StorageProfileGoneError
from sardonyx.files.models import Access
from sardonyx.projects.claims import ClaimNames, ProjectRules, actor_of_claims
from sardonyx.projects.models import Actor
from sardonyx.values import JsonObject

TEAM, ADMIN, DEPARTMENT = (
    {
        "profileName": f"{name}-$1",
        "roleARN": f"arn:{name}-$1",
        "claimName": claim,
        "includedClaimPattern": pattern,
    }
    for name, claim, pattern in (
        ("team", "realm.groups", "^([a-z]+)$"),
        ("admin", "realm.groups", "^([a-z]+)_admin$"),
        ("dep", "department", "^(.+)$"),
    )
)
CLAIMS: JsonObject = {
    "preferred_username": "ada",
    "department": "soil",
    "realm": {"groups": ["soil", "soil_admin"]},
    "groups": ["another claim"],
}


class Ada:
    """An IdentityProvider of ada, who is in `soil` and `soil_admin`."""

    def __init__(self, region: JsonObject) -> None:
        rules = ProjectRules.of_region(region)
        self.ada = actor_of_claims(CLAIMS, names=ClaimNames(groups="realm.groups"), rules=rules)

    async def actor(self, username: str) -> Actor:
        return self.ada

    async def web_identity(self, username: str) -> Any:
        raise NotImplementedError


def roles(*listed: Any, **sts: Any) -> tuple[RegionRoles, Any]:
    """Return the roles of a region, and what asks for those of the project of `soil`."""
    region: JsonObject = {
        "services": {"singleNamespace": False, "groupNamespacePrefix": "team-"},
        "data": {"S3": {"URL": "https://store.example", "sts": {"role": [*listed], **sts}}},
    }
    identity = Ada(region)
    soil = next(one for one in identity.ada.projects if one.group == "soil")
    asked = {"username": "ada", "project": soil, "access": Access.READ_WRITE}
    return RegionRoles(region=region, identity=identity), asked


async def test_a_role_for_the_very_group_has_all_its_rights() -> None:
    made, asked = roles(TEAM, ADMIN, DEPARTMENT)
    assert (await made.role(**asked)).policy == {}
    assert (await made.role(**asked, profile="team-soil")).arn == "arn:team-soil"


@pytest.mark.parametrize("profile", ["admin-soil", "dep-soil"])
async def test_a_role_for_another_group_or_a_department_is_not_to_be_had(profile: str) -> None:
    """Every member of `soil` reads the pods that its keys would stand in."""
    made, asked = roles(TEAM, ADMIN, DEPARTMENT)
    with pytest.raises(StorageProfileGoneError):
        await made.role(**asked, profile=profile)


@pytest.mark.parametrize("role", [ADMIN, DEPARTMENT])
async def test_as_the_usual_one_it_is_narrowed_or_refused(role: Any) -> None:
    made, asked = roles(role, TEAM)
    usual = await made.role(**asked)
    assert usual.arn in ("arn:admin-soil", "arn:dep-soil")
    policy: Any = usual.policy
    assert policy["Statement"][0]["Resource"] == ["arn:aws:s3:::team-soil/*"]
    unnarrowed, asked = roles(role, TEAM, sessionPolicy=False)
    with pytest.raises(AccessRefusedError):
        await unnarrowed.role(**asked)
    assert (await unnarrowed.role(**asked, profile="team-soil")).policy == {}
