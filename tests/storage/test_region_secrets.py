"""Secrets by project on the real store: a person's folder, the groups', and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import hvac
import pytest
from tests.storage.region import Members, secrets_with_groups, services

from sardonyx.adapters.openbao.region import region_vault
from sardonyx.adapters.openbao.store import OpenBaoStore
from sardonyx.adapters.processes.home import Home
from sardonyx.secrets.errors import SecretRefusedError
from sardonyx.testing.parts import RunningParts, running_parts
from sardonyx.values import JsonObject, Secret

pytestmark = pytest.mark.real


def region(address: str, **vault: str) -> JsonObject:
    return {
        "services": services(),
        "vault": {
            "URL": f"{address}/",
            "kvEngine": "kv",
            "role": "member",
            "authPath": "jwt",
            "prefix": "user-",
            "groupPrefix": "",
            **vault,
        },
    }


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    with (
        TemporaryDirectory(prefix="sx") as folder,
        running_parts(Home(Path(folder)), names=("keys", "openbao")) as parts,
    ):
        secrets_with_groups(parts.openbao_address, parts.issuer)
        yield parts


class Drawers:
    """The store of a region, and what people put into it."""

    def __init__(self, parts: RunningParts, **vault: str) -> None:
        settings = region(parts.openbao_address, **vault)
        found = region_vault(settings)
        assert found is not None
        assert found.address == parts.openbao_address
        self.address = found.address
        self.members = Members(parts.issuer, settings)
        self.store = OpenBaoStore(
            identity=self.members, address=found.address, entrance=found.entrance
        )

    async def write(self, username: str, group: str | None, *, of: str | None = None) -> None:
        project = await self.members.project(of or username, group)
        await self.store.write(
            username=username, project=project, path="note", entries={"A": Secret("1")}
        )

    async def read(self, username: str, group: str | None, *, of: str | None = None) -> str:
        project = await self.members.project(of or username, group)
        found = await self.store.read(username=username, project=project, path="note")
        return found.entries["A"].reveal()

    def reads(self, token: Secret, path: str) -> bool:
        """Read with a service's token, as the program in its pod would."""
        client = hvac.Client(url=self.address, token=token.reveal())
        try:
            client.secrets.kv.v2.read_secret_version(
                path=path, mount_point="kv", raise_on_deleted_version=True
            )
        except hvac.exceptions.Forbidden:
            return False
        return True


@pytest.fixture
def drawers(parts: RunningParts) -> Drawers:
    return Drawers(parts)


async def test_a_person_has_their_folder_and_their_groups(drawers: Drawers) -> None:
    await drawers.write("ada", None)
    await drawers.write("ada", "soil")
    assert await drawers.read("ada", None) == "1"
    assert await drawers.read("bob", "soil") == "1"
    folder = await drawers.store.list_folder(
        username="bob", project=await drawers.members.project("bob", "soil"), path=""
    )
    assert "note" in folder.secrets


async def test_what_is_anothers_is_refused_by_the_store(drawers: Drawers) -> None:
    await drawers.write("ada", None)
    await drawers.write("bob", "tide")
    for username, group, owner in (("bob", None, "ada"), ("ada", "tide", "bob")):
        with pytest.raises(SecretRefusedError):
            await drawers.read(username, group, of=owner)
        with pytest.raises(SecretRefusedError):
            await drawers.write(username, group, of=owner)


async def test_a_person_named_like_a_group_is_no_member(drawers: Drawers) -> None:
    await drawers.write("ada", "soil")
    with pytest.raises(SecretRefusedError):
        await drawers.read("soil", "soil", of="ada")


async def test_a_service_of_a_group_reads_the_groups_secrets_alone(parts: RunningParts) -> None:
    drawers = Drawers(parts, groupRole="$1")
    await drawers.write("bob", None)
    await drawers.write("bob", "soil")
    await drawers.write("bob", "tide")
    made = await drawers.store.secrets_token(
        username="bob", project=await drawers.members.project("bob", "soil")
    )
    assert made is not None
    assert drawers.reads(made.token, "team-soil/note")
    assert not drawers.reads(made.token, "team-tide/note")
    assert not drawers.reads(made.token, "user-bob/note")


async def test_a_service_of_ones_own_reads_ones_own(drawers: Drawers) -> None:
    await drawers.write("bob", None)
    await drawers.write("ada", None)
    made = await drawers.store.secrets_token(
        username="bob", project=await drawers.members.project("bob")
    )
    assert made is not None
    assert drawers.reads(made.token, "user-bob/note")
    assert not drawers.reads(made.token, "user-ada/note")


async def test_without_a_role_for_groups_their_services_get_no_token(drawers: Drawers) -> None:
    project = await drawers.members.project("bob", "soil")
    assert await drawers.store.secrets_token(username="bob", project=project) is None


async def test_the_role_of_a_group_refuses_who_is_not_in_it(parts: RunningParts) -> None:
    drawers = Drawers(parts, groupRole="$1")
    project = await drawers.members.project("bob", "tide")
    with pytest.raises(SecretRefusedError):
        await drawers.store.secrets_token(username="ada", project=project)


@pytest.mark.parametrize("settings", [{}, {"vault": None}, {"vault": {"kvEngine": "x"}}])
def test_a_region_may_have_no_store(settings: JsonObject) -> None:
    assert region_vault(settings) is None
