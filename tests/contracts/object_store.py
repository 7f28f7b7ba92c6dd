"""What every ObjectStore with its CredentialBroker does, whatever holds the objects."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from sardonyx.adapters.oidc.identity import personal_project
from sardonyx.adapters.oidc.issuer import ADMIN_AUDIENCE, Issuer
from sardonyx.files.errors import (
    AccessRefusedError,
    ObjectExistsError,
    ObjectNameError,
    ObjectNotFoundError,
    StorageProfileGoneError,
)
from sardonyx.files.models import Access, S3Credentials
from sardonyx.files.ports import CredentialBroker, ObjectStore
from sardonyx.projects.ports import IdentityProvider
from sardonyx.testing.identity import People, memory_issuer
from sardonyx.values import Secret

MIB = 1024 * 1024
ODD_NAMES = [
    "with space",
    " first and last ",
    "q'uo\"te",
    "emoji 😀",
    "#?%+&=;,:@!$*()[]~^|<>{}`",
    "%41 %2F",
    "line\nend",
    "car\rriage",
    "tab\t",
    "control \x01\x7f",
    "composed é, decomposed é",
    "\ufffe\ud7ff",
    "...",
    "..a",
    ".hidden",
    "-rf",
    "x" * 250,
]
REFUSED_NAMES = [
    "",
    "/",
    "/first",
    "a//b",
    "../up",
    "a/../b",
    "a/..",
    "./a",
    "a/./b",
    "..",
    ".",
    "back\\slash",
    "half \ud800",
    "x/" * 512 + "x",
]


@dataclass(frozen=True, slots=True)
class Storage:
    """One store to test. `broker_of` believes the store's issuer whatever the identity says.

    profile: one that people have there.
    """

    store: ObjectStore
    issuer: Issuer
    broker_of: Callable[[IdentityProvider], CredentialBroker]
    fetch: Callable[[str], Awaitable[bytes | None]]
    profile: str = "default"

    async def keys(
        self, name: str = "ada", access: Access = Access.READ_WRITE, **token: Any
    ) -> S3Credentials:
        people = dataclasses.replace(People(self.issuer), **token)
        return await self.broker_of(people).credentials(
            username=name, project=personal_project(name), access=access
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A fresh folder in ada's bucket, with her keys."""

    store: ObjectStore
    keys: S3Credentials
    folder: str
    bucket: str = "user-ada"

    async def put(self, name: str, content: bytes = b"content", *, overwrite: bool = True) -> None:
        await self.store.put(
            self.keys, self.bucket, self.folder + name, pieces(content), overwrite=overwrite
        )

    async def read(self, name: str, *, start: int = 0, length: int | None = None) -> bytes:
        stream = self.store.get(
            self.keys, self.bucket, self.folder + name, start=start, length=length
        )
        return b"".join([piece async for piece in stream])

    async def names(self) -> list[str]:
        found = [found.key async for found in self.store.walk(self.keys, self.bucket, self.folder)]
        return sorted(key.removeprefix(self.folder) for key in found)


async def pieces(content: bytes, *, size: int = 100_000) -> AsyncIterator[bytes]:
    for place in range(0, len(content), size):
        yield content[place : place + size]


class BrokenStreamError(Exception):
    """What an upload's source raises when the sender goes away."""


async def broken(content: bytes) -> AsyncIterator[bytes]:
    async for piece in pieces(content):
        yield piece
    raise BrokenStreamError


