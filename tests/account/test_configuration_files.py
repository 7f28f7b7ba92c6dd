"""Saved configurations as files: ours, Onyxia's old and new, values.yaml, and hostile ones."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.account.test_configurations import P, names, saved
from tests.services.fakes import ADA, GROUP
from tests.services.world import World, world

from sardonyx.account.configurations.errors import (
    ConfigurationLimitError,
    ImportFormatError,
    ImportTooLargeError,
)
from sardonyx.account.configurations.exchange import free_name, read_document
from sardonyx.account.configurations.models import LARGEST_IMPORT, MOST, Clash, Imported
from sardonyx.account.configurations.service import ValuesOf
from sardonyx.account.storage import StorageAsked
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.yaml_text import read
from sardonyx.services.errors import FriendlyNameError
from sardonyx.values import Secret

KEY = Secret("mine")
ONE: dict[str, Any] = {
    "friendlyName": "night run",
    "isShared": False,
    "catalogId": "sardonyx",
    "chartName": "postgresql",
    "chartVersion": "0.1.0",
    "s3ProfileName": "default",
    "helmValuesPatch": [
        {"path": ["auth", "database"], "value": "night"},
        {"path": ["resources", "limits"]},
    ],
}


async def imported(w: World, document: object, clash: Clash = Clash.SKIP) -> Imported:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return (await w.configurations.import_document(ADA, P, content, clash=clash)).result


async def test_an_export_read_elsewhere_is_the_same_list() -> None:
    w, other = world(), world()
    await saved(w, "a", "auth.database=one")
    await saved(w, "b")
    written = await w.configurations.export(ADA, P)
    result = await imported(other, written)
    assert [one.configuration.friendly_name for one in result.saved] == ["a", "b"]
    assert await other.configurations.export(ADA, P) == written
    assert other.audit.lines[-1] == ("ada", "configuration.import", P, "done")
    again = await imported(other, written)
    assert (again.skipped, await names(other)) == ((), ["a", "b"])


@pytest.mark.parametrize(
    "document",
    [
        [ONE],
        ONE,
        {"restorableServiceConfigs": [ONE]},
        {"restorableServiceConfigs": {"valueAsJson": json.dumps([ONE])}},
        {"valueAsJson": json.dumps([ONE])},
        {"value": [ONE]},
        b"\xef\xbb\xbf" + json.dumps([ONE]).encode(),
    ],
)
async def test_the_list_is_found_in_each_of_its_envelopes(document: object) -> None:
    w = world()
    result = await imported(w, document)
    (kept,) = result.saved
    assert kept.configuration.s3_profile == "default"
    assert kept.configuration.patch == (
        PatchEntry(("auth", "database"), "night"),
        PatchEntry(("resources", "limits")),
    )
    assert kept.configuration.shared is None  # nobody shares in a project of one person
    assert not result.skipped


OLD_STORE: dict[str, Any] = {
    "creationTime": 1700000000000,
    "friendlyName": "Mon stockage",
    "url": "https://minio.example/",
    "region": "eu",
    "workingDirectoryPath": "bucket/dir/",
    "pathStyleAccess": True,
    "credentials": {"accessKeyId": "AK", "secretAccessKey": "s3cr3t"},
}


async def test_old_keys_of_onyxia_are_migrated_with_their_storage() -> None:
    w = world()
    other = {**OLD_STORE, "creationTime": 2, "url": "https://nas.example:9000"}
    wrong = {**OLD_STORE, "creationTime": 3, "friendlyName": "x", "url": "https://h/a?key=k"}
    old = {key: value for key, value in ONE.items() if key != "s3ProfileName"}
    first = {**old, "s3ConfigId": "project-1700000000000"}
    second = {**old, "friendlyName": "second", "s3ConfigId": "project-2"}
    document = {
        "restorableConfigs": [first, second],
        "s3": {"s3Configs": [OLD_STORE, other, wrong]},
    }
    result = await imported(w, document)
    stores = [one.configuration.s3_profile for one in result.saved]
    assert stores == ["Mon-stockage", "Mon-stockage-2"]
    assert [one.code for one in result.notices] == ["profile_imported"] * 2
    assert "https://nas.example:9000" in result.notices[1].message.in_language("en")
    assert "s3cr3t" not in repr(result)
    (refused,) = result.skipped
    assert (refused.name, refused.reason.code) == ("x", "own_storage_address")
    kept, _ = await w.stores.listed(ADA)
    assert (kept.name, kept.url, kept.region, kept.created) == (
        "Mon-stockage", "https://minio.example", "eu", 1700000000000
    )  # fmt: skip
    assert kept.secret_access_key == Secret("s3cr3t")
    assert kept.bookmarks == (("dir", "bucket/dir/"),)
    # Again: they are there, and no third is made of them.
    await imported(w, document)
    assert len(await w.stores.listed(ADA)) == 2


async def test_storage_of_a_file_never_takes_the_place_of_ones_own() -> None:
    w = world()
    await w.stores.keep(
        ADA,
        StorageAsked("nas", "https://mine.example", access_key_id="MY", secret_access_key=KEY),
        unchecked=True,
    )
    theirs = {
        "profileName": "nas",
        "creationTime": 1,
        "url": "https://evil.example",
        "credentials": {"accessKeyId": "AK", "secretAccessKey": "x"},
    }
    named = {**ONE, "s3ProfileName": "nas"}
    result = await imported(w, {"restorableServiceConfigs": [named], "s3Profiles": [theirs]})
    assert [one.configuration.s3_profile for one in result.saved] == ["nas-2"]
    stores = {one.name: one.url for one in await w.stores.listed(ADA)}
    assert stores == {"nas": "https://mine.example", "nas-2": "https://evil.example"}
    # Twenty at most: the rest is named, and the file's configurations are kept all the same.
    many = [{**theirs, "profileName": f"n{n}", "creationTime": n} for n in range(30)]
    result = await imported(w, {"s3Profiles": many})
    assert {one.reason.code for one in result.skipped} == {"own_storage_limit"}
    assert len(await w.stores.listed(ADA)) == len(many) - len(result.skipped) + 2


async def test_storage_of_a_file_is_left_out_where_secrets_cannot_be_kept() -> None:
    w = world()
    nobody = replace(ADA, projects=(replace(ADA.projects[0], group="soil"),))
    content = json.dumps({"restorableConfigs": [], "s3": {"s3Configs": [OLD_STORE]}}).encode()
    done = await w.configurations.import_document(nobody, P, content)
    assert [one.code for one in done.result.notices] == ["profiles_not_imported"]


@pytest.mark.parametrize(
    ("clash", "order", "database"),
    [
        (Clash.SKIP, ["night run"], "mine"),
        (Clash.OVERWRITE, ["night run"], "night"),
        (Clash.RENAME, ["night run", "night run 2"], "mine"),
    ],
)
async def test_a_taken_name_is_handled_as_asked(
    clash: Clash, order: list[str], database: str
) -> None:
    w = world()
    await saved(w, "night run", "auth.database=mine")
    result = await imported(w, [ONE], clash)
    assert await names(w) == order
    first = (await w.configurations.list(ADA, P)).configurations[0]
    assert first.configuration.patch[0].value == database
    skipped = ["configuration_name_taken"] if clash is Clash.SKIP else []
    assert [one.reason.code for one in result.skipped] == skipped


async def test_a_secret_in_a_file_is_not_kept() -> None:
    w = world()
    secret = {"path": ["auth", "password"], "value": "hunter2"}
    result = await imported(w, [{**ONE, "helmValuesPatch": [secret, *ONE["helmValuesPatch"]]}])
    assert [one.code for one in result.notices] == ["secret_left_out"]
    assert "hunter2" not in json.dumps(await w.configurations.export(ADA, P))
    # Of a version that is not here, whatever is called like a secret stays out.
    named = {"path": ["vault", "token"], "value": "hunter3"}
    old = {**ONE, "friendlyName": "old", "chartVersion": "0.0.1", "helmValuesPatch": [named]}
    result = await imported(w, [old])
    assert [one.code for one in result.notices] == ["version_not_listed", "secret_left_out"]
    assert "hunter" not in json.dumps(await w.configurations.export(ADA, P))


async def test_what_cannot_be_kept_is_told_and_the_rest_is_kept() -> None:
    w = world()
    document = [
        {**ONE, "friendlyName": "unknown chart", "chartName": "nope"},
        {**ONE, "friendlyName": "unknown catalogue", "catalogId": "nope"},
        {**ONE, "friendlyName": "two\nlines"},
        {**ONE, "friendlyName": "x" * 150},
        {
            **ONE,
            "helmValuesPatch": [{"path": ["env", 4], "value": 1}, {"path": ["ok"], "value": 1}],
        },
        {**ONE, "friendlyName": "twice", "chartVersion": "0.1.0", "helmValuesPatch": []},
        {**ONE, "friendlyName": "twice"},
        "text",
        {"friendlyName": 3},
        {**ONE, "helmValuesPatch": "x"},
        {**ONE, "helmValuesPatch": [{"path": []}]},
        None,
    ]
    result = await imported(w, document)
    assert await names(w) == ["night run", "twice"]
    codes = sorted(one.reason.code for one in result.skipped)
    assert codes == sorted(
        [
            "catalog_not_found",
            "chart_not_found",
            "configuration_incomplete",
            "configuration_no_object",
            "configuration_no_object",
            "configuration_patch",
            "configuration_patch_entry",
            "friendly_name",
            "friendly_name",
        ]
    )
    assert [one.pointer for one in result.notices] == ["/env/4"]
    twice = result.saved[1].configuration
    assert len(twice.patch) == 2  # of two of one name in a file the later counts


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"3",
        b'"text"',
        b"null",
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b'{"valueAsJson": "{"}',
        b'[{"friendlyName": NaN}]',
        b"9" * 5000,
    ],
)
async def test_a_broken_file_is_refused_and_nothing_is_kept(content: bytes) -> None:
    w = world()
    with pytest.raises(ImportFormatError):
        await imported(w, content)
    assert await names(w) == []
    assert w.audit.lines[-1][3] == "import_format"


async def test_ten_megabytes_are_not_even_parsed() -> None:
    with pytest.raises(ImportTooLargeError):
        await imported(world(), b" " * 10 * 1024 * 1024)
    assert LARGEST_IMPORT < 10 * 1024 * 1024


async def test_a_file_with_too_many_is_kept_whole_or_not_at_all() -> None:
    w = world()
    document = [{**ONE, "friendlyName": f"n{number}"} for number in range(MOST + 1)]
    with pytest.raises(ConfigurationLimitError):
        await imported(w, document)
    # Not even judged: each would cost a draft, and those of no known chart would be left out.
    with pytest.raises(ConfigurationLimitError):
        await imported(w, [{**one, "chartName": "unknown"} for one in document])
    assert await names(w) == []


async def test_values_yaml_becomes_a_configuration_and_back() -> None:
    w = world()
    content = b"auth:\n  database: census\n  password: hunter2\npersistence: {size: 3Gi}\n"
    of = ValuesOf(chart="postgresql", friendly_name="Census")
    done = await w.configurations.import_values(ADA, P, content, of)
    (kept,) = done.result.saved
    assert set(kept.configuration.patch) == {
        PatchEntry(("auth", "database"), "census"),
        PatchEntry(("persistence", "size"), "3Gi"),
    }
    assert [one.code for one in done.result.notices] == ["secret_left_out"]
    _, text = await w.configurations.values(ADA, P, kept.id)
    assert "hunter2" not in text and "password" not in text
    values = read(text).object
    assert values is not None
    again = await w.configurations.import_values(
        ADA, P, text.encode(), ValuesOf(chart="postgresql", friendly_name="Again")
    )
    assert set(again.result.saved[0].configuration.patch) == set(kept.configuration.patch)


@pytest.mark.parametrize("content", [b"a: [", b"- 1\n", b"\xff", b"a: 1\na: 2\n", b"a: &x [*x]"])
async def test_a_broken_values_yaml_is_refused(content: bytes) -> None:
    w = world()
    with pytest.raises(ImportFormatError):
        await w.configurations.import_values(
            ADA, P, content, ValuesOf(chart="postgresql", friendly_name="x")
        )
    with pytest.raises(FriendlyNameError):
        await w.configurations.import_values(
            ADA, P, b"a: 1", ValuesOf(chart="postgresql", friendly_name="two\nlines")
        )
    assert await names(w) == []


async def test_in_a_group_sharing_is_taken_over() -> None:
    w = world()
    content = json.dumps([{**ONE, "isShared": True}]).encode()
    await w.configurations.import_document(ADA, GROUP.id, content)
    (kept,) = (await w.configurations.list(ADA, GROUP.id)).configurations
    assert kept.configuration.shared is True


def test_a_free_name_is_found_and_stays_within_bounds() -> None:
    assert free_name("a", set(), longest=10) == "a"
    assert free_name("a", {"a", "a 2"}, longest=10) == "a 3"
    long = "x" * 10
    assert free_name(long, {long}, longest=10) == "x" * 8 + " 2"


def test_reading_needs_no_platform() -> None:
    read_file = read_document(json.dumps([ONE, 3]).encode())
    assert [one.friendly_name for one in read_file.configurations] == ["night run"]
    assert [one.pointer for one in read_file.problems] == ["/1"]
