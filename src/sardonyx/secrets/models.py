"""What secrets are: folders of named sets of key and value, with versions."""

from __future__ import annotations

from dataclasses import dataclass

from sardonyx.values import Secret


@dataclass(frozen=True, slots=True)
class SecretFolder:
    """One folder: names of sub-folders and of secrets, sorted; hidden ones left out."""

    path: str
    folders: tuple[str, ...]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecretSet:
    """One secret: its path inside the project's folder, its keys with values, its version."""

    path: str
    entries: dict[str, Secret]
    version: int
