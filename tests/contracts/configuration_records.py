"""What every ConfigurationRecords does, whatever holds the lists."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from sardonyx.account.configurations.models import ConfigurationList, KeptConfiguration
from sardonyx.account.configurations.ports import ConfigurationRecords
from sardonyx.launcher.configurations import SavedConfiguration
from sardonyx.launcher.models import PatchEntry

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
Open = Callable[[], ConfigurationRecords]


def kept(name: str, *, number: str = "", patch: tuple[PatchEntry, ...] = ()) -> KeptConfiguration:
    made = SavedConfiguration(name, "forge", "rivulet", "2.1.0", patch, shared=True)
    return KeptConfiguration(number or f"id{name}", 3, made, "Ada.L@example.org", NOW, "eve")


class ConfigurationRecordsContract:
    """`opened` opens the same empty records, once for each replica."""

    async def test_nothing_kept_is_an_empty_list(self, opened: Open) -> None:
        assert await opened().configurations("soil") == ConfigurationList(0, ())

    async def test_what_is_kept_comes_back_in_its_order(self, opened: Open) -> None:
        patch = (
            PatchEntry(("cpu", "cores"), 3),
            PatchEntry(("db", "url")),
            PatchEntry(("env", 0, "naïve\u0000.\U0001f600key"), "«\x00»\ud800"),
            PatchEntry(("empty",), []),
            PatchEntry(("null",), None),
            PatchEntry(("half",), 0.5),
        )
        listed = [kept("nuit d’été", number="b", patch=patch), kept("a"), kept("Z" * 100)]
        records = opened()
        assert await records.replace_configurations("soil", listed, number=0)
        assert await opened().configurations("soil") == ConfigurationList(1, tuple(listed))
        assert await records.replace_configurations("soil", listed[::-1], number=1)
        assert await records.configurations("soil") == ConfigurationList(2, tuple(listed[::-1]))

    async def test_projects_are_apart(self, opened: Open) -> None:
        records = opened()
        await records.replace_configurations("soil", [kept("a")], number=0)
        await records.replace_configurations("air", [], number=0)
        assert (await records.configurations("soil")).configurations == (kept("a"),)
        assert (await records.configurations("air")).configurations == ()

    async def test_a_list_that_changed_meanwhile_is_left_alone(self, opened: Open) -> None:
        records = opened()
        assert not await records.replace_configurations("soil", [kept("a")], number=1)
        assert await records.replace_configurations("soil", [kept("a")], number=0)
        for late in (0, 2, 7):
            assert not await records.replace_configurations("soil", [kept("b")], number=late)
        assert (await records.configurations("soil")).configurations == (kept("a"),)

    async def test_of_two_replicas_one_replaces_a_list(self, opened: Open) -> None:
        replicas = [opened(), opened()]
        for number in range(10):
            won = await asyncio.gather(
                *(
                    one.replace_configurations("soil", [kept(f"{number}-{place}")], number=number)
                    for place, one in enumerate(replicas)
                )
            )
            assert sorted(won) == [False, True]
            found = (await replicas[0].configurations("soil")).configurations
            assert found == (kept(f"{number}-{won.index(True)}"),)
