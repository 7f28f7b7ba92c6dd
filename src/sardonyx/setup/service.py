"""Check how the platform is set up: for the page of administrators and for `doctor`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from sardonyx.deployment import ClusterSettings
from sardonyx.projects.models import Actor
from sardonyx.setup import judgement
from sardonyx.setup.errors import AdministratorRequiredError, SetupAreaNotFoundError
from sardonyx.setup.models import Area, Check
from sardonyx.setup.needs import needed_rights
from sardonyx.setup.ports import Probes


class SetupChecks:
    """Looks at each area when asked, and keeps the last answer of each for the page."""

    def __init__(
        self,
        *,
        settings: ClusterSettings,
        probes: Probes,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._probes = probes
        self._now = now
        self._kept: dict[Area, Check] = {}
        self._looks: dict[Area, Callable[[], Awaitable[Check]]] = {
            Area.IDENTITY: self._identity,
            Area.DATABASE: self._database,
            Area.RIGHTS: self._rights,
            Area.STORAGE: self._storage,
            Area.SECRETS: self._secrets,
            Area.EXPOSURE: self._exposure,
            Area.CATALOGS: self._catalogs,
            Area.IMAGES: self._images,
        }

    async def checks(self, actor: Actor) -> tuple[Check, ...]:
        """Return every area's last check, looking at those never looked at.

        Raises AdministratorRequiredError.
        """
        _require(actor)
        missing = [area for area in Area if area not in self._kept]
        await asyncio.gather(*(self._look(area) for area in missing))
        return tuple(self._kept[area] for area in Area)

    async def test(self, actor: Actor, area: str) -> Check:
        """Look at one area now. Raises AdministratorRequiredError, SetupAreaNotFoundError."""
        _require(actor)
        if area not in set(Area):
            raise SetupAreaNotFoundError(area=area, known=", ".join(Area), field="area")
        return await self._look(Area(area))

    async def all(self) -> tuple[Check, ...]:
        """Look at every area now, for whoever holds the settings file (`doctor`)."""
        return tuple(await asyncio.gather(*(self._look(area) for area in Area)))

    async def _look(self, area: Area) -> Check:
        began = time.monotonic()
        check = await self._looks[area]()
        seconds = time.monotonic() - began
        self._kept[area] = replace(check, at=self._now(), seconds=seconds)
        return self._kept[area]

    async def _identity(self) -> Check:
        return judgement.identity(self._settings, await self._probes.identity())

    async def _database(self) -> Check:
        return judgement.database(self._settings, await self._probes.database())

    async def _rights(self) -> Check:
        needed = needed_rights(self._settings)
        return judgement.rights(self._settings, await self._probes.rights(needed))

    async def _storage(self) -> Check:
        return judgement.storage(self._settings, await self._probes.storage())

    async def _secrets(self) -> Check:
        return judgement.secrets(self._settings, await self._probes.secrets())

    async def _exposure(self) -> Check:
        return judgement.exposure(self._settings, await self._probes.exposure())

    async def _catalogs(self) -> Check:
        return judgement.catalogs(self._settings, await self._probes.catalogs())

    async def _images(self) -> Check:
        return judgement.images(self._settings, await self._probes.images())


def _require(actor: Actor) -> None:
    if not actor.is_admin:
        raise AdministratorRequiredError
