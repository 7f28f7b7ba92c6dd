"""What the secret service does and refuses."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.files.fakes import ADA, EVE
from tests.secrets.fakes import SharedSecretStore, secret_store

from sardonyx.done import Commands
from sardonyx.projects.errors import ProjectNotFoundError
from sardonyx.secrets.errors import SecretConflictError, SecretNameError, SecretNotFoundError
from sardonyx.secrets.service import Secrets
from sardonyx.values import Secret

P = "user-ada"


@pytest.fixture
def store() -> SharedSecretStore:
    return secret_store()


@pytest.fixture
def secrets(store: SharedSecretStore) -> Secrets:
    return Secrets(store=store, address="http://127.0.0.1:8")


def values(**plain: str) -> dict[str, Secret]:
    return {key: Secret(value) for key, value in plain.items()}


async def test_a_set_is_written_read_changed_and_deleted(secrets: Secrets) -> None:
    await secrets.write(ADA, P, "db/main", values(USER="ada", PASSWORD="one"))
    await secrets.set_keys(ADA, P, "db/main", values(PASSWORD="two", port_1="5"))
    done = await secrets.remove_key(ADA, P, "db/main", "USER")
    assert done.result.version == 3
    found = await secrets.read(ADA, P, "db/main")
    assert found.entries == values(PASSWORD="two", port_1="5")
    assert (await secrets.folder(ADA, P)).folders == ("db",)
    assert (await secrets.folder(ADA, P, "db/")).secrets == ("main",)
    await secrets.delete(ADA, P, "db/main")
    with pytest.raises(SecretNotFoundError):
        await secrets.read(ADA, P, "db/main")


async def test_setting_a_key_makes_a_missing_secret_but_removing_does_not(
    secrets: Secrets,
) -> None:
    await secrets.set_keys(ADA, P, "new", values(A="1"))
    with pytest.raises(SecretNotFoundError):
        await secrets.remove_key(ADA, P, "none", "A")
    with pytest.raises(SecretNotFoundError):
        await secrets.remove_key(ADA, P, "new", "B")
    assert (await secrets.read(ADA, P, "new")).version == 1


async def test_a_write_from_an_old_version_is_refused(secrets: Secrets) -> None:
    await secrets.write(ADA, P, "s", values(A="1"), expected_version=0)
    for expected in (0, 2):
        with pytest.raises(SecretConflictError):
            await secrets.write(ADA, P, "s", values(A="2"), expected_version=expected)
        with pytest.raises(SecretConflictError):
            await secrets.set_keys(ADA, P, "s", values(A="2"), expected_version=expected)
    assert (await secrets.read(ADA, P, "s")).entries == values(A="1")


async def test_a_merge_loses_nothing_another_writes_meanwhile(
    secrets: Secrets, store: SharedSecretStore
) -> None:
    await secrets.write(ADA, P, "s", values(A="1"))
    store.meanwhile = values(A="1", THEIRS="x")
    await secrets.set_keys(ADA, P, "s", values(MINE="y"))
    assert (await secrets.read(ADA, P, "s")).entries == values(A="1", THEIRS="x", MINE="y")


@pytest.mark.parametrize("key", ["", "1A", "A-B", "A B", "_", "É", "A\n", "A=B"])
async def test_a_key_that_no_shell_could_name_is_refused(secrets: Secrets, key: str) -> None:
    with pytest.raises(SecretNameError) as caught:
        await secrets.write(ADA, P, "s", {key: Secret("v")})
    assert "{" not in caught.value.detail_text().in_language("en")


@pytest.mark.parametrize(
    "path",
    ["", "/", "a//b", "../other", "a/..", ".", "a\nb", "a?b", "a#b", "a%2e", " a", "x" * 600],
)
async def test_a_path_that_leads_elsewhere_is_refused(secrets: Secrets, path: str) -> None:
    for action in (
        secrets.read(ADA, P, path),
        secrets.write(ADA, P, path, values(A="1")),
        secrets.set_keys(ADA, P, path, values(A="1")),
        secrets.remove_key(ADA, P, path, "A"),
        secrets.delete(ADA, P, path),
    ):
        with pytest.raises(SecretNameError):
            await action


async def test_nobody_acts_in_a_project_that_is_not_theirs(
    secrets: Secrets, store: SharedSecretStore
) -> None:
    await secrets.write(ADA, P, "s", values(A="1"))
    before = dict(store.held)
    for action in (
        secrets.folder(EVE, P),
        secrets.read(EVE, P, "s"),
        secrets.write(EVE, P, "s", values(A="2")),
        secrets.set_keys(EVE, P, "s", values(A="2")),
        secrets.remove_key(EVE, P, "s", "A"),
        secrets.delete(EVE, P, "s"),
        secrets.token(EVE, P),
    ):
        with pytest.raises(ProjectNotFoundError):
            await action
    assert store.held == before


async def test_no_value_stands_in_any_command(secrets: Secrets) -> None:
    shown = [
        (await secrets.write(ADA, P, "s", values(A="hunter2", B="hunter2"))).commands,
        (await secrets.set_keys(ADA, P, "s", values(A="hunter2"))).commands,
        (await secrets.remove_key(ADA, P, "s", "A")).commands,
        (await secrets.delete(ADA, P, "s")).commands,
    ]
    assert all("hunter2" not in one.platform + one.underneath for one in shown)


FAKE_BAO = """#!/bin/sh
# Writes its arguments and what it was given, and answers `get` with the value.
{ printf '%s ' "$@"; case "$*" in *=-) cat;; esac; echo; } >> "$CALLS"
case "$*" in *" get "*) printf kept;; esac
"""


def run_underneath(tmp_path: Path, commands: Commands, **variables: str) -> list[str]:
    """Run the underneath tab with stand-ins for `bao` and `sardonyx`; return bao's calls."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("bao", FAKE_BAO), ("sardonyx", "#!/bin/sh\necho :\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    calls = tmp_path / "calls"
    subprocess.run(
        ["sh", "-eu", "-c", commands.underneath],
        check=True,
        env={"PATH": f"{programs}:/usr/bin:/bin", "CALLS": str(calls), **variables},
    )
    return calls.read_text().splitlines()


async def test_the_commands_underneath_give_values_by_standard_input(
    secrets: Secrets, tmp_path: Path
) -> None:
    done = await secrets.write(ADA, P, "my db", values(A="1", B="2"))
    assert run_underneath(tmp_path, done.commands, A="one's", B="two") == [
        "kv put -mount=kv user-ada/my db A=- one's",
        "kv patch -method=rw -mount=kv user-ada/my db B=- two",
    ]


async def test_the_commands_underneath_keep_the_other_keys(
    secrets: Secrets, tmp_path: Path
) -> None:
    await secrets.write(ADA, P, "db", values(A="1", B="2"))
    done = await secrets.remove_key(ADA, P, "db", "A")
    assert run_underneath(tmp_path, done.commands) == [
        "kv get -field=B -mount=kv user-ada/db ",
        "kv put -mount=kv user-ada/db B=- kept",
    ]
