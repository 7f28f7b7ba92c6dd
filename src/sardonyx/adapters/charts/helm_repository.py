"""Read a Helm repository over HTTP: its index when it changed, archives by their digests.

When the location does not answer its mirrors are asked in turn, with the same name and password.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from sardonyx.adapters.charts.archive import MAX_ARCHIVE
from sardonyx.adapters.charts.confined import ConfinedReader
from sardonyx.adapters.charts.fetch import Access, Fetcher, address_refused, joined, numbered, shown
from sardonyx.adapters.charts.index import MAX_INDEX
from sardonyx.adapters.charts.oci import OciRegistry
from sardonyx.adapters.charts.remote import Marks
from sardonyx.catalog.faults import RepositoryError
from sardonyx.catalog.selection import IndexEntry
from sardonyx.text import N_

_NOT_MODIFIED = 304


class HelmRepository:
    """The Remote of `https://host/path` with an `index.yaml`."""

    def __init__(
        self, location: str, mirrors: tuple[str, ...], access: Access, reader: ConfinedReader
    ) -> None:
        self._location = location
        self._fetchers = {base: Fetcher(access, origin=base) for base in (location, *mirrors)}
        self._reader = reader
        self._access = access
        self._answering = location

    async def index(self, entries: Path, marks: Marks) -> Marks | None:
        """Write the index's entries; None when its tag or its bytes are as they were."""
        first: RepositoryError | None = None
        for base, fetcher in self._fetchers.items():
            try:
                found = await self._index(base, fetcher, entries, marks)
            except RepositoryError as error:
                first = first or error
                continue
            self._answering = base
            return found
        assert first is not None  # noqa: S101 - there is a location
        raise first

    async def pinned(self, entry: IndexEntry) -> IndexEntry:
        """Return the entry: an index says its digests, or never will."""
        return entry

    async def archive(self, entry: IndexEntry, file: Path) -> str:
        """Fetch an archive from the base that answered last, else from the others."""
        first: RepositoryError | None = None
        others = [base for base in self._fetchers if base != self._answering]
        for base in (self._answering, *others):
            try:
                return await self._archive(entry, self._address(entry.urls[0], base), base, file)
            except RepositoryError as error:
                first = first or error
        assert first is not None  # noqa: S101 - there is a location
        raise first

    async def picture(self, url: str, file: Path, *, most: int) -> None:
        """Fetch a picture, its address relative to the location."""
        address = self._address(url, self._answering)
        await self._fetchers[self._answering].to_file(address, file, most=most)

    async def close(self) -> None:
        """Close the connections to location and mirrors."""
        for fetcher in self._fetchers.values():
            await fetcher.close()

    async def _index(
        self, base: str, fetcher: Fetcher, entries: Path, marks: Marks
    ) -> Marks | None:
        url = f"{base}/index.yaml"
        asked = {}
        if marks.get("base") == base:
            if "etag" in marks:
                asked["if-none-match"] = marks["etag"]
            elif "modified" in marks:
                asked["if-modified-since"] = marks["modified"]
        file = entries.with_suffix(".yaml")
        try:
            answer = await fetcher.to_file(url, file, most=MAX_INDEX, headers=asked)
            if answer.status == _NOT_MODIFIED:
                return None
            found = {"base": base, "digest": answer.digest}
            for mark, header in (("etag", "etag"), ("modified", "last-modified")):
                if header in answer.headers:
                    found[mark] = answer.headers[header]
            if marks.get("digest") == answer.digest:
                return None
            try:
                await self._reader.index(file, entries)
            except RepositoryError as error:
                raise error.at(shown(url)) from error
            return found
        finally:
            file.unlink(missing_ok=True)

    def _address(self, url: str, base: str) -> str:
        """Return the address of what an index names, at one of the repository's bases."""
        whole = joined(f"{self._location}/", url)
        if whole.startswith(f"{self._location}/"):
            return base + whole.removeprefix(self._location)
        return whole

    async def _archive(self, entry: IndexEntry, url: str, base: str, file: Path) -> str:
        if urlsplit(url).scheme == "oci":
            # Some indexes name archives of a registry: another host, which gets no key of ours.
            if numbered(urlsplit(url).hostname or ""):
                raise address_refused(url)
            ours = self._access
            access = Access(ours.named, seconds=ours.seconds, resolve=ours.resolve)
            registry = OciRegistry(url, access)
            try:
                digest = await registry.archive(await registry.pinned(entry), file)
            finally:
                await registry.close()
        else:
            answer = await self._fetchers[base].to_file(url, file, most=MAX_ARCHIVE, encoded=True)
            digest = answer.digest
        if entry.digest and digest != entry.digest:
            raise digest_differs(url)
        return digest


def digest_differs(url: str) -> RepositoryError:
    """Return the fault of an archive that is not what was promised."""
    template = N_("What it sends does not have the digest that was promised.")
    return RepositoryError("archive_digest", template, place=shown(url))
