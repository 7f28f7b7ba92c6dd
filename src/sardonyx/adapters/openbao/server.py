"""Configure OpenBao as the secret store of one machine: no unseal code, no root token.

A static seal opens it at every start; self-initialisation lets in one login only, the
platform's own token, which then writes what people and services may do (`configure`).
Source: spec/local.md section 1.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

import hvac

from sardonyx.adapters.oidc.issuer import ADMIN_AUDIENCE, AUDIENCE, PLATFORM_SUBJECT, Issuer
from sardonyx.adapters.openbao.session import faults_translated, open_session
from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.adapters.processes.parts import Part
from sardonyx.values import Secret

MOUNT = "kv"
LOGIN = "jwt"
# A login of its own, by the issuer's public key alone: it holds when ports are drawn anew,
# and `configure` then tells the people's login where the issuer is.
_PLATFORM_LOGIN = "platform"
USER_ROLE = "user"
SERVICE_ROLE = "service"
_PLATFORM_ROLE = "platform"
_POLICY = "sardonyx-home"
# A laptop may sleep for weeks; the token is revoked when the service is deleted.
_SERVICE_PERIOD = "720h"
# Go gives memory back to stay below this.
_MEMORY = "80MiB"

_ADMIN_POLICY = 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'
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


def openbao_part(home: Home, ports: Mapping[str, int], bao: Path) -> Part:
    """Write OpenBao's configuration and return the program to supervise.

    Ready when `GET http://127.0.0.1:<openbao>/v1/sys/health` answers 200; then `configure`.
    The first start needs no issuer answering: the public key is in the configuration.
    """
    directory = home.parts / "openbao"
    storage = directory / "raft"
    for folder in (directory, storage):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    seal = directory / "seal.key"
    if not seal.exists():
        write_private(seal, secrets.token_bytes(32))
    public_key = Issuer.of_home(home).key.as_bytes(encoding="PEM", private=False).decode()
    configuration = _configuration(
        storage=storage,
        seal=seal,
        address=f"127.0.0.1:{ports['openbao']}",
        cluster_address=f"127.0.0.1:{ports['openbao_cluster']}",
        public_key=public_key,
    )
    write_private(directory / "openbao.hcl", configuration.encode())
    return Part(
        name="openbao",
        command=(str(bao), "server", "-config=openbao.hcl"),
        directory=directory,
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(directory),
            "GOMEMLIMIT": _MEMORY,
            "GOGC": "50",
        },
    )


async def configure(address: str, issuer_url: str, platform_identity: Secret) -> None:
    """Write the roles and the policy of people and services; the same each time.

    address: `http://127.0.0.1:port`. Raises SecretStoreUnavailableError.
    """
    await asyncio.to_thread(_configure, address, issuer_url, platform_identity)


def _configure(address: str, issuer_url: str, platform_identity: Secret) -> None:
    with open_session() as session, faults_translated(path=MOUNT):
        client = hvac.Client(url=address, token="", session=session)
        login = client.auth.jwt.jwt_login(
            role=_PLATFORM_ROLE,
            jwt=platform_identity.reveal(),
            use_token=False,
            path=_PLATFORM_LOGIN,
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


def _configuration(
    *,
    storage: Path,
    seal: Path,
    address: str,
    cluster_address: str,
    public_key: str,
) -> str:
    """Return the server's configuration: texts of JSON are texts of HCL, one per line."""
    text = json.dumps
    return f"""\
storage "raft" {{
  path = {text(str(storage))}
  node_id = "local"
  performance_multiplier = 1
}}
listener "tcp" {{
  address = {text(address)}
  cluster_address = {text(cluster_address)}
  tls_disable = true
}}
api_addr = {text("http://" + address)}
cluster_addr = {text("http://" + cluster_address)}
log_level = "warn"
seal "static" {{
  current_key_id = "k1"
  current_key = {text("file://" + str(seal))}
}}
initialize "base" {{
  request "kv" {{
    operation = "update"
    path = "sys/mounts/{MOUNT}"
    data = {{ type = "kv", options = {{ version = "2" }} }}
  }}
  request "jwt" {{
    operation = "update"
    path = "sys/auth/{_PLATFORM_LOGIN}"
    data = {{ type = "jwt" }}
  }}
  request "pol" {{
    operation = "update"
    path = "sys/policies/acl/admin"
    data = {{ policy = {text(_ADMIN_POLICY)} }}
  }}
  request "conf" {{
    operation = "update"
    path = "auth/{_PLATFORM_LOGIN}/config"
    data = {{ jwt_validation_pubkeys = [{text(public_key)}] }}
  }}
  request "role" {{
    operation = "update"
    path = "auth/{_PLATFORM_LOGIN}/role/{_PLATFORM_ROLE}"
    data = {{
      role_type = "jwt",
      user_claim = "sub",
      bound_audiences = [{text(ADMIN_AUDIENCE)}],
      bound_subject = {text(PLATFORM_SUBJECT)},
      token_policies = ["admin"],
      token_ttl = "1h"
    }}
  }}
}}
"""


__all__ = ["LOGIN", "MOUNT", "SERVICE_ROLE", "USER_ROLE", "configure", "openbao_part"]
