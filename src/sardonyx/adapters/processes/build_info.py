"""Read what a Go program says about its own making: module, version, revision.

Every Go binary carries it (`go version -m` prints it); reading it starts nothing. It shows what
a repackaged program was built from, and whether the source was modified.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sardonyx.errors import SystemFault
from sardonyx.text import N_

# The linker puts these sixteen bytes before and after the text.
# Source: https://github.com/golang/go/blob/master/src/cmd/go/internal/modload/build.go
_START = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")
_END = bytes.fromhex("f932433186182072008242104116d8f2")
_LONGEST = 1_000_000


class BuildInfoMissingError(SystemFault):
    code = "build_info_missing"
    title = N_("A program does not say how it was made")
    detail = N_("{path} holds no build information of Go.")
    next_step = N_(
        "Install the local parts again: pip install --force-reinstall 'sardonyx[local]'."
    )


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """What was built, from which modules.

    dependencies: version and checksum (`v2.11.7 h1:…`) of each module.
    settings: as recorded, such as `vcs.revision` and `vcs.modified`.
    """

    path: str
    module: str
    version: str
    dependencies: Mapping[str, str]
    settings: Mapping[str, str]


def build_info(program: Path) -> BuildInfo:
    """Return the program's build information. Raises BuildInfoMissingError."""
    with program.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        start = image.find(_START)
        end = image.find(_END, start)
        if start < 0 or not start < end < start + _LONGEST:
            raise BuildInfoMissingError(path=str(program))
        lines = image[start + len(_START) : end].decode().splitlines()
    fields = [line.split("\t") for line in lines]
    module = next((field for field in fields if field[0] == "mod"), ["mod", "", ""])
    return BuildInfo(
        path=next((field[1] for field in fields if field[0] == "path"), ""),
        module=module[1],
        version=module[2],
        dependencies={field[1]: " ".join(field[2:]) for field in fields if field[0] == "dep"},
        settings={
            name: value
            for field in fields
            if field[0] == "build"
            for name, _, value in [field[1].partition("=")]
        },
    )