class ObjectStoreContract:
    """Subclasses give the fixture `storage`."""

    @pytest.fixture
    async def place(self, storage: Storage) -> Place:
        keys = await storage.keys()
        await storage.store.ensure_bucket(keys, "user-ada")
        return Place(storage.store, keys, f"{uuid4().hex}/")

    async def test_a_bucket_that_exists_is_left_as_it_is(self, place: Place) -> None:
        await place.put("kept")
        await place.store.ensure_bucket(place.keys, place.bucket)
        assert await place.names() == ["kept"]

    async def test_what_is_put_is_read_back(self, place: Place) -> None:
        stored = await place.store.put(
            place.keys, place.bucket, f"{place.folder}a.csv", pieces(b"x;y\n1;2\n")
        )
        assert await place.read("a.csv") == b"x;y\n1;2\n"
        assert stored == await place.store.head(place.keys, place.bucket, f"{place.folder}a.csv")
        assert (stored.key, stored.size) == (f"{place.folder}a.csv", 8)
        assert stored.modified.utcoffset() == timedelta(0)

    async def test_an_empty_file_is_a_file(self, place: Place) -> None:
        await place.put("empty", b"")
        assert await place.read("empty") == b""
        assert await place.names() == ["empty"]

    async def test_a_file_larger_than_a_part_is_read_back(self, place: Place) -> None:
        content = bytes(range(256)) * (20 * MIB // 256) + b"end"
        await place.put("large", content)
        assert await place.read("large") == content
        assert await place.read("large", start=len(content) - 5) == content[-5:]

    @pytest.mark.parametrize("size", [8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 16 * MIB])
    async def test_a_file_of_the_size_of_a_part_is_read_back(self, place: Place, size: int) -> None:
        content = b"0123456789abcdef" * (size // 16) + b"x" * (size % 16)
        await place.put("part", content)
        assert await place.read("part") == content

    @pytest.mark.parametrize("name", ODD_NAMES)
    async def test_an_odd_name_is_carried_as_it_is(self, place: Place, name: str) -> None:
        await place.put(f"{name}/{name}", name.encode())
        listing = await place.store.list_folder(place.keys, place.bucket, place.folder)
        assert listing.folders == (f"{place.folder}{name}/",)
        inner = await place.store.list_folder(place.keys, place.bucket, listing.folders[0])
        assert [found.key for found in inner.objects] == [f"{place.folder}{name}/{name}"]
        assert await place.read(f"{name}/{name}") == name.encode()
        await place.store.copy(
            place.keys, place.bucket, inner.objects[0].key, f"{place.folder}copy {name}"
        )
        assert await place.read(f"copy {name}") == name.encode()
        await place.store.delete(
            place.keys, place.bucket, [inner.objects[0].key, f"{place.folder}copy {name}"]
        )
        assert await place.names() == []

    @pytest.mark.parametrize("name", REFUSED_NAMES)
    async def test_a_name_that_would_be_changed_is_refused(self, place: Place, name: str) -> None:
        with pytest.raises(ObjectNameError):
            await place.store.put(place.keys, place.bucket, name, pieces(b"lost"))
        with pytest.raises(ObjectNameError):
            await place.store.delete(place.keys, place.bucket, [name])

    async def test_content_under_a_folders_name_is_refused(self, place: Place) -> None:
        with pytest.raises(ObjectNameError):
            await place.put("folder/")

    async def test_a_file_and_a_folder_share_a_name(self, place: Place) -> None:
        await place.put("x", b"file")
        await place.put("x/y", b"inner")
        await place.store.delete(place.keys, place.bucket, [f"{place.folder}x"])
        assert await place.names() == ["x/y"]
        assert await place.read("x/y") == b"inner"

    async def test_a_folder_is_listed_page_by_page(self, place: Place) -> None:
        names = {"a/1", "a/2", "b/1", *(f"é {number:02}" for number in range(12))}
        for name in names:
            await place.put(name)
        folders: list[str] = []
        files: list[str] = []
        cursor = None
        for _ in range(100):
            page = await place.store.list_folder(
                place.keys, place.bucket, place.folder, cursor=cursor, limit=5
            )
            assert len(page.folders) + len(page.objects) <= 5
            folders += page.folders
            files += [found.key for found in page.objects]
            cursor = page.cursor
            if cursor is None:
                break
        assert sorted(folders) == [f"{place.folder}a/", f"{place.folder}b/"]
        assert sorted(files) == sorted(place.folder + name for name in names if name[1] != "/")
        assert await place.names() == sorted(names)

    async def test_a_folder_without_files_is_not_there(self, place: Place) -> None:
        await place.put("a/b/c")
        await place.store.delete(place.keys, place.bucket, [f"{place.folder}a/b/c"])
        page = await place.store.list_folder(place.keys, place.bucket, place.folder)
        assert (page.folders, page.objects, page.cursor) == ((), (), None)

    async def test_a_range_is_read(self, place: Place) -> None:
        await place.put("digits", b"0123456789")
        assert await place.read("digits", start=3) == b"3456789"
        assert await place.read("digits", start=3, length=4) == b"3456"
        assert await place.read("digits", length=2) == b"01"
        assert await place.read("digits", start=8, length=100) == b"89"
        assert await place.read("digits", start=3, length=0) == b""
        assert await place.read("digits", start=10) == b""
        assert await place.read("digits", start=50) == b""

    async def test_what_is_not_there_is_named(self, place: Place) -> None:
        with pytest.raises(ObjectNotFoundError):
            await place.store.head(place.keys, place.bucket, f"{place.folder}none")
        with pytest.raises(ObjectNotFoundError):
            await place.read("none")
        with pytest.raises(ObjectNotFoundError):
            await place.read("none", length=0)
        with pytest.raises(ObjectNotFoundError):
            await place.store.copy(place.keys, place.bucket, f"{place.folder}none", "to")

    async def test_deleting_what_is_not_there_is_no_fault(self, place: Place) -> None:
        await place.put("there")
        both = [f"{place.folder}there", f"{place.folder}absent"]
        await place.store.delete(place.keys, place.bucket, both)
        assert await place.names() == []

    @pytest.mark.parametrize("size", [10, 20 * MIB])
    async def test_a_broken_upload_changes_nothing(self, place: Place, size: int) -> None:
        await place.put("old", b"old")
        for name in ("old", "new"):
            with pytest.raises(BrokenStreamError):
                await place.store.put(
                    place.keys, place.bucket, place.folder + name, broken(b"x" * size)
                )
        assert await place.names() == ["old"]
        assert await place.read("old") == b"old"

    @pytest.mark.parametrize("size", [10, 20 * MIB])
    async def test_a_taken_name_is_kept_when_asked(self, place: Place, size: int) -> None:
        await place.put("taken", b"first")
        with pytest.raises(ObjectExistsError):
            await place.put("taken", b"x" * size, overwrite=False)
        assert await place.read("taken") == b"first"
        await place.put("free", b"x" * size, overwrite=False)
        assert len(await place.read("free")) == size

    @pytest.mark.parametrize("size", [10, 20 * MIB])
    async def test_of_two_first_uploads_one_wins(self, place: Place, size: int) -> None:
        async def slow() -> AsyncIterator[bytes]:
            async for piece in pieces(b"s" * size):
                yield piece
            await place.put("raced", b"quick")  # done before this one ends

        with pytest.raises(ObjectExistsError):
            await place.store.put(
                place.keys, place.bucket, f"{place.folder}raced", slow(), overwrite=False
            )
        assert await place.read("raced") == b"quick"

    async def test_an_address_downloads_without_keys(self, place: Place, storage: Storage) -> None:
        await place.put("shared #?%+ é", b"shared")
        address = place.store.presign_get(
            place.keys, place.bucket, f"{place.folder}shared #?%+ é", timedelta(minutes=1)
        )
        assert await storage.fetch(address) == b"shared"
        assert await storage.fetch(address[:-1] + ("0" if address[-1] != "0" else "1")) is None

    async def test_a_stranger_is_refused(self, place: Place, storage: Storage) -> None:
        await place.put("private")
        key = f"{place.folder}private"
        stranger = await storage.keys("bob")
        with pytest.raises(AccessRefusedError):
            await place.store.list_folder(stranger, place.bucket, "")
        with pytest.raises(AccessRefusedError):
            await anext(place.store.get(stranger, place.bucket, key))
        with pytest.raises(AccessRefusedError):
            await place.store.head(stranger, place.bucket, key)
        with pytest.raises(AccessRefusedError):
            await place.store.put(stranger, place.bucket, key, pieces(b"forged"))
        with pytest.raises(AccessRefusedError):
            await place.store.delete(stranger, place.bucket, [key])
        with pytest.raises(AccessRefusedError):
            await place.store.copy(stranger, place.bucket, key, f"{place.folder}taken")
        with pytest.raises(AccessRefusedError):
            await place.store.ensure_bucket(stranger, "user-carol")
        assert await place.read("private") == b"content"

    async def test_keys_for_reading_do_not_write(self, place: Place, storage: Storage) -> None:
        await place.put("read me")
        key = f"{place.folder}read me"
        reader = dataclasses.replace(place, keys=await storage.keys(access=Access.READ_ONLY))
        assert await reader.read("read me") == b"content"
        assert await reader.names() == ["read me"]
        with pytest.raises(AccessRefusedError):
            await reader.put("new")
        with pytest.raises(AccessRefusedError):
            await place.store.delete(reader.keys, place.bucket, [key])
        with pytest.raises(AccessRefusedError):
            await place.store.copy(reader.keys, place.bucket, key, f"{place.folder}copy")
        assert await place.names() == ["read me"]

    @pytest.mark.parametrize("part", ["access_key_id", "secret_access_key", "session_token"])
    async def test_wrong_keys_are_refused(self, place: Place, part: str) -> None:
        wrong: Any = "ASIAWRONG" if part == "access_key_id" else Secret("wrong")
        keys = dataclasses.replace(place.keys, **{part: wrong})
        with pytest.raises(AccessRefusedError):
            await place.store.list_folder(keys, place.bucket, "")

    async def test_keys_have_well_over_a_quarter_of_an_hour(self, place: Place) -> None:
        stored = await place.store.put(
            place.keys, place.bucket, f"{place.folder}now", pieces(b"now")
        )
        assert place.keys.expiration - stored.modified > timedelta(minutes=25)

    async def test_keys_are_asked_for_once(self, storage: Storage) -> None:
        broker = storage.broker_of(People(storage.issuer))
        project = personal_project("ada")
        first = await broker.credentials(username="ada", project=project)
        assert await broker.credentials(username="ada", project=project) == first
        read = await broker.credentials(username="ada", project=project, access=Access.READ_ONLY)
        assert read.access_key_id != first.access_key_id

    async def test_a_profile_is_asked_by_its_name(self, storage: Storage) -> None:
        project = personal_project("ada")
        broker = storage.broker_of(People(storage.issuer))
        keys = await broker.credentials(username="ada", project=project, profile=storage.profile)
        await storage.store.ensure_bucket(keys, project.bucket)
        with pytest.raises(StorageProfileGoneError):
            await broker.credentials(username="ada", project=project, profile="gone")

    async def test_a_forged_token_is_refused(self, storage: Storage) -> None:
        forger = memory_issuer(storage.issuer.url)
        with pytest.raises(AccessRefusedError):
            await storage.keys(issuer=forger)

    async def test_a_token_for_another_audience_is_refused(self, storage: Storage) -> None:
        with pytest.raises(AccessRefusedError):
            await storage.keys(audience=ADMIN_AUDIENCE)

    async def test_an_expired_token_is_refused(self, storage: Storage) -> None:
        with pytest.raises(AccessRefusedError):
            await storage.keys(minutes=-1.0)
