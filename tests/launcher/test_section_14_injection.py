"""Launcher 14: personal injection off."""

from __future__ import annotations

from typing import Any

import pytest
from tests.launcher.samples import chart, od

from sardonyx.launcher.context import ContextInputs, S3ProfileInputs, VaultInputs, launch_context
from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.models import UNSET
from sardonyx.launcher.references import look_up
from sardonyx.values import Secret

LAKE = S3ProfileInputs("lake", "https://lake.example", access_key_id="A")
MINE = S3ProfileInputs("mine", "https://mine.example", access_key_id="B", is_from_region=False)


def made(personal: bool, chosen: S3ProfileInputs | None = LAKE) -> dict[str, Any]:
    return launch_context(
        ContextInputs(
            username="user1",
            email="user1@stat.example",
            ip="192.0.2.7",
            claims={"groups": ["soil"]},
            access_token=Secret("access"),
            refresh_token=Secret("refresh"),
            profile={"job": "x"},
            project_id="team-soil",
            project_password=Secret("9x4"),
            git_name="User One",
            git_email="one@stat.example",
            git_token=Secret("ghp"),
            vault=VaultInputs("https://vault", "kv", "team-soil", Secret("hvs")),
            s3=chosen,
            s3_profiles=(LAKE, MINE),
            personal_injection=personal,
        )
    )


@pytest.mark.parametrize(
    ("path", "on", "off"),
    [
        ("git.name", "User One", ""),
        ("git.email", "one@stat.example", ""),
        ("git.token", "ghp", UNSET),
        ("vault.VAULT_TOKEN", "hvs", UNSET),
        ("vault.VAULT_ADDR", "https://vault", "https://vault"),
        ("user.ip", "192.0.2.7", "0.0.0.0"),
        ("user.email", "user1@stat.example", ""),
        ("user.decodedIdToken", {"groups": ["soil"]}, {}),
        ("user.accessToken", "access", UNSET),
        ("user.refreshToken", "refresh", ""),
        ("user.profile", {"job": "x"}, UNSET),
        ("user.idep", "user1", "user1"),
        ("project.password", "9x4", "9x4"),
    ],
)
def test_a_variable_without_personal_injection(path: str, on: Any, off: Any) -> None:
    names = tuple(path.split("."))
    assert look_up(names, made(True)) == on
    assert look_up(names, made(False)) == off


def test_profiles_of_the_region_are_not_eligible() -> None:
    assert [one["profileName"] for one in made(True)["s3_array"]] == ["lake", "mine"]
    assert made(False)["s3"] == {"isEnabled": False}
    assert made(False)["s3_array"] == []
    own = made(False, MINE)
    assert own["s3"]["profileName"] == "mine"
    assert [one["profileName"] for one in own["s3_array"]] == ["mine"]


def test_a_field_of_the_token_gives_its_own_default() -> None:
    one = chart({"token": od("{{git.token}}", type="string", default="none")})
    assert make_draft(chart=one, context=made(True)).values == {"token": "ghp"}
    assert make_draft(chart=one, context=made(False)).values == {"token": "none"}
