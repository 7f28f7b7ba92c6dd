"""Describe one long-running program of the platform's own, for the supervisor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """A program the supervisor runs as long as the platform is up.

    command: argument list, without secrets (others read it in `ps`). environment: the whole
    environment of the program, nothing is inherited. directory: where it starts. once: it ends
    by itself and is not started again.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
