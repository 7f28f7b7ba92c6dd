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
