"""Name the programs the supervisor of one machine keeps running.

Wiring, as `app` is. A module of its own because `up` loads it before anything runs: it imports
neither the services nor the database, which the portal alone needs, nor the catalogue.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from sardonyx.adapters.caddy.front_door import CaddyFrontDoor
from sardonyx.adapters.openbao.server import openbao_part
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.parts import Part
from sardonyx.adapters.processes.programs import Program, find_program
from sardonyx.adapters.s3.seaweedfs import KeyLife, seaweedfs_part
from sardonyx.settings import Settings

# What a Python part needs of the caller's environment: nothing that holds a secret.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME")
# Two arenas: glibc's per-thread heaps otherwise double the memory of an idle server. Pydantic
# would look through all packages there are for plug-ins that nobody has.
_SERVER = {"MALLOC_ARENA_MAX": "2", "PYDANTIC_DISABLE_PLUGINS": "__all__"}


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
    return [
        _python_part(home, "keys", "sardonyx.adapters.oidc.server"),
        _python_part(home, "portal", "sardonyx.portal", "--port", str(settings.port)),
        CaddyFrontDoor(home=home, port=settings.port).part(str(programs["caddy"].path)),
        seaweedfs_part(home, ports, programs["seaweedfs"].path, life=life),
        openbao_part(home, ports, programs["openbao"].path),
    ]


def _python_part(home: Home, name: str, module: str, *options: str) -> Part:
    environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
    settings = {key: value for key, value in os.environ.items() if key.startswith("SARDONYX_")}
    return Part(
        name=name,
        command=(sys.executable, "-m", module, "--home", str(home.root), *options),
        directory=home.root,
        environment={**environment, **settings, **_SERVER},
    )
