"""What a catalogue over a network needs of the kind of repository that it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from sardonyx.catalog.selection import IndexEntry

# What a repository remembers of its last good reading, kept on disk between two.
Marks = Mapping[str, str]


class Remote(Protocol):
    """A Helm repository or an OCI registry. Every method raises RepositoryError."""

    async def index(self, entries: Path, marks: Marks) -> Marks | None:
        """Write what it holds to `entries`, as a JSON list of entries' fields.

        None, and nothing written, when it is as it was at the reading that left `marks`.
        """

    async def pinned(self, entry: IndexEntry) -> IndexEntry:
        """Return the entry with its digest where that takes a question of its own."""

    async def archive(self, entry: IndexEntry, file: Path) -> str:
        """Write the archive of a pinned entry to `file` and return its digest, `sha256:…`.

        It is that of the entry, where the entry has one.
        """

    async def picture(self, url: str, file: Path, *, most: int) -> None:
        """Write the picture at `url` to `file`."""

    async def close(self) -> None:
        """Close the connections."""
