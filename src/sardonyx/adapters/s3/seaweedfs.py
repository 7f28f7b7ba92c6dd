"""Configure SeaweedFS as the object store of one machine, with every inner port closed.

Three doors are shut together, as none alone is enough (spec/local.md 1): `-disableHttp` takes
master and filer off HTTP, `security.toml` asks signed tokens of the volume server and a client
certificate of every gRPC port. Its unix sockets lie in the owner-only `run` folder.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sardonyx.adapters.oidc.issuer import AUDIENCE
from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.adapters.processes.parts import Part
from sardonyx.adapters.s3.certificates import inner_certificate
from sardonyx.adapters.s3.home_roles import ROLES
from sardonyx.files.models import Access
from sardonyx.values import Json

_TOKENS = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
_COMPONENTS = (
    "volume",
    "master",
    "filer",
    "s3",
    "client",
    "admin",
    "worker",
    "msg_broker",
    "msg_agent",
    "mq",
)
# Go collects harder above this, which only large transfers reach. A limit near the idle size
# makes it collect all the time: 120 MiB cost 13 % of a core at rest, and spared 5 MB.
_MEMORY = "400MiB"


@dataclass(frozen=True, slots=True)
class KeyLife:
    """How long keys of STS live: Go durations. Tests of expiry take seconds (`45s`)."""

    usual: str = "1h"
    longest: str = "12h"


def seaweedfs_part(
    home: Home, ports: Mapping[str, int], weed: Path, *, life: KeyLife | None = None
) -> Part:
    """Write SeaweedFS's configuration and return the program to supervise.

    Ready when `GET http://127.0.0.1:<s3>/status` answers 200. Keys are made the first time and
    kept; the rest is written anew.
    """
    directory = home.parts / "seaweedfs"
    data = directory / "data"
    for folder in (directory, data):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Flags of an earlier start, which it would read again: ours are the only ones.
    (data / "mini.options").unlink(missing_ok=True)
    keys = _kept_keys(directory / "keys.json")
    issuer = f"http://127.0.0.1:{ports['keys']}"
    _write_json(directory / "s3.json", _administrator(keys))
    _write_json(directory / "iam.json", _roles(issuer, keys["sts"], life or KeyLife()))
    write_private(directory / "security.toml", _security(directory, keys).encode())
    return Part(
        name="seaweedfs",
        command=(str(weed), *_flags(home, ports, data)),
        directory=directory,
        # Nothing inherited: SeaweedFS reads variables named like its flags.
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "GOMEMLIMIT": _MEMORY,
        },
    )


def _flags(home: Home, ports: Mapping[str, int], data: Path) -> tuple[str, ...]:
    return (
        # Logs go to standard error, which the supervisor rotates.
        "-logtostderr=true",
        "mini",
        f"-dir={data}",
        # Else it is guessed from the disk's size and kept in mini.options.
        "-master.volumeSizeLimitMB=1024",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-disableHttp=true",
        f"-master.port={ports['seaweedfs_master']}",
        f"-volume.port={ports['seaweedfs_volume']}",
        f"-filer.port={ports['seaweedfs_filer']}",
        f"-s3.port={ports['s3']}",
        "-s3.config=s3.json",
        "-s3.iam.config=iam.json",
        # Roles come from iam.json; nobody makes users or keys by the IAM API.
        "-s3.iam.readOnly=true",
        # The default is a socket in /tmp that any user of the machine may open.
        f"-filer.localSocket={home.run / 'filer.sock'}",
        f"-s3.localSocket={home.run / 's3.sock'}",
        "-s3.autoCreateBucket=false",
        # A bucket that holds files is never deleted in one call.
        "-s3.allowDeleteBucketNotEmpty=false",
        # It reports to its makers unless told otherwise.
        "-master.telemetry=false",
        # No pages; its port still tells its health and counts of maintenance runs.
        "-admin.ui=false",
        # There is no other volume server that would take over meanwhile.
        "-volume.preStopSeconds=0",
        f"-admin.port={ports['seaweedfs_admin']}",
        "-webdav=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    )


def _kept_keys(path: Path) -> dict[str, str]:
    """Return the random keys of this store: made once, as old tokens and data refer to them."""
    if not path.exists():
        made = {name: secrets.token_urlsafe(32) for name in _TOKENS}
        made["sts"] = base64.b64encode(secrets.token_bytes(32)).decode()
        made["admin_id"] = secrets.token_hex(10).upper()
        made["admin_secret"] = secrets.token_urlsafe(30)
        write_private(path, json.dumps(made).encode())
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _administrator(keys: Mapping[str, str]) -> Json:
    # Without one identity SeaweedFS lets everybody in. Nobody uses this one.
    return {
        "identities": [
            {
                "name": "admin",
                "credentials": [{"accessKey": keys["admin_id"], "secretKey": keys["admin_secret"]}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            }
        ]
    }


def _roles(issuer: str, signing_key: str, life: KeyLife) -> Json:
    own = ["arn:aws:s3:::user-${jwt:sub}", "arn:aws:s3:::user-${jwt:sub}/*"]
    reading: list[Json] = ["s3:Get*", "s3:List*", "s3:Head*"]
    return {
        "sts": {
            "tokenDuration": life.usual,
            "maxSessionLength": life.longest,
            "issuer": "seaweedfs-sts",
            "signingKey": signing_key,
        },
        "providers": [
            {
                "name": "oidc",
                "type": "oidc",
                "enabled": True,
                "config": {
                    "issuer": issuer,
                    "clientId": AUDIENCE,
                    "jwksUri": f"{issuer}/jwks",
                    "claimsMapping": {"username": "sub"},
                },
            }
        ],
        "policy": {"defaultEffect": "Deny", "storeType": "memory"},
        "roles": [
            _role(ROLES[Access.READ_WRITE], "UserHome"),
            _role(ROLES[Access.READ_ONLY], "UserReads"),
        ],
        "policies": [
            _policy("UserHome", ["s3:*"], own),
            _policy("UserReads", reading, own),
        ],
    }


def _role(arn: str, policy: str) -> Json:
    return {
        "roleName": arn.rpartition("/")[2],
        "roleArn": arn,
        "attachedPolicies": [policy],
        "trustPolicy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": "oidc"},
                    "Action": ["sts:AssumeRoleWithWebIdentity"],
                }
            ],
        },
    }


def _policy(name: str, actions: list[Json], resources: list[str]) -> Json:
    return {
        "name": name,
        "document": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": actions, "Resource": list(resources)},
                {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets"], "Resource": ["*"]},
                {"Effect": "Allow", "Action": ["sts:ValidateSession"], "Resource": ["*"]},
            ],
        },
    }


def _security(directory: Path, keys: Mapping[str, str]) -> str:
    """Return `security.toml`. Paths are JSON texts, which are TOML texts too."""
    inner = inner_certificate(directory)
    lines = []
    for section in _TOKENS:
        lines += [f"[{section}]", f"key = {json.dumps(keys[section])}"]
    lines += ["[grpc]", f"ca = {json.dumps(str(inner.authority))}"]
    for component in _COMPONENTS:
        lines += [
            f"[grpc.{component}]",
            f"cert = {json.dumps(str(inner.certificate))}",
            f"key = {json.dumps(str(inner.key))}",
        ]
    return "\n".join([*lines, ""])


def _write_json(path: Path, content: Json) -> None:
    write_private(path, json.dumps(content, indent=2).encode())
