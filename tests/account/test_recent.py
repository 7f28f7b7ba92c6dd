"""What forms read at each keystroke is asked for now and then; what is written counts at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from sardonyx.account.recent import RecentSecrets
from sardonyx.projects.models import Project
from sardonyx.secrets.errors import SecretConflictError, SecretNotFoundError, SecretRefusedError
from sardonyx.secrets.models import SecretSet
from sardonyx.values import Secret

HOME = Project(id="user-ada", name="ada", bucket="user-ada", secrets_folder="user-ada")
PATH = ".sardonyx/git"


@dataclass
class Store:
    """Sets by path; counts what it is asked, and waits for `gate` where there is one."""

    kept: dict[str, SecretSet] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def read(self, *, username: str, project: Project, path: str) -> SecretSet:
        self.asked.append((username, path))
        found = self.kept.get(path)
        if self.gate is not None:
            await self.gate.wait()
        if username == "eve":
            raise SecretRefusedError(path=path)
        if found is None:
            raise SecretNotFoundError(path=path)
        return found

    async def write(
        self,
        *,
        username: str,
        project: Project,
        path: str,
        entries: dict[str, Secret],
        expected_version: int | None = None,
    ) -> SecretSet:
        before = self.kept.get(path)
        version = 0 if before is None else before.version
        if expected_version not in (None, version):
            raise SecretConflictError(path=path, current=version, expected=expected_version or 0)
        self.kept[path] = SecretSet(path, entries, version + 1)
        return self.kept[path]

    async def delete(self, *, username: str, project: Project, path: str) -> None:
        self.kept.pop(path, None)


class World:
    def __init__(self) -> None:
        self.store, self.seconds = Store(), 0.0
        self.secrets = RecentSecrets(self.store, now=lambda: self.seconds)

    async def recent(self, path: str = PATH, username: str = "ada") -> str | None:
        try:
            found = await self.secrets.lately.read(username=username, project=HOME, path=path)
        except SecretNotFoundError:
            return None
        return found.entries["T"].reveal()

    async def write(self, text: str, *, expected: int | None = None) -> None:
        await self.secrets.write(
            username="ada",
            project=HOME,
            path=PATH,
            entries={"T": Secret(text)},
            expected_version=expected,
        )


async def test_the_store_is_asked_again_after_some_seconds() -> None:
    world = World()
    assert [await world.recent() for _ in range(3)] == [None] * 3
    assert len(world.store.asked) == 1  # that there is nothing is remembered too
    await world.store.write(username="ada", project=HOME, path=PATH, entries={"T": Secret("b")})
    world.seconds = 4.9
    assert await world.recent() is None
    world.seconds = 5.0
    assert [await world.recent() for _ in range(3)] == ["b"] * 3
    assert len(world.store.asked) == 2
    found = await world.secrets.read(username="ada", project=HOME, path=PATH)
    assert found.version == 1
    assert len(world.store.asked) == 3


async def test_what_is_written_or_deleted_here_counts_at_once() -> None:
    world = World()
    await world.write("a")
    assert await world.recent() == "a"
    await world.write("b", expected=1)
    assert await world.recent() == "b"
    await world.secrets.delete(username="ada", project=HOME, path=PATH)
    assert await world.recent() is None


async def test_a_write_that_another_replica_was_before_shows_what_is_there() -> None:
    world = World()
    await world.write("a")
    assert await world.recent() == "a"
    await world.store.write(username="ada", project=HOME, path=PATH, entries={"T": Secret("b")})
    with pytest.raises(SecretConflictError):
        await world.write("c", expected=1)
    assert await world.recent() == "b"


async def test_an_answer_from_before_a_write_is_not_remembered() -> None:
    world = World()
    await world.write("a")
    world.store.gate = asyncio.Event()
    begun = asyncio.create_task(world.recent())
    await asyncio.sleep(0)
    await world.write("b")
    world.store.gate.set()
    assert await begun == "a"
    assert await world.recent() == "b"


async def test_nobody_is_told_what_another_was() -> None:
    world = World()
    await world.write("a")
    assert await world.recent() == "a"
    for _ in range(2):
        with pytest.raises(SecretRefusedError):
            await world.recent(username="eve")
    assert [username for username, _ in world.store.asked] == ["ada", "eve", "eve"]


async def test_no_more_than_a_thousand_are_remembered_and_none_for_longer_than_it_counts() -> None:
    world = World()
    for number in range(1_500):
        await world.recent(f"path{number}")
    await world.recent("path1499")
    assert len(world.store.asked) == 1_500
    await world.recent("path499")
    assert len(world.store.asked) == 1_501
    world.seconds = 5.0
    await world.recent("one more")
    assert len(world.secrets._kept) == 1
