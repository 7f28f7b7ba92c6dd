"""Give a service of one machine its own way to storage and secrets, and take it back.

Storage: the address of the endpoint that renews S3 keys, and a token for it in a file; plain
keys never (SDKs would read them first and stop at their end), unless the launch chose a store of
the person's own: its keys are theirs to end. Secrets: a periodic token that the platform renews
while the service exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sardonyx.adapters.oidc.identity import project_of_id
from sardonyx.adapters.oidc.service_credentials import (
    register_service_credentials,
    remove_service_credentials,
)
from sardonyx.adapters.openbao.server import MOUNT
from sardonyx.adapters.openbao.store import OpenBaoStore
from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.launcher.s3_profiles import store_host
from sardonyx.secrets.errors import SecretRefusedError
from sardonyx.services.models import LaunchPlan
from sardonyx.values import JsonObject, Secret

_VAULT_TOKEN = "vault.token"  # noqa: S105 - a file's name
REGION = "us-east-1"
_LOOPBACK = "127.0.0.1"


class LocalServiceCredentials:
    """The ServiceCredentials of one machine."""

    def __init__(self, *, home: Home, secrets: OpenBaoStore) -> None:
        self._home = home
        self._secrets = secrets
        ports = home.ports()
        self._keys = f"http://{_LOOPBACK}:{ports['keys']}/creds"
        self._s3 = f"http://{_LOOPBACK}:{ports['s3']}"
        self._vault = f"http://{_LOOPBACK}:{ports['openbao']}"

    async def issue(self, plan: LaunchPlan, *, token_file: str) -> Mapping[str, str]:
        """Return the variables of what the chart uses: nothing for a block it lacks."""
        await self.revoke(plan.release)
        issued: dict[str, str] = {}
        own = _own_storage(plan)
        if own is not None:
            issued |= own
        elif _enabled(plan, "s3"):
            register_service_credentials(
                self._home, release=plan.release, username=plan.owner, project=plan.project
            )
            issued |= {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": self._keys,
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token_file,
                "AWS_ENDPOINT_URL": self._s3,
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
            }
        if _enabled(plan, "vault"):
            token = await self._secrets.service_token(
                username=plan.owner, project=project_of_id(plan.project), service=plan.release
            )
            write_private(self._token_file(plan.release), token.reveal().encode())
            issued |= {
                "VAULT_ADDR": self._vault,
                "VAULT_TOKEN": token.reveal(),
                "VAULT_MOUNT": MOUNT,
                "VAULT_TOP_DIR": plan.project,
            }
        return issued

    async def revoke(self, release: str) -> None:
        remove_service_credentials(self._home, release=release)
        kept = self._token_file(release)
        if kept.exists():
            await self._secrets.revoke_service_token(Secret(kept.read_text()))
            kept.unlink()

    async def renew(self) -> None:
        """Give every service's secrets token its whole period again."""
        for kept in self._home.services.glob(f"*/{_VAULT_TOKEN}"):
            try:
                await self._secrets.renew_service_token(Secret(kept.read_text()))
            except SecretRefusedError:
                continue  # a machine that slept for longer than the period: resume issues anew
            except FileNotFoundError:
                continue  # its service was deleted meanwhile

    def _token_file(self, release: str) -> Path:
        return self._home.service(release) / _VAULT_TOKEN


def _own_storage(plan: LaunchPlan) -> dict[str, str] | None:
    """Return the variables of a store of the person's own, None where the machine's is meant.

    Read from the values, where a later edit keeps them: the machine's own store puts no key
    there, and is on loopback, at a port that a newer platform may have drawn anew. One on
    loopback that is read without keys is told by the context.
    """
    values, context = plan.merged.get("s3"), plan.context.get("s3")
    if not _enabled(plan, "s3") or not isinstance(values, dict):
        return None
    anonymous = isinstance(context, dict) and context.get("isAnonymous") is True
    endpoint = _text(values, "endpoint")
    is_elsewhere = store_host(endpoint) not in ("", _LOOPBACK)
    if not endpoint or not (_text(values, "accessKeyId") or anonymous or is_elsewhere):
        return None
    scheme = "http" if values.get("tls") is False else "https"
    region = _text(values, "defaultRegion") or REGION
    given = {
        "AWS_ENDPOINT_URL": endpoint if "://" in endpoint else f"{scheme}://{endpoint}",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": _text(values, "accessKeyId"),
        "AWS_SECRET_ACCESS_KEY": _text(values, "secretAccessKey"),
        "AWS_SESSION_TOKEN": _text(values, "sessionToken"),
    }
    return {name: value for name, value in given.items() if value}


def _text(values: JsonObject, key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _enabled(plan: LaunchPlan, block: str) -> bool:
    """Tell whether the chart has the block and the launch left it on."""
    values = plan.merged.get(block)
    return isinstance(values, dict) and values.get("enabled") is True
