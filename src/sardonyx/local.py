"""Name the programs the supervisor of one machine keeps running, and the catalogues there.

Wiring, as `app` is. A module of its own because `up` loads it before anything runs: it imports
neither the services nor the database, which the portal alone needs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from sardonyx.adapters.caddy.front_door import CaddyFrontDoor
from sardonyx.adapters.openbao.server import openbao_part
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.parts import Part
from sardonyx.adapters.processes.preparation import preparation_part, unprepared
from sardonyx.adapters.processes.programs import Program, find_program
from sardonyx.adapters.s3.seaweedfs import KeyLife, seaweedfs_part
from sardonyx.catalog.own import OWN_CATALOG, OWN_NAME
from sardonyx.catalog.service import CatalogService, CatalogSource, default_sources
from sardonyx.settings import Settings

# What a Python part needs of the caller's environment: nothing that holds a secret.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME")


def part_programs() -> Mapping[str, Program]:
    """Return the programs of the parts by part name. Raises ProgramMissingError."""
    return {
        "caddy": find_program("caddy"),
        "seaweedfs": find_program("weed"),
        "openbao": find_program("bao"),
    }


def local_parts(settings: Settings) -> list[Part]:
    """Return the programs the supervisor of one machine keeps running; writes their settings."""
    home = Home(settings.home)
    home.prepare()
    ports = home.ports()
    programs = part_programs()
    life = KeyLife(usual=settings.key_life, longest=settings.key_life)
    ahead = _requirements(catalog_service(settings)) if settings.prepare else {}
    waiting = unprepared(home, ahead)
    home.preparation.unlink(missing_ok=True)
    return [
        _python_part(home, "keys", "sardonyx.adapters.oidc.server"),
        _python_part(home, "portal", "sardonyx.portal", "--port", str(settings.port)),
        CaddyFrontDoor(home=home, port=settings.port).part(str(programs["caddy"].path)),
        seaweedfs_part(home, ports, programs["seaweedfs"].path, life=life),
        openbao_part(home, ports, programs["openbao"].path),
        # Not even started when there is nothing to do: the portal starts at the same time.
        *([preparation_part(home, waiting)] if waiting else []),
    ]


def catalog_service(settings: Settings) -> CatalogService:
    """Return the catalogues: the platform's own, the administrator's folders, the person's."""
    folders = (CatalogSource.of_folder(folder) for folder in settings.catalogs)
    brought = CatalogSource(OWN_CATALOG, OWN_NAME, Home(settings.home).charts)
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


def _python_part(home: Home, name: str, module: str, *options: str) -> Part:
    environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
    settings = {key: value for key, value in os.environ.items() if key.startswith("SARDONYX_")}
    return Part(
        name=name,
        command=(sys.executable, "-m", module, "--home", str(home.root), *options),
        directory=home.root,
        # Two arenas: glibc's per-thread heaps otherwise double the memory of an idle server.
        environment={**environment, **settings, "MALLOC_ARENA_MAX": "2"},
    )
