"""Own how we reach the cluster and as whom: a kubeconfig file, or the pod's own account."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import msgspec
import yaml
from lightkube.config.client_adapter import user_auth, verify_cluster
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User, UserExec
from lightkube.core.exceptions import ConfigError

from sardonyx.adapters.kubernetes.client import TIMEOUT, ClusterClient
from sardonyx.services.errors import ClusterRefusedError, ClusterUnavailableError
from sardonyx.values import JsonObject, Secret

# Each watch holds a connection of its own.
_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
# The library reads a file as it comes: a wrong shape shows where it is used.
_UNREADABLE = (
    *(ConfigError, OSError, msgspec.MsgspecError),
    *(KeyError, ValueError, TypeError, AttributeError),
)
_EXEC_V1 = "client.authentication.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the API server is. ca: PEM of its authority, empty for the machine's own."""

    url: str
    ca: bytes
    insecure: bool


class ClusterAccess:
    """Makes clients of one API server for several identities. Close it with `aclose`.

    kubeconfig: a file; None: the pod's own service account. context: the file's current one
    when empty. Raises ClusterUnavailableError when neither can be read.
    """

    def __init__(
        self, kubeconfig: Path | None, *, context: str = "", timeout: timedelta = TIMEOUT
    ) -> None:
        self._timeout = timeout
        try:
            self._config = _read(kubeconfig, context)
            self.server = _server(self._config)
            # The second knows no account: identities bring their own token.
            self._own = self._http(self._config.user or User())
            self._bare = self._http(User())
        except _UNREADABLE as error:
            reason = f"{kubeconfig or 'service account of the pod'}: {error}"
            raise ClusterUnavailableError(
                verb="read", resource="kubeconfig", reason=reason
            ) from error
        except yaml.YAMLError as error:
            raise ClusterUnavailableError(
                verb="read", resource="kubeconfig", reason=f"{kubeconfig}: not YAML"
            ) from error

    def platform(self) -> ClusterClient:
        """Return calls made with the platform's own account."""
        return ClusterClient(self._own, timeout=self._timeout)

    def impersonating(self, user: str, groups: Iterable[str] = ()) -> ClusterClient:
        """Return calls made as `user` with `groups` (the platform's account must be allowed to).

        Raises ClusterRefusedError for names reserved by Kubernetes (`system:…`): a claim of a
        sign-in must not make anybody a master of the cluster.
        """
        groups = tuple(groups)
        for name in (user, *groups):
            if not name or name.startswith("system:") or not name.isprintable():
                raise ClusterRefusedError(
                    verb="impersonate", resource=repr(name), reason="reserved or unfit name"
                )
        # Kubernetes reads header values as UTF-8.
        headers = [(b"Impersonate-User", user.encode())]
        headers += [(b"Impersonate-Group", group.encode()) for group in groups]
        return ClusterClient(self._own, headers=headers, timeout=self._timeout)

    def with_token(self, token: Secret) -> ClusterClient:
        """Return calls made with a bearer token, and with nothing of the platform's account."""
        headers = [(b"Authorization", f"Bearer {token.reveal()}".encode())]
        return ClusterClient(self._bare, headers=headers, timeout=self._timeout)

    def kubeconfig(self, token: Secret, namespace: str) -> Secret:
        """Return the text of a kubeconfig (JSON is YAML) for `token`: for Helm, in a 0600 file."""
        cluster: JsonObject = {"server": self.server.url}
        if self.server.ca:
            cluster["certificate-authority-data"] = b64encode(self.server.ca).decode()
        if self.server.insecure:
            cluster["insecure-skip-tls-verify"] = True
        content: JsonObject = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "sardonyx",
            "clusters": [{"name": "sardonyx", "cluster": cluster}],
            "users": [{"name": "sardonyx", "user": {"token": token.reveal()}}],
            "contexts": [
                {
                    "name": "sardonyx",
                    "context": {
                        "cluster": "sardonyx",
                        "user": "sardonyx",
                        "namespace": namespace,
                    },
                }
            ],
        }
        return Secret(json.dumps(content))

    async def aclose(self) -> None:
        await self._own.aclose()
        await self._bare.aclose()

    def _http(self, user: User) -> httpx2.AsyncClient:
        cluster = self._config.cluster
        return httpx2.AsyncClient(
            base_url=cluster.server,
            verify=verify_cluster(cluster, user, self._config.abs_file, trust_env=False),
            auth=user_auth(user),
            timeout=httpx2.Timeout(self._timeout.total_seconds()),
            limits=_LIMITS,
            trust_env=False,
            follow_redirects=False,
        )


def _read(kubeconfig: Path | None, context: str) -> SingleConfig:
    if kubeconfig is None:
        found = KubeConfig.from_service_account().get()
    else:
        found = KubeConfig.from_file(kubeconfig).get(context or None)
    if found is None:
        raise ConfigError("no context")
    user = found.user
    if user is not None and user.exec is not None and user.exec.apiVersion == _EXEC_V1:
        # v1 asks and answers as v1beta1 does; the library knows the older name only.
        plain = {name: getattr(user.exec, name) for name in user.exec.__struct_fields__}
        plain["apiVersion"] = "client.authentication.k8s.io/v1beta1"
        user.exec = UserExec(**plain)
    return found


def _server(config: SingleConfig) -> ServerAddress:
    cluster = config.cluster
    ca = b""
    if cluster.certificate_auth:
        ca = Path(config.abs_file(cluster.certificate_auth)).read_bytes()
    elif cluster.certificate_auth_data:
        ca = b64decode(cluster.certificate_auth_data)
    return ServerAddress(cluster.server, ca, cluster.insecure)
