"""What every SecretStore does, whatever holds the secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from sardonyx.adapters.oidc.identity import personal_project
from sardonyx.adapters.oidc.issuer import ADMIN_AUDIENCE, Issuer
from sardonyx.projects.ports import IdentityProvider
from sardonyx.secrets.errors import (
    SecretConflictError,
    SecretNameError,
    SecretNotFoundError,
    SecretRefusedError,
)
from sardonyx.secrets.models import SecretFolder, SecretSet
from sardonyx.secrets.ports import SecretStore
from sardonyx.testing.identity import People, memory_issuer
from sardonyx.values import Secret

ADA = personal_project("ada")


@dataclass(frozen=True, slots=True)
class Vault:
    """One store to test. `store_of` believes the store's issuer whatever the identity says."""

    issuer: Issuer
    store_of: Callable[[IdentityProvider], SecretStore]

    def store(self, **token: Any) -> SecretStore:
        return self.store_of(dataclasses.replace(People(self.issuer), **token))


@dataclass(frozen=True, slots=True)
class Drawer:
    """A fresh folder of ada's."""

    store: SecretStore
    folder: str

    async def write(
        self, name: str, expected_version: int | None = None, **entries: str
    ) -> SecretSet:
        return await self.store.write(
            username="ada",
            project=ADA,
            path=f"{self.folder}/{name}",
            entries={key: Secret(value) for key, value in entries.items()},
            expected_version=expected_version,
        )

    async def read(self, name: str) -> SecretSet:
        return await self.store.read(username="ada", project=ADA, path=f"{self.folder}/{name}")

    async def list(self, inner: str = "") -> SecretFolder:
        return await self.store.list_folder(
            username="ada", project=ADA, path=f"{self.folder}/{inner}".rstrip("/")
        )

    async def delete(self, name: str) -> None:
        await self.store.delete(username="ada", project=ADA, path=f"{self.folder}/{name}")


