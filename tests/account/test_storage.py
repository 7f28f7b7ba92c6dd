"""A person's own stores: kept among their secrets, tried first, never shown, sent nowhere else."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sardonyx.account.errors import (
    StorageAddressError,
    StorageFolderError,
    StorageKeysError,
    StorageLimitError,
    StorageMovedError,
    StorageNotFoundError,
    StorageRefusedError,
    StorageTextError,
    StorageUnreachableError,
    StorageUnreadableError,
)
from sardonyx.account.models import AuditFilter
from sardonyx.account.recent import RecentSecrets
from sardonyx.account.storage import MOST, STORAGE_KEY, STORAGE_PATH, OwnStorage, StorageAsked
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.launcher.own_profiles import OwnProfile
from sardonyx.projects.errors import NoPersonalProjectError
from sardonyx.projects.models import Actor
from sardonyx.testing.identity import People
from sardonyx.testing.secret_store import MemorySecretStore
from sardonyx.testing.storage_probe import MemoryProbe
from sardonyx.values import Secret

URL = "https://nas.example:9000"
NAS = StorageAsked(
    name="nas",
    url=URL,
    folder="/pool//ada",
    access_key_id="AK",
    secret_access_key=Secret("s3cr3t"),
)


@pytest.fixture
async def ada() -> Actor:
    return await People().actor("ada")


@pytest.fixture
def records(tmp_path: Path) -> SqlRecords:
    return SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))


@pytest.fixture
def store() -> MemorySecretStore:
    people = People()
    return MemorySecretStore(people, people.issuer)


@pytest.fixture
def probe() -> MemoryProbe:
    return MemoryProbe({URL: {"AK": "s3cr3t"}, "https://open.example": {}})


@pytest.fixture
def own(store: MemorySecretStore, records: SqlRecords, probe: MemoryProbe) -> OwnStorage:
    return OwnStorage(
        secret_store=RecentSecrets(store), audit=records, probe=probe, now=lambda: 7.0
    )


async def test_a_store_is_kept_among_the_person_s_secrets(
    own: OwnStorage, ada: Actor, store: MemorySecretStore, records: SqlRecords, tmp_path: Path
) -> None:
    done = await own.keep(ada, NAS)
    kept = OwnProfile(
        "nas", 7000, URL, None, True, "AK", Secret("s3cr3t"), bookmarks=(("", "pool/ada/"),)
    )
    assert done.result == kept
    assert await own.listed(ada) == (kept,)
    assert "s3cr3t" not in repr(await own.listed(ada))
    assert b"s3cr3t" not in (tmp_path / "portal.sqlite").read_bytes()
    found = await store.read(username="ada", project=ada.personal_project, path=STORAGE_PATH)
    assert "s3cr3t" in found.entries[STORAGE_KEY].reveal()
    (entry,) = await records.entries(AuditFilter())
    assert (entry.action, entry.target, entry.result) == ("account.storage", "nas", "done")
    assert await own.listed(await People().actor("bob")) == ()


async def test_commands_hold_no_key(own: OwnStorage, ada: Actor) -> None:
    kept = await own.keep(ada, NAS)
    tried = await own.test(ada, "nas")
    gone = await own.remove(ada, "nas")
    for commands in (kept.commands, tried.commands, gone.commands):
        assert "s3cr3t" not in commands.platform + commands.underneath
    assert kept.commands.platform == (
        "printf '%s\\n' \"AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID\""
        ' "AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY"'
        f" | sardonyx account storage set nas --url {URL} --folder pool/ada/\n"
    )
    assert tried.commands.underneath == (
        f"aws s3 ls s3://pool/ada/ --endpoint-url {URL} --profile nas\n"
    )
    assert await own.listed(ada) == ()


async def test_a_change_keeps_keys_that_are_not_given_again(own: OwnStorage, ada: Actor) -> None:
    await own.keep(ada, NAS)
    bare = replace(NAS, access_key_id="", secret_access_key=Secret(""), region="eu", folder="")
    changed = (await own.keep(ada, bare)).result
    assert (changed.access_key_id, changed.region, changed.bookmarks) == ("AK", "eu", ())
    assert changed.created == 7000
    assert len(await own.listed(ada)) == 1
    without = (await own.keep(ada, replace(bare, anonymous=True, folder="b"))).result
    assert (without.access_key_id, without.secret_access_key) == (None, None)


async def test_keys_are_sent_to_the_address_they_were_given_for_alone(
    own: OwnStorage, ada: Actor, probe: MemoryProbe
) -> None:
    await own.keep(ada, NAS)
    probe.asked.clear()
    for url in ("https://evil.example", "http://nas.example:9000", "https://nas.example"):
        moved = replace(NAS, url=url, access_key_id=None, secret_access_key=None)
        with pytest.raises(StorageMovedError):
            await own.keep(ada, moved, unchecked=True)
        with pytest.raises(StorageMovedError):
            await own.check(ada, moved)
    assert probe.asked == []
    assert (await own.listed(ada))[0].url == URL


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"url": ""}, StorageAddressError),
        ({"url": "ftp://x"}, StorageAddressError),
        ({"url": "https://u:p@x"}, StorageAddressError),
        ({"url": "https://x/bucket"}, StorageAddressError),
        ({"url": "https://x?y"}, StorageAddressError),
        ({"url": "https://x:99999"}, StorageAddressError),
        ({"url": "https://x y"}, StorageAddressError),
        ({"url": "https://" + "x" * 400}, StorageAddressError),
        ({"url": "https://[::1"}, StorageAddressError),
        ({"folder": "a/../b"}, StorageFolderError),
        ({"folder": "a\nb"}, StorageFolderError),
        ({"folder": "", "anonymous": True}, StorageFolderError),
        ({"secret_access_key": None}, StorageKeysError),
        ({"access_key_id": None}, StorageKeysError),
        ({"access_key_id": None, "secret_access_key": None}, StorageKeysError),
        ({"access_key_id": "A\r\nK"}, StorageTextError),
        ({"region": "é"}, StorageTextError),
        ({"url": "https://away.example"}, StorageUnreachableError),
        ({"access_key_id": "other"}, StorageRefusedError),
    ],
)
async def test_what_is_not_possible_is_told_and_nothing_kept(
    own: OwnStorage, ada: Actor, changes: Any, error: type[Exception], records: SqlRecords
) -> None:
    with pytest.raises(error) as raised:
        await own.keep(ada, replace(NAS, **changes))
    assert "s3cr3t" not in str(raised.value)
    assert await own.listed(ada) == ()
    (entry,) = await records.entries(AuditFilter())
    assert entry.result == raised.value.code  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("s3.example", "https://s3.example"),
        ("HTTP://S3.example:80/", "http://s3.example:80"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
async def test_an_address_is_written_in_one_way(
    own: OwnStorage, ada: Actor, written: str, kept: str
) -> None:
    done = await own.keep(ada, replace(NAS, url=written), unchecked=True)
    assert done.result.url == kept


@pytest.mark.parametrize(
    "url",
    [
        "s3://AK:s3cr3t@nas.example",
        "s3://AK:s3/cr3t@nas.example/pool",
        "https://AK:s3cr3t@nas.example",
        "https://nas.example:s3cr3t",
        "https://nas.example/?key=s3cr3t",
    ],
)
async def test_of_an_address_that_is_none_the_host_alone_is_shown(
    own: OwnStorage, ada: Actor, url: str
) -> None:
    with pytest.raises(StorageAddressError) as refused:
        await own.check(ada, replace(NAS, url=url))
    assert refused.value.values["url"] == "nas.example"


async def test_one_that_does_not_answer_is_kept_when_one_says_so(
    own: OwnStorage, ada: Actor
) -> None:
    away = replace(NAS, name="Mon café!", url="https://away.example")
    assert (await own.keep(ada, away, unchecked=True)).result.name == "Mon-cafe"
    with pytest.raises(StorageUnreachableError):
        await own.test(ada, "Mon-cafe")


async def test_names_that_are_not_there(own: OwnStorage, ada: Actor) -> None:
    for act in (own.test, own.remove, own.found):
        with pytest.raises(StorageNotFoundError):
            await act(ada, "gone")


async def test_there_is_an_end_to_their_number(own: OwnStorage, ada: Actor) -> None:
    for number in range(MOST):
        await own.keep(ada, replace(NAS, name=f"n{number}"), unchecked=True)
    with pytest.raises(StorageLimitError):
        await own.keep(ada, NAS, unchecked=True)
    await own.keep(ada, replace(NAS, name="n3", region="eu"), unchecked=True)


async def write_by_hand(store: MemorySecretStore, ada: Actor, text: str) -> None:
    await store.write(
        username="ada",
        project=ada.personal_project,
        path=STORAGE_PATH,
        entries={STORAGE_KEY: Secret(text), "NOTE": Secret("by hand")},
    )


async def kept_text(store: MemorySecretStore, ada: Actor) -> str:
    found = await store.read(username="ada", project=ada.personal_project, path=STORAGE_PATH)
    assert found.entries["NOTE"].reveal() == "by hand"
    return found.entries[STORAGE_KEY].reveal()


@pytest.mark.parametrize("written", ["{", "5", '{"profileName": "x"}', "[" * 100_000])
async def test_what_cannot_be_read_costs_no_launch_and_is_not_written_over(
    own: OwnStorage, ada: Actor, store: MemorySecretStore, written: str
) -> None:
    await write_by_hand(store, ada, written)
    assert await own.listed(ada) == ()
    with pytest.raises(StorageUnreadableError):
        await own.keep(ada, NAS)
    assert await kept_text(store, ada) == written


async def test_a_change_keeps_beside_it_what_is_no_store(
    own: OwnStorage, ada: Actor, store: MemorySecretStore
) -> None:
    damaged = {"profileName": "lake", "credentials": {"secretAccessKey": "theirs"}}
    await write_by_hand(store, ada, json.dumps([damaged, 5]))
    await own.keep(ada, NAS)
    assert [one.name for one in await own.listed(ada)] == ["nas"]
    await own.remove(ada, "nas")
    assert json.loads(await kept_text(store, ada)) == [damaged, 5]


class SlowProbe(MemoryProbe):
    """Lets something happen while a store is reached."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def probe(self, store: OwnProfile) -> None:
        await super().probe(store)
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            await act()


