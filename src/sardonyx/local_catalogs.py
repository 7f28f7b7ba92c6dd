"""Name the catalogues of one machine, and what of them is made ahead of the first launch.

Wiring, as `local` is; `up` loads it while the portal starts.
"""

from __future__ import annotations

from pathlib import Path

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.parts import Part
from sardonyx.adapters.processes.preparation import preparation_part, unprepared
from sardonyx.catalog.own_folder import OwnFolder
from sardonyx.catalog.service import CatalogService, CatalogSource, default_sources
from sardonyx.settings import Settings


def catalog_service(settings: Settings) -> CatalogService:
    """Return the catalogues: the platform's own, the administrator's folders, the person's."""
    folders = (CatalogSource.of_folder(folder) for folder in settings.catalogs)
    brought = OwnFolder(Home(settings.home).charts)
    return CatalogService((*default_sources(), *folders, brought))


def _requirements(catalog: CatalogService) -> dict[str, Path]:
    """Return the pinned requirements of the platform's own charts, by chart name."""
    found = {}
    for chart in catalog.own_charts():
        environment = (chart.local or {}).get("environment")
        python = environment.get("python") if isinstance(environment, dict) else None
        if isinstance(python, str):
            found[chart.ref.chart] = chart.folder / python
    return found


def preparation(settings: Settings) -> Part | None:
    """Return the program that builds environments ahead, None when there is nothing to do."""
    home = Home(settings.home)
    ahead = _requirements(catalog_service(settings)) if settings.prepare else {}
    waiting = unprepared(home, ahead)
    return preparation_part(home, waiting) if waiting else None
