"""A person who does not exist, on a platform that offers everything: to try a chart without one.

Every variable of launcher.md 2 and 3 has a value, of the type it has on real platforms. Nothing
here opens anything.
"""

from __future__ import annotations

from sardonyx.launcher.context import (
    ContextInputs,
    S3ProfileInputs,
    VaultInputs,
    launch_context,
)
from sardonyx.values import JsonObject, Secret

_DEFAULTS: JsonObject = {
    "ipprotection": True,
    "networkPolicy": True,
    "kafka": {"URL": "kafka.example:9092", "topicName": "events"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "from": [{"namespaceSelector": {"matchLabels": {"name": "gateway"}}}],
    "nodeSelector": {"disk": "ssd"},
    "startupProbe": {"failureThreshold": 60, "periodSeconds": 10},
    "sliders": {
        "cpu": {"sliderMin": 50, "sliderMax": 8000, "sliderStep": 50, "sliderUnit": "m"},
        "memory": {"sliderMin": 1, "sliderMax": 64, "sliderStep": 1, "sliderUnit": "Gi"},
        "disk": {"sliderMin": 1, "sliderMax": 100, "sliderStep": 1, "sliderUnit": "Gi"},
        "gpu": {"sliderMin": 1, "sliderMax": 3, "sliderStep": 1, "sliderUnit": ""},
    },
    "resources": {
        "cpuRequest": "100m",
        "cpuLimit": "4000m",
        "memoryRequest": "2Gi",
        "memoryLimit": "8Gi",
        "disk": "10Gi",
        "gpu": "1",
    },
}
_REGION: JsonObject = {
    "services": {
        "customValues": {"lanes": [{"label": "fast", "slots": 4}, {"label": "slow", "slots": 1}]},
        "allowedURIPattern": "^https://",
        "initScript": "https://init.example/start.sh",
        "initScriptCheckSum": "0" * 64,
        "defaultConfiguration": _DEFAULTS,
        "openshiftSCC": {"scc": "anyuid", "enabled": False},
        "expose": {
            "domain": "lab.example",
            "scheme": "https",
            "ingress": True,
            "ingressClassName": "nginx",
            "route": False,
            "httpRoute": {"enabled": False, "parentRefs": [{"name": "web"}]},
            "istio": {"enabled": False, "gateways": ["web"]},
            "certManager": {"useCertManager": False, "certManagerClusterIssuer": "letters"},
        },
    },
    "proxyInjection": {
        "enabled": True,
        "httpProxyUrl": "http://proxy.example:3128",
        "httpsProxyUrl": "http://proxy.example:3128",
        "noProxy": "localhost,.example",
    },
    "packageRepositoryInjection": {
        "cranProxyUrl": "https://packages.example/cran",
        "condaProxyUrl": "https://packages.example/conda",
        "packageManagerUrl": "https://packages.example/manager",
        "pypiProxyUrl": "https://packages.example/pypi",
    },
    "certificateAuthorityInjection": {"cacerts": "", "pathToCaBundle": "/etc/ssl/bundle.crt"},
}
_PROVIDER: JsonObject = {
    "id": "lab",
    "isDefault": True,
    "name": "Lab",
    "provider": "openai",
    "apiBase": "https://ai.example/v1",
    "apiKey": "sample",
    "selectedModel": "small",
    "models": ["small", "large"],
}


def sample_context(language: str = "en") -> JsonObject:
    """Return the launch context of the sample person; the same at each call."""
    return launch_context(
        ContextInputs(
            username="ada",
            email="ada@stat.example",
            given_name="Ada",
            family_name="Sample",
            language=language,
            claims={"groups": ["soil", "tide"], "roles": ["user"], "sub": "ada"},
            access_token=Secret("sample"),
            refresh_token=Secret("sample"),
            profile={},
            one_time_password=Secret("sample0one0time0word"),
            project_id="user-ada",
            project_password=Secret("sample-password"),
            git_token=Secret("sample"),
            git_project="https://git.example/ada/work.git",
            vault=VaultInputs("https://vault.example", "onyxia-kv", "user-ada", Secret("sample")),
            s3=S3ProfileInputs(
                "default",
                "https://store.example",
                access_key_id="sample",
                secret_access_key=Secret("sample"),
                session_token=Secret("sample"),
                working_directory="user-ada/",
            ),
            region=_REGION,
            random_subdomain="73105",
            ai={"enabled": True, "activeProvider": _PROVIDER, "providers": [_PROVIDER]},
        )
    )