class SecretStoreContract:
    """Subclasses give the fixture `vault`."""

    @pytest.fixture
    def drawer(self, vault: Vault) -> Drawer:
        return Drawer(vault.store(), uuid4().hex)

    async def test_what_is_written_is_read_back(self, drawer: Drawer) -> None:
        written = await drawer.write("database", USER="ada", PASSWORD="é \n\"'😀 $x")
        assert written.version == 1
        assert await drawer.read("database") == written
        assert written.entries["PASSWORD"].reveal() == "é \n\"'😀 $x"

    async def test_values_are_not_shown(self, drawer: Drawer) -> None:
        await drawer.write("database", PASSWORD="hunter2")
        read = await drawer.read("database")
        assert "hunter2" not in f"{read} {read!r}"

    async def test_writing_again_replaces_the_whole_set(self, drawer: Drawer) -> None:
        await drawer.write("database", USER="ada", PASSWORD="old")
        second = await drawer.write("database", PASSWORD="new")
        assert second.version == 2
        assert (await drawer.read("database")).entries == {"PASSWORD": Secret("new")}

    async def test_a_set_may_be_empty(self, drawer: Drawer) -> None:
        await drawer.write("nothing")
        assert (await drawer.read("nothing")).entries == {}

    @pytest.mark.parametrize("name", ["with space", "é 😀", "#?%+&=", "%41", "a.b", "quo'\"te"])
    async def test_an_odd_name_is_carried_as_it_is(self, drawer: Drawer, name: str) -> None:
        await drawer.write(f"{name}/{name}", A="1")
        assert (await drawer.list()).folders == (name,)
        assert (await drawer.list(name)).secrets == (name,)
        assert (await drawer.read(f"{name}/{name}")).entries == {"A": Secret("1")}

    @pytest.mark.parametrize("name", ["", "a//b", "../up", "a/../b", "./a", ".."])
    async def test_a_name_that_would_be_changed_is_refused(self, drawer: Drawer, name: str) -> None:
        with pytest.raises(SecretNameError):
            await drawer.write(name, A="1")

    async def test_a_folder_shows_folders_and_secrets(self, drawer: Drawer) -> None:
        for name in ("b", "a", "inner/x", "inner/deep/y", "a/below", ".hidden", ".h/idden"):
            await drawer.write(name, A="1")
        assert await drawer.list() == SecretFolder(drawer.folder, ("a", "inner"), ("a", "b"))
        assert await drawer.list("inner") == SecretFolder(
            f"{drawer.folder}/inner", ("deep",), ("x",)
        )
        assert await drawer.list("nowhere") == SecretFolder(f"{drawer.folder}/nowhere", (), ())

    async def test_the_whole_folder_of_a_project_is_listed(self, drawer: Drawer) -> None:
        await drawer.write("x", A="1")
        top = await drawer.store.list_folder(username="ada", project=ADA, path="")
        assert drawer.folder in top.folders

    async def test_what_is_not_there_is_named(self, drawer: Drawer) -> None:
        with pytest.raises(SecretNotFoundError):
            await drawer.read("none")
        with pytest.raises(SecretNotFoundError):
            await drawer.delete("none")

    async def test_a_deleted_secret_is_gone_with_its_history(self, drawer: Drawer) -> None:
        await drawer.write("gone", A="1")
        await drawer.write("gone", A="2")
        await drawer.delete("gone")
        with pytest.raises(SecretNotFoundError):
            await drawer.read("gone")
        assert (await drawer.list()).secrets == ()
        assert (await drawer.write("gone", expected_version=0, A="3")).version == 1

    async def test_a_change_from_an_older_version_is_refused(self, drawer: Drawer) -> None:
        await drawer.write("shared", A="1")
        await drawer.write("shared", A="2")
        with pytest.raises(SecretConflictError) as refused:
            await drawer.write("shared", expected_version=1, A="mine")
        assert (refused.value.values["current"], refused.value.values["expected"]) == (2, 1)
        assert (await drawer.read("shared")).entries == {"A": Secret("2")}
        assert (await drawer.write("shared", expected_version=2, A="mine")).version == 3

    async def test_a_new_secret_does_not_replace_another(self, drawer: Drawer) -> None:
        await drawer.write("taken", expected_version=0, A="1")
        with pytest.raises(SecretConflictError):
            await drawer.write("taken", expected_version=0, A="2")
        with pytest.raises(SecretConflictError):
            await drawer.write("absent", expected_version=3, A="2")

    async def test_a_stranger_is_refused(self, drawer: Drawer) -> None:
        await drawer.write("private", A="1")
        path = f"{drawer.folder}/private"
        with pytest.raises(SecretRefusedError):
            await drawer.store.read(username="bob", project=ADA, path=path)
        with pytest.raises(SecretRefusedError):
            await drawer.store.write(username="bob", project=ADA, path=path, entries={})
        with pytest.raises(SecretRefusedError):
            await drawer.store.list_folder(username="bob", project=ADA, path=drawer.folder)
        with pytest.raises(SecretRefusedError):
            await drawer.store.delete(username="bob", project=ADA, path=path)
        assert (await drawer.read("private")).entries == {"A": Secret("1")}

    async def test_a_forged_token_is_refused(self, vault: Vault) -> None:
        forged = vault.store(issuer=memory_issuer(vault.issuer.url))
        with pytest.raises(SecretRefusedError):
            await forged.list_folder(username="ada", project=ADA, path="")

    async def test_a_token_for_another_audience_is_refused(self, vault: Vault) -> None:
        with pytest.raises(SecretRefusedError):
            await vault.store(audience=ADMIN_AUDIENCE).list_folder(
                username="ada", project=ADA, path=""
            )

    async def test_an_expired_token_is_refused(self, vault: Vault) -> None:
        # Providers' clocks may differ a little: the store allows for minutes.
        with pytest.raises(SecretRefusedError):
            await vault.store(minutes=-30.0).list_folder(username="ada", project=ADA, path="")

    async def test_a_service_token_is_renewed_until_it_is_revoked(self, drawer: Drawer) -> None:
        token = await drawer.store.service_token(username="ada", project=ADA, service="jupyter")
        other = await drawer.store.service_token(username="ada", project=ADA, service="jupyter")
        assert token != other
        await drawer.store.renew_service_token(token)
        await drawer.store.revoke_service_token(token)
        with pytest.raises(SecretRefusedError):
            await drawer.store.renew_service_token(token)
        await drawer.store.revoke_service_token(token)
        await drawer.store.renew_service_token(other)
