"""Two people, two groups, a region, and a store and a secret store that believe their tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import hvac
from joserfc import jwt

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.oidc.issuer import ALGORITHM, AUDIENCE, Issuer
from sardonyx.adapters.processes.parts import Part
from sardonyx.projects.claims import ClaimNames, ProjectRules, actor_of_claims
from sardonyx.projects.errors import SignInRequiredError
from sardonyx.projects.models import Actor, Project
from sardonyx.values import JsonObject, Secret

# `odd` has what names should not have: it is mapped, and must not reach anybody else.
GROUPS: dict[str, list[str]] = {
    "ada": ["soil", "Stat/Prices.North"],
    "bob": ["soil", "tide"],
    "soil": ["tide"],
}
_RULES = """
path "kv/data/FOLDER/*" { capabilities = ["create", "read", "update", "patch", "delete"] }
path "kv/metadata/FOLDER/*" { capabilities = ["read", "update", "delete", "list"] }
path "kv/metadata/FOLDER" { capabilities = ["list"] }
"""


@dataclass(frozen=True, slots=True)
class Members:
    """An IdentityProvider of people with groups, whose tokens carry these claims."""

    issuer: Issuer
    region: JsonObject
    groups: dict[str, list[str]] = field(default_factory=lambda: dict(GROUPS))
    audience: str = AUDIENCE
    minutes: float = 5.0

    async def actor(self, username: str) -> Actor:
        if username not in self.groups:
            raise SignInRequiredError
        rules = ProjectRules.of_region(self.region)
        return actor_of_claims(self.claims(username), names=ClaimNames(), rules=rules)

    async def web_identity(self, username: str) -> Secret:
        now = datetime.now(UTC)
        claims = {
            **self.claims(username),
            "iss": self.issuer.url,
            "aud": self.audience,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=self.minutes)).timestamp()),
        }
        header = {"alg": ALGORITHM, "kid": self.issuer.key.kid}
        return Secret(jwt.encode(header, claims, self.issuer.key))

    async def project(self, username: str, group: str | None = None) -> Project:
        actor = await self.actor(username)
        return next(project for project in actor.projects if project.group == group)

    def claims(self, username: str) -> dict[str, Any]:
        return {
            "sub": username,
            "preferred_username": username,
            "email": f"{username}@stat.example",
            "groups": self.groups[username],
        }


def services() -> JsonObject:
    return {"singleNamespace": False, "namespacePrefix": "user-", "groupNamespacePrefix": "team-"}


def older_region(endpoint: str) -> JsonObject:
    """Return a region as v10 writes it: one role for everything a person may do."""
    return {
        "services": services(),
        "data": {
            "S3": {
                "URL": endpoint,
                "region": "us-east-1",
                "sts": {
                    "durationSeconds": 604800,
                    "role": {
                        "roleARN": "arn:aws:iam::role/PersonRole",
                        "roleSessionName": "onyxia",
                    },
                },
                "workingDirectory": {
                    "bucketMode": "multi",
                    "bucketNamePrefix": "user-",
                    "bucketNamePrefixGroup": "team-",
                },
            }
        },
    }


def newer_region(endpoint: str) -> JsonObject:
    """Return a region as v11 writes it: a role for the person, one for each of their groups."""
    role: JsonObject = {"roleARN": "arn:aws:iam::role/UserRole", "profileName": "default"}
    team: JsonObject = {
        "roleARN": "arn:aws:iam::role/Team-$1",
        "roleSessionName": "team",
        "profileName": "team-$1",
        "claimName": "groups",
        "includedClaimPattern": "^([a-z]+)$",
    }
    return {
        "services": services(),
        "data": {"S3": [{"URL": endpoint, "sts": {"role": [role, team]}}]},
    }


def shared_region(endpoint: str) -> JsonObject:
    """Return a region where everybody works in a folder of one bucket, `pool`."""
    region = older_region(endpoint)
    role: JsonObject = {"roleARN": "arn:aws:iam::role/PoolRole"}
    region["data"] = {
        "S3": {
            "URL": endpoint,
            "sts": {"role": role},
            "workingDirectory": {
                "bucketMode": "shared",
                "bucketName": "pool",
                "prefix": "home-",
                "prefixGroup": "teams/",
            },
        }
    }
    return region


def _pool(home: dict[str, Any], person: dict[str, Any], iam: dict[str, Any]) -> None:
    """Add a role for folders of the bucket `pool`, and one for its keeper."""
    folders = [("home-${jwt:sub}/", None), ("teams/soil/", "soil"), ("teams/tide/", "tide")]
    statements = []
    for folder, group in folders:
        member = {"ForAnyValue:StringEquals": {"jwt:groups": group}} if group else {}
        statements += [
            {
                "Effect": "Allow",
                "Action": ["s3:*"],
                "Resource": [f"arn:aws:s3:::pool/{folder}*"],
                "Condition": member,
            },
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": ["arn:aws:s3:::pool"],
                "Condition": {**member, "StringLike": {"s3:prefix": [f"{folder}*"]}},
            },
        ]
    whole = {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::pool*"]}
    for name, allowed in (("Pool", statements), ("Keeper", [whole])):
        policy = json.loads(json.dumps(home).replace('"UserHome"', f'"{name}Home"'))
        policy["document"]["Statement"][:1] = allowed
        role = json.loads(json.dumps(person).replace("UserRole", f"{name}Role"))
        role["attachedPolicies"] = [f"{name}Home"]
        iam["roles"].append(role)
        iam["policies"].append(policy)


def with_groups(part: Part) -> None:
    """Give SeaweedFS a role for each group, and one that holds all a person may do."""
    if part.name != "seaweedfs":
        return
    file = part.directory / "iam.json"
    iam = json.loads(file.read_text())
    person = next(role for role in iam["roles"] if role["roleName"] == "UserRole")
    home = next(policy for policy in iam["policies"] if policy["name"] == "UserHome")
    everything = json.loads(json.dumps(home).replace('"UserHome"', '"PersonHome"'))
    for group in ("soil", "tide"):
        places = [f"arn:aws:s3:::team-{group}", f"arn:aws:s3:::team-{group}/*"]
        allowed = {"Effect": "Allow", "Action": ["s3:*"], "Resource": places}
        member = {"ForAnyValue:StringEquals": {"oidc:groups": group}}
        policy = json.loads(json.dumps(home).replace('"UserHome"', f'"Team-{group}"'))
        policy["document"]["Statement"][0] = allowed
        role = json.loads(json.dumps(person).replace("UserRole", f"Team-{group}"))
        role["attachedPolicies"] = [f"Team-{group}"]
        role["trustPolicy"]["Statement"][0]["Condition"] = member
        iam["roles"].append(role)
        iam["policies"].append(policy)
        everything["document"]["Statement"].append(
            {**allowed, "Condition": {"ForAnyValue:StringEquals": {"jwt:groups": group}}}
        )
    role = json.loads(json.dumps(person).replace("UserRole", "PersonRole"))
    role["attachedPolicies"] = ["PersonHome"]
    iam["roles"].append(role)
    iam["policies"].append(everything)
    _pool(home, person, iam)
    file.write_text(json.dumps(iam))


def secrets_with_groups(address: str, issuer: Issuer, prefix: str = "team-") -> None:
    """Do what the keeper of OpenBao does: groups from the claim, a role for each of them.

    prefix: of a group's folder and of the role of its services.
    """
    admin = hvac.Client(url=address)
    identity = OnePerson.of_login(issuer).platform_identity()
    admin.auth.jwt.jwt_login(role="platform", jwt=identity.reveal(), path="platform")
    accessor = admin.sys.list_auth_methods()["data"]["jwt/"]["accessor"]
    role = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["sardonyx"]}
    member = {**role, "groups_claim": "groups", "token_policies": ["sardonyx-home"]}
    admin.write_data("auth/jwt/role/member", data={**member, "token_ttl": "1h"})
    for group in ("soil", "tide"):
        policy = f"{prefix}{group}"
        admin.sys.create_or_update_policy(policy, _RULES.replace("FOLDER", policy))
        made = admin.secrets.identity.create_or_update_group(
            name=policy, group_type="external", policies=[policy]
        )
        admin.secrets.identity.create_or_update_group_alias(
            name=group, mount_accessor=accessor, canonical_id=made["data"]["id"]
        )
        bound = {**role, "bound_claims": {"groups": [group]}, "token_policies": [policy]}
        admin.write_data(f"auth/jwt/role/{policy}", data={**bound, "token_ttl": "30m"})


def issued_by(address: str, keeper: Issuer, issuer: str, keys: str) -> None:
    """Have OpenBao believe people's tokens of `issuer`, whose keys are at `keys`.

    keeper: signs as the platform, which may set the store up.
    """
    admin = hvac.Client(url=address)
    identity = OnePerson.of_login(keeper).platform_identity()
    admin.auth.jwt.jwt_login(role="platform", jwt=identity.reveal(), path="platform")
    admin.write_data("auth/jwt/config", data={"jwks_url": keys, "bound_issuer": issuer})