async def test_keys_given_while_a_store_was_reached_are_kept(
    store: MemorySecretStore, records: SqlRecords, ada: Actor
) -> None:
    probe = SlowProbe({URL: {"AK": "s3cr3t"}})
    own = OwnStorage(secret_store=RecentSecrets(store), audit=records, probe=probe, now=lambda: 7.0)
    await own.keep(ada, NAS)
    newer = replace(NAS, access_key_id="NEW", secret_access_key=Secret("newer"))
    probe.meanwhile = lambda: own.keep(ada, newer, unchecked=True)
    renamed = replace(NAS, access_key_id=None, secret_access_key=None, region="eu")
    done = await own.keep(ada, renamed)
    assert await own.listed(ada) == (done.result,)
    assert (done.result.access_key_id, done.result.region) == ("NEW", "eu")


async def test_their_number_ends_also_while_one_was_reached(
    store: MemorySecretStore, records: SqlRecords, ada: Actor
) -> None:
    probe = SlowProbe({URL: {"AK": "s3cr3t"}})
    own = OwnStorage(secret_store=RecentSecrets(store), audit=records, probe=probe, now=lambda: 7.0)

    async def fill() -> None:
        for number in range(MOST):
            await own.keep(ada, replace(NAS, name=f"n{number}"), unchecked=True)

    probe.meanwhile = fill
    with pytest.raises(StorageLimitError):
        await own.keep(ada, NAS)
    assert len(await own.listed(ada)) == MOST


async def test_who_has_no_project_of_their_own_has_none(own: OwnStorage, ada: Actor) -> None:
    guest = replace(ada, projects=())
    assert await own.listed(guest) == ()
    with pytest.raises(NoPersonalProjectError):
        await own.keep(guest, NAS)
