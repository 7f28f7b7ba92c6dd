"""Launcher 2, 3.2 and 14: the variables of the launch context."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sardonyx.launcher.context import (
    ContextInputs,
    S3ProfileInputs,
    VaultInputs,
    launch_context,
    s3_endpoint,
    user_name,
)
from sardonyx.values import Secret

REGION: dict[str, Any] = {
    "services": {
        "allowedURIPattern": "^https://",
        "initScript": "https://init.example/x.sh",
        "customValues": {"a": 1},
        "defaultConfiguration": {
            "ipprotection": True,
            "networkPolicy": False,
            "kafka": {"URL": "kafka:9092", "topicName": "t"},
            "from": [{"podSelector": {}}],
            "nodeSelector": {"disk": "ssd"},
            "resources": {"cpuRequest": "100m", "disk": "10Gi", "other": 1},
        },
        "openshiftSCC": {"scc": "anyuid", "enabled": True},
        "expose": {
            "domain": "lab.example",
            "ingress": True,
            "ingressClassName": "nginx",
            "certManager": {"useCertManager": True, "certManagerClusterIssuer": "le"},
        },
    },
    "proxyInjection": {"enabled": True, "httpProxyUrl": "http://p"},
}


def profile(**changes: Any) -> S3ProfileInputs:
    given: dict[str, Any] = {
        "name": "default",
        "endpoint": "https://store.example",
        "access_key_id": "AK",
        "secret_access_key": Secret("SK"),
        "session_token": Secret("ST"),
        "working_directory": "u-user1",
    }
    return S3ProfileInputs(**(given | changes))


def inputs(**changes: Any) -> ContextInputs:
    given: dict[str, Any] = {
        "username": "user1",
        "email": "user1@stat.example",
        "claims": {"groups": ["soil"]},
        "access_token": Secret("at"),
        "one_time_password": Secret("otp"),
        "project_id": "team-soil",
        "project_password": Secret("9x4"),
        "git_token": Secret("gt"),
        "vault": VaultInputs("https://vault", "kv", "team-soil", Secret("vt")),
        "s3": profile(),
        "s3_profiles": (profile(name="other"), profile()),
        "region": REGION,
        "random_subdomain": "73105",
    }
    return ContextInputs(**(given | changes))


@pytest.mark.parametrize(
    ("full", "given", "family", "shown"),
    [
        ("Given Two Family", None, None, "Two Family Given"),
        (None, "Ada", "Lovelace", "Lovelace Ada"),
        (None, "Ada", None, "Ada"),
        (None, None, "Lovelace", "Lovelace"),
        (None, None, None, "user1"),
        ("  ", None, None, "user1"),
    ],
)
def test_the_name_is_family_first(
    full: str | None, given: str | None, family: str | None, shown: str
) -> None:
    assert user_name(full, given, family, "user1") == shown


def test_the_project_password_is_also_basic_credentials() -> None:
    project = launch_context(inputs())["project"]
    assert project == {"id": "team-soil", "password": "9x4", "basic": "dGVhbS1zb2lsOjl4NA=="}
    assert base64.b64decode("dGVhbS1zb2lsOjl4NA==") == b"team-soil:9x4"


def test_the_region_gives_its_variables_under_their_own_names() -> None:
    made = launch_context(inputs())
    assert made["region"] == {
        "allowedURIPattern": "^https://",
        "customValues": {"a": 1},
        "defaultIpProtection": True,
        "defaultNetworkPolicy": False,
        "kafka": {"url": "kafka:9092", "topicName": "t"},
        "from": [{"podSelector": {}}],
        "nodeSelector": {"disk": "ssd"},
        "resources": {"cpuRequest": "100m", "disk": "10Gi"},
        "openshiftSCC": {"scc": "anyuid", "enabled": True},
    }
    assert made["k8s"] == {
        "domain": "lab.example",
        "randomSubdomain": "73105",
        "ingress": True,
        "ingressClassName": "nginx",
        "initScriptUrl": "https://init.example/x.sh",
        "useCertManager": True,
        "certManagerClusterIssuer": "le",
    }
    assert made["proxyInjection"] == {"enabled": True, "httpProxyUrl": "http://p"}


def test_what_is_unset_is_absent_and_never_null() -> None:
    made = launch_context(ContextInputs(username="user1"))

    def nulls(value: Any) -> bool:
        if isinstance(value, dict):
            return any(nulls(item) for item in value.values())
        return value is None

    assert not nulls(made)
    assert made["s3"] == {"isEnabled": False}
    assert made["s3_array"] == []
    assert made["region"] == {"customValues": {}}
    assert made["k8s"] == {"randomSubdomain": "0", "useCertManager": False}
    assert not {"vault", "ai", "proxyInjection"} & made.keys()
    assert made["user"]["refreshToken"] == ""  # type: ignore[index,call-overload]
    assert "accessToken" not in made["user"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("url", "endpoint", "port"),
    [
        ("https://store.example", "store.example", 443),
        ("http://store.example", "store.example", 80),
        ("http://store.example:9000", "store.example:9000", 9000),
        ("https://store.example:443/", "store.example", 443),
    ],
)
def test_s3_endpoint_and_port(url: str, endpoint: str, port: int) -> None:
    assert s3_endpoint(url) == (endpoint, port)


@pytest.mark.parametrize(
    ("written", "path", "bucket", "prefix"),
    [
        ("u-user1", "u-user1/", "u-user1", ""),
        ("pool/home-user1/", "pool/home-user1/", "pool", "home-user1/"),
        ("pool//teams//soil/", "pool/teams/soil/", "pool", "teams/soil/"),
    ],
)
def test_s3_working_directory(written: str, path: str, bucket: str, prefix: str) -> None:
    s3 = launch_context(inputs(s3=profile(working_directory=written)))["s3"]
    assert isinstance(s3, dict)
    assert (s3["workingDirectoryPath"], s3["AWS_BUCKET_NAME"], s3["objectNamePrefix"]) == (
        path,
        bucket,
        prefix,
    )


def test_s3_profiles_come_with_default_first() -> None:
    made = launch_context(inputs())
    assert [one["profileName"] for one in made["s3_array"]] == ["default", "other"]  # type: ignore[union-attr,index,call-overload]
    assert made["s3"]["AWS_DEFAULT_REGION"] == "us-east-1"  # type: ignore[index,call-overload]


def test_an_anonymous_profile_has_no_keys() -> None:
    s3 = launch_context(inputs(s3=profile(access_key_id=None)))["s3"]
    assert isinstance(s3, dict)
    assert s3["isAnonymous"] is True
    assert not any("KEY" in name or "TOKEN" in name for name in s3)


def test_section_14_personal_values_stay_out_of_a_group() -> None:
    own = profile(name="mine", is_from_region=False)
    made: Any = launch_context(
        inputs(personal_injection=False, s3_profiles=(profile(), own), s3=own)
    )
    assert made["git"] == {"name": "", "email": "", "credentials_cache_duration": 0}
    assert made["user"]["email"] == ""
    assert made["user"]["ip"] == "0.0.0.0"
    assert made["user"]["decodedIdToken"] == {}
    assert "accessToken" not in made["user"]
    assert "VAULT_TOKEN" not in made["vault"]
    assert made["s3"]["profileName"] == "mine"
    assert [one["profileName"] for one in made["s3_array"]] == ["mine"]
    from_region: Any = launch_context(inputs(personal_injection=False))
    assert from_region["s3"] == {"isEnabled": False}


def whole_region() -> dict[str, Any]:
    """Return a region that sets every variable of the table."""
    services = REGION["services"]
    defaults = {
        **services["defaultConfiguration"],
        "tolerations": [{"key": "gpu"}],
        "startupProbe": {"failureThreshold": 60},
        "sliders": {"cpu": {"sliderMax": 8}},
        "resources": {
            **dict.fromkeys(("cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit"), "1"),
            **{"disk": "10Gi", "gpu": "1"},
        },
    }
    expose = {
        **services["expose"],
        "route": True,
        "istio": {"enabled": True, "gateways": ["web"]},
    }
    return {
        **REGION,
        "services": {
            **services,
            "defaultConfiguration": defaults,
            "expose": expose,
            "initScriptCheckSum": "0f",
        },
        "proxyInjection": {
            "enabled": True,
            "httpProxyUrl": "http://p",
            "httpsProxyUrl": "http://q",
            "noProxy": "localhost",
        },
        "packageRepositoryInjection": {
            name: f"https://{name}"
            for name in ("cranProxyUrl", "condaProxyUrl", "packageManagerUrl", "pypiProxyUrl")
        },
        "certificateAuthorityInjection": {"cacerts": "AA", "pathToCaBundle": "/ca.crt"},
    }


PROVIDER: dict[str, Any] = {
    "id": "lab",
    "isDefault": True,
    "name": "Lab",
    "provider": "openai",
    "apiBase": "https://ai",
    "apiKey": "k",
    "selectedModel": "small",
    "models": ["small"],
}
GONE = object()
# Every variable of the table: what it holds, and what it holds with personal injection off.
VARIABLES: list[tuple[str, Any, Any]] = [
    ("user.idep", "user1", "user1"),
    ("user.email", "user1@stat.example", ""),
    ("user.name", "Lovelace Ada", "Lovelace Ada"),
    ("user.password", "9x4", "9x4"),
    ("user.ip", "192.0.2.7", "0.0.0.0"),
    ("user.darkMode", True, True),
    ("user.lang", "fr", "fr"),
    ("user.decodedIdToken.groups", ["soil"], GONE),
    ("user.accessToken", "at", GONE),
    ("user.refreshToken", "rt", ""),
    ("user.profile.team", "soil", GONE),
    ("service.oneTimePassword", "otp", "otp"),
    ("project.id", "team-soil", "team-soil"),
    ("project.password", "9x4", "9x4"),
    ("project.basic", "dGVhbS1zb2lsOjl4NA==", "dGVhbS1zb2lsOjl4NA=="),
    ("git.name", "user1", ""),
    ("git.email", "user1@stat.example", ""),
    ("git.credentials_cache_duration", 0, 0),
    ("git.token", "gt", GONE),
    ("git.project", "https://forge/p.git", "https://forge/p.git"),
    ("vault.VAULT_ADDR", "https://vault", "https://vault"),
    ("vault.VAULT_MOUNT", "kv", "kv"),
    ("vault.VAULT_TOP_DIR", "team-soil", "team-soil"),
    ("vault.VAULT_TOKEN", "vt", GONE),
    ("s3.isEnabled", True, False),
    ("s3.profileName", "default", GONE),
    ("s3.AWS_ACCESS_KEY_ID", "AK", GONE),
    ("s3.AWS_SECRET_ACCESS_KEY", "SK", GONE),
    ("s3.AWS_SESSION_TOKEN", "ST", GONE),
    ("s3.AWS_DEFAULT_REGION", "us-east-1", GONE),
    ("s3.AWS_S3_ENDPOINT", "store.example", GONE),
    ("s3.port", 443, GONE),
    ("s3.pathStyleAccess", True, GONE),
    ("s3.isAnonymous", False, GONE),
    ("s3.workingDirectoryPath", "u-user1/", GONE),
    ("s3.AWS_BUCKET_NAME", "u-user1", GONE),
    ("s3.objectNamePrefix", "", GONE),
    *(
        (name, value, value)
        for name, value in {
            "region.allowedURIPattern": "^https://",
            "region.customValues.a": 1,
            "region.defaultIpProtection": True,
            "region.defaultNetworkPolicy": False,
            "region.kafka.url": "kafka:9092",
            "region.kafka.topicName": "t",
            "region.tolerations": [{"key": "gpu"}],
            "region.from": [{"podSelector": {}}],
            "region.nodeSelector": {"disk": "ssd"},
            "region.startupProbe": {"failureThreshold": 60},
            "region.sliders": {"cpu": {"sliderMax": 8}},
            "region.resources.cpuRequest": "1",
            "region.resources.cpuLimit": "1",
            "region.resources.memoryRequest": "1",
            "region.resources.memoryLimit": "1",
            "region.resources.disk": "10Gi",
            "region.resources.gpu": "1",
            "region.openshiftSCC.scc": "anyuid",
            "region.openshiftSCC.enabled": True,
            "k8s.domain": "lab.example",
            "k8s.ingressClassName": "nginx",
            "k8s.ingress": True,
            "k8s.route": True,
            "k8s.istio.enabled": True,
            "k8s.istio.gateways": ["web"],
            "k8s.randomSubdomain": "73105",
            "k8s.initScriptUrl": "https://init.example/x.sh",
            "k8s.initScriptCheckSum": "0f",
            "k8s.useCertManager": True,
            "k8s.certManagerClusterIssuer": "le",
            "proxyInjection.enabled": True,
            "proxyInjection.httpProxyUrl": "http://p",
            "proxyInjection.httpsProxyUrl": "http://q",
            "proxyInjection.noProxy": "localhost",
            "packageRepositoryInjection.cranProxyUrl": "https://cranProxyUrl",
            "packageRepositoryInjection.condaProxyUrl": "https://condaProxyUrl",
            "packageRepositoryInjection.packageManagerUrl": "https://packageManagerUrl",
            "packageRepositoryInjection.pypiProxyUrl": "https://pypiProxyUrl",
            "certificateAuthorityInjection.cacerts": "AA",
            "certificateAuthorityInjection.pathToCaBundle": "/ca.crt",
            "ai.enabled": True,
            **{f"ai.activeProvider.{key}": value for key, value in PROVIDER.items()},
            "ai.providers": [PROVIDER],
            # Dead ones: charts that still read them get their own defaults.
            "oidc": GONE,
            "kaggle": GONE,
        }.items()
    ),
]


@pytest.mark.parametrize(("name", "value", "off"), VARIABLES, ids=[one[0] for one in VARIABLES])
def test_a_variable_of_the_context(name: str, value: Any, off: Any) -> None:
    def found(personal: bool) -> Any:
        context: Any = launch_context(
            inputs(
                given_name="Ada",
                family_name="Lovelace",
                ip="192.0.2.7",
                dark_mode=True,
                language="fr",
                refresh_token=Secret("rt"),
                profile={"team": "soil"},
                git_project="https://forge/p.git",
                region=whole_region(),
                ai={"enabled": True, "activeProvider": PROVIDER, "providers": [PROVIDER]},
                personal_injection=personal,
            )
        )
        for part in name.split("."):
            if part not in context:
                return GONE
            context = context[part]
        return context

    assert (found(True), found(False)) == (value, off)


def test_the_settings_of_git_come_before_the_person_s_own_names() -> None:
    chosen = inputs(git_name="Ada L.", git_email="a@forge", git_credentials_cache_duration=60)
    assert launch_context(chosen)["git"] == {
        "name": "Ada L.",
        "email": "a@forge",
        "credentials_cache_duration": 60,
        "token": "gt",
    }
