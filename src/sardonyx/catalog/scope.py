"""Know which references a chart may use: what resolves to something on some platform.

The list is that of the launch context (launcher.md 2); `*` stands for any one key, `**` for any
keys below. A process profile sees more: its values and the facts of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from sardonyx.catalog.models import Chart
from sardonyx.launcher.models import Unset
from sardonyx.launcher.references import look_up
from sardonyx.values import Json

_S3 = (
    "isEnabled profileName AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN "
    "AWS_DEFAULT_REGION AWS_S3_ENDPOINT port tls pathStyleAccess isAnonymous workingDirectoryPath "
    "AWS_BUCKET_NAME objectNamePrefix"
)
CONTEXT: Mapping[str, str] = {
    "user": "idep email name password ip darkMode lang decodedIdToken.** accessToken "
    "refreshToken profile.**",
    "service": "oneTimePassword",
    "project": "id password basic",
    "git": "name email credentials_cache_duration token project",
    "vault": "VAULT_ADDR VAULT_TOKEN VAULT_MOUNT VAULT_TOP_DIR",
    "s3": _S3,
    "s3_array": "**",
    "region": "allowedURIPattern customValues.** defaultIpProtection defaultNetworkPolicy "
    "kafka.url kafka.topicName tolerations from nodeSelector startupProbe.** sliders.** "
    "resources.cpuRequest resources.cpuLimit resources.memoryRequest resources.memoryLimit "
    "resources.disk resources.gpu openshiftSCC.scc openshiftSCC.enabled",
    "k8s": "domain ingressClassName ingress route tls httpRoute.enabled httpRoute.parentRefs "
    "istio.enabled istio.gateways randomSubdomain "
    "initScriptUrl initScriptCheckSum useCertManager certManagerClusterIssuer",
    "proxyInjection": "enabled httpProxyUrl httpsProxyUrl noProxy",
    "packageRepositoryInjection": "cranProxyUrl condaProxyUrl packageManagerUrl pypiProxyUrl",
    "certificateAuthorityInjection": "cacerts pathToCaBundle",
    "ai": "enabled activeProvider.** providers.**",
}
_MACHINE = ("port", "work", "home", "socket", "url", "host", "release")


def known_in_context(path: tuple[str, ...]) -> bool:
    """Say whether the launch context can hold `path` on some platform."""
    if not path or path[0] not in CONTEXT:
        return False
    rest = ".".join(path[1:])
    for name in CONTEXT[path[0]].split():
        whole = name.removesuffix(".**")
        if rest == whole or (name.endswith("**") and fnmatchcase(rest, name.replace("**", "*"))):
            return True
    return path[0] == "s3_array"


def known_reference(path: tuple[str, ...], chart: Chart) -> bool:
    """Say whether a process profile of `chart` may refer to `path`."""
    if not path:
        return False
    if path[0] == "values":
        return not isinstance(look_up(path[1:], chart.values), Unset)
    if path[0] == "discovery":
        return len(path) > 2 and path[1] in _uses(chart.local)
    return path in [(name,) for name in _MACHINE] or known_in_context(path)


def _uses(local: Json) -> list[Json]:
    discover = local.get("discover") if isinstance(local, dict) else None
    uses = discover.get("uses") if isinstance(discover, dict) else None
    return uses if isinstance(uses, list) else []
