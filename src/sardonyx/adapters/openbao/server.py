"""Configure OpenBao as the secret store of one machine: no unseal code, no root token.

A static seal opens it at every start; self-initialisation lets in one login only, the
platform's own token, which then writes what people and services may do (`roles.configure`).
Imports no client: `up` loads this before anything runs.
Source: spec/local.md section 1.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from sardonyx.adapters.oidc.issuer import ADMIN_AUDIENCE, PLATFORM_SUBJECT, Issuer
from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.adapters.processes.parts import Part

MOUNT = "kv"
LOGIN = "jwt"
# A login of its own, by the issuer's public key alone: it holds when ports are drawn anew,
# and `roles.configure` then tells the people's login where the issuer is.
PLATFORM_LOGIN = "platform"
USER_ROLE = "user"
SERVICE_ROLE = "service"
PLATFORM_ROLE = "platform"
# Go gives memory back to stay below this.
_MEMORY = "80MiB"

_ADMIN_POLICY = 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'


def openbao_part(home: Home, ports: Mapping[str, int], bao: Path) -> Part:
    """Write OpenBao's configuration and return the program to supervise.

    Ready when `GET http://127.0.0.1:<openbao>/v1/sys/health` answers 200; then `roles.configure`.
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
    path = "sys/auth/{PLATFORM_LOGIN}"
    data = {{ type = "jwt" }}
  }}
  request "pol" {{
    operation = "update"
    path = "sys/policies/acl/admin"
    data = {{ policy = {text(_ADMIN_POLICY)} }}
  }}
  request "conf" {{
    operation = "update"
    path = "auth/{PLATFORM_LOGIN}/config"
    data = {{ jwt_validation_pubkeys = [{text(public_key)}] }}
  }}
  request "role" {{
    operation = "update"
    path = "auth/{PLATFORM_LOGIN}/role/{PLATFORM_ROLE}"
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
