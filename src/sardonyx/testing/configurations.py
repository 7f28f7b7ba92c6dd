"""Saved configurations kept in memory: the fake of `ConfigurationRecords`."""

from __future__ import annotations

from collections.abc import Sequence

from sardonyx.account.configurations.models import ConfigurationList, KeptConfiguration


class MemoryConfigurations:
    """Keeps each project's list in a dictionary."""

    def __init__(self) -> None:
        self._kept: dict[str, ConfigurationList] = {}

    async def configurations(self, project: str) -> ConfigurationList:
        return self._kept.get(project, ConfigurationList())

    async def replace_configurations(
        self, project: str, kept: Sequence[KeptConfiguration], *, number: int
    ) -> bool:
        if (await self.configurations(project)).number != number:
            return False
        self._kept[project] = ConfigurationList(number + 1, tuple(kept))
        return True
