"""Write what people and services may do in OpenBao, once it answers.

Source: spec/local.md section 1.
"""

from __future__ import annotations

import asyncio

import hvac

from sardonyx.adapters.oidc.issuer import AUDIENCE
from sardonyx.adapters.openbao.server import (
    LOGIN,
    MOUNT,
    PLATFORM_LOGIN,
    PLATFORM_ROLE,
    SERVICE_ROLE,
    USER_ROLE,
)
from sardonyx.adapters.openbao.session import faults_translated, open_session
from sardonyx.values import Secret

_POLICY = "sardonyx-home"
# A laptop may sleep for weeks; the token is revoked when the service is deleted.
_SERVICE_PERIOD = "720h"
_HOME_POLICY = """
path "kv/data/user-{{identity.entity.aliases.ACCESSOR.name}}/*" {
  capabilities = ["create", "read", "update", "patch", "delete"]
}
path "kv/metadata/user-{{identity.entity.aliases.ACCESSOR.name}}/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}
path "kv/delete/user-{{identity.entity.aliases.ACCESSOR.name}}/*" { capabilities = ["update"] }
path "kv/undelete/user-{{identity.entity.aliases.ACCESSOR.name}}/*" { capabilities = ["update"] }
path "kv/destroy/user-{{identity.entity.aliases.ACCESSOR.name}}/*" { capabilities = ["update"] }
"""


async def configure(address: str, issuer_url: str, platform_identity: Secret) -> None:
    """Write the roles and the policy of people and services; the same each time.

    address: `http://127.0.0.1:port`. Raises SecretStoreUnavailableError.
    """
    await asyncio.to_thread(_configure, address, issuer_url, platform_identity)


def _configure(address: str, issuer_url: str, platform_identity: Secret) -> None:
    with open_session() as session, faults_translated(path=MOUNT):
        client = hvac.Client(url=address, token="", session=session)
        login = client.auth.jwt.jwt_login(
            role=PLATFORM_ROLE,
            jwt=platform_identity.reveal(),
            use_token=False,
            path=PLATFORM_LOGIN,
        )
        client.token = login["auth"]["client_token"]
        if f"{LOGIN}/" not in client.sys.list_auth_methods()["data"]:
            client.sys.enable_auth_method("jwt", path=LOGIN)
        client.write_data(
            f"auth/{LOGIN}/config",
            data={"jwks_url": f"{issuer_url}/jwks", "bound_issuer": issuer_url},
        )
        accessor = client.sys.list_auth_methods()["data"][f"{LOGIN}/"]["accessor"]
        client.sys.create_or_update_policy(
            name=_POLICY, policy=_HOME_POLICY.replace("ACCESSOR", accessor)
        )
        for role, life in (
            (USER_ROLE, {"token_ttl": "1h", "token_max_ttl": "1h"}),
            (SERVICE_ROLE, {"token_period": _SERVICE_PERIOD}),
        ):
            client.write_data(
                f"auth/{LOGIN}/role/{role}",
                data={
                    "role_type": "jwt",
                    "user_claim": "sub",
                    "bound_audiences": [AUDIENCE],
                    "token_policies": [_POLICY],
                    **life,
                },
            )
        client.auth.token.revoke_self()
