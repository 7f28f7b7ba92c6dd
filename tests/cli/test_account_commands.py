"""`sardonyx account profile`, `projects password`: by the command line, the SDK and REST."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.cli.machine import Machine

from sardonyx.client import AsyncClient, Client, RemoteError
from sardonyx.values import Secret


def test_a_profile_goes_in_by_standard_input_and_comes_out(machine: Machine) -> None:
    given = b"team: prices\nassistant: {enabled: true, apiKey: sk-1}\nidentities: [{forge: mine}]\n"
    saved = machine.run(
        "account", "profile", "set", "-f", "-", "--hold-back", "/identities/0", stdin=given
    )
    assert (saved.code, saved.out) == (0, "")
    assert "sk-1" not in saved.err
    shown = machine.run("account", "profile", "show")
    assert "apiKey: sk-1" in shown.out  # standard output is no terminal
    assert "/identities/0" in shown.err
    again = machine.run("account", "profile", "set", "-f", "-", stdin=shown.out.encode())
    assert again.code == 0
    found = json.loads(machine.run("account", "profile", "show", "--json").out)
    assert found["values"]["team"] == "prices"
    assert found["heldBack"] == ["/identities/0"]


def test_a_profile_that_is_wrong_says_where(machine: Machine) -> None:
    refused = machine.run("account", "profile", "set", "-f", "-", stdin=b"team: Not A Team\n")
    assert refused.code == 2
    assert "profile_invalid" in refused.err and "/team" in refused.err
    schema = json.loads(machine.run("account", "profile", "show", "--schema").out)
    assert "team" in schema["properties"]


def test_secrets_are_masked_unless_asked_for(machine: Machine) -> None:
    with Client.of_home(machine.home) as platform:
        platform.account.save_profile({"assistant": {"enabled": True, "apiKey": "sk-1"}})
        masked = platform.account.profile().values
        assert masked["assistant"] == {"enabled": True, "apiKey": "$ASSISTANT_APIKEY"}
        platform.account.save_profile({**masked, "phone": "12"})
        kept = platform.account.profile(reveal=True).values
    assert kept["assistant"] == {"enabled": True, "apiKey": "sk-1"}
    assert kept["phone"] == "12"


async def test_the_asynchronous_client_is_made_of_the_same_descriptions(machine: Machine) -> None:
    async with AsyncClient.of_home(machine.home) as platform:
        saved = await platform.account.save_profile({"team": "prices"})
        assert (await platform.account.profile()).values == saved.values
        password = await platform.account.service_password()
        assert await platform.account.renew_service_password() != password


def test_the_service_password_is_printed_alone_and_renewed(machine: Machine) -> None:
    shown = machine.run("projects", "password", "show")
    assert (shown.code, len(shown.out.strip())) == (0, 20)
    renewed = machine.run("projects", "password", "renew", "--json")
    found = json.loads(renewed.out)
    assert found["project"] == "user-ada"
    assert found["password"] != shown.out.strip()
    assert "keep the old password" in renewed.err


def test_a_project_of_others_is_not_found(machine: Machine) -> None:
    refused = machine.run("projects", "password", "show", "--project", "user-eve")
    assert (refused.code, refused.out) == (3, "")
    with Client.of_home(machine.home) as platform, pytest.raises(RemoteError):
        platform.account.renew_service_password(project="user-eve")


def test_a_password_has_a_type_that_hides_it(machine: Machine) -> None:
    with Client.of_home(machine.home) as platform:
        assert isinstance(platform.account.service_password(), Secret)


KEYS = b"AWS_ACCESS_KEY_ID=AK\nexport AWS_SECRET_ACCESS_KEY='s3cr3t'\n"
URL = "https://nas.example"


def test_own_storage_is_kept_with_keys_from_standard_input(machine: Machine) -> None:
    words = ("account", "storage", "set", "nas", "--url", URL, "--folder", "pool/ada")
    kept = machine.run(*words, stdin=KEYS)
    assert (kept.code, kept.out) == (0, "")
    listed = machine.run("account", "storage", "list")
    assert "nas" in listed.out and "pool/ada/" in listed.out
    found = json.loads(machine.run("account", "storage", "list", "--json").out)
    assert found[0] == {
        "name": "nas",
        "url": URL,
        "region": "",
        "pathStyleAccess": True,
        "folder": "pool/ada/",
        "anonymous": False,
        "commands": None,
    }
    assert machine.run("account", "storage", "test", "nas").code == 0
    moved = machine.run(*words[:5], "https://evil.example", "--keep-keys", stdin=b"")
    assert moved.code == 2
    assert "own_storage_moved" in moved.err
    assert machine.run(*words, "--keep-keys", "--region", "eu", stdin=b"").code == 0
    gone = json.loads(machine.run("account", "storage", "rm", "nas", "--json").out)
    assert gone["commands"]["platform"] == "sardonyx account storage rm nas\n"
    assert machine.run("account", "storage", "test", "nas").code == 3


def test_own_storage_that_does_not_answer_is_not_kept(machine: Machine) -> None:
    words = ("account", "storage", "set", "nas", "--url", URL)
    wrong = machine.run(*words, stdin=KEYS.replace(b"s3cr3t", b"other"))
    assert wrong.code == 4
    assert "own_storage_refused" in wrong.err and "other" not in wrong.err
    missing = machine.run(*words, stdin=b"nothing")
    assert missing.code == 2
    assert machine.run("account", "storage", "list").out == ""
    kept = machine.run(*words, "--unchecked", stdin=KEYS.replace(b"s3cr3t", b"other"))
    assert kept.code == 0


async def test_own_storage_from_python(machine: Machine) -> None:
    async with AsyncClient.of_home(machine.home) as platform:
        kept = await platform.account.keep_storage(
            "nas", URL, access_key_id="AK", secret_access_key=Secret("s3cr3t")
        )
        assert kept.commands is not None and "s3cr3t" not in kept.commands.platform
        assert await platform.account.storage() == (replace(kept, commands=None),)
        assert (await platform.account.test_storage("nas")).name == "nas"
        await platform.account.remove_storage("nas")
        with pytest.raises(RemoteError):
            await platform.account.test_storage("nas")
