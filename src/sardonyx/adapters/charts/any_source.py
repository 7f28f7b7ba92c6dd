"""Fetch one chart from where a person says: the ChartFetcher."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sardonyx.adapters.charts.archive import MAX_ARCHIVE, too_large
from sardonyx.adapters.charts.confined import ConfinedReader, UnreadableChartError
from sardonyx.adapters.charts.faults import of_disk
from sardonyx.adapters.charts.fetch import Access, Fetcher, address_refused, numbered
from sardonyx.adapters.charts.helm_repository import HelmRepository
from sardonyx.adapters.charts.oci import OciRegistry
from sardonyx.adapters.charts.remote import Remote
from sardonyx.adapters.git.archive import git_archive
from sardonyx.adapters.http.outward import Resolve, resolve
from sardonyx.catalog.errors import ChartSourceError
from sardonyx.catalog.faults import RepositoryError
from sardonyx.catalog.own import without_keys
from sardonyx.catalog.own_ports import Brought, ChartSource
from sardonyx.catalog.selection import IndexEntry
from sardonyx.catalog.versions import is_prerelease, is_version, order
from sardonyx.errors import Problem
from sardonyx.text import N_
from sardonyx.values import JsonObject

_GIT = "git+"
_ARCHIVES = (".tgz", ".tar.gz")


class AnyChartFetcher:
    """Fetches by address; archives are read by the confined worker, as catalogues' are.

    named: hosts that an administrator wrote, which may be inside; any other is outside and leads
    outside alone, and Git, which connects by itself, goes to these and by https. None: the person
    is the administrator, and names a host by its address. resolve: finds the addresses of a host.
    plain: addresses may be http too, and Git's a folder; for tests.
    """

    def __init__(
        self,
        *,
        named: frozenset[str] | None = None,
        plain: bool = False,
        reader: ConfinedReader | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        self._reader = reader or ConfinedReader()
        self._named = named
        self._plain = plain
        self._resolve = resolve

    async def close(self) -> None:
        """End the worker."""
        await self._reader.close()

    async def fetch(self, source: ChartSource, place: Path) -> Brought:
        """Bring the chart of `source` into `place`."""
        with _whole(place) as file:
            async with _said(source.address):
                await self._fetched(source, file)
                return await self._unpacked(file)

    async def unpack(self, content: AsyncIterator[bytes], place: Path) -> Brought:
        """Bring an archive that is sent into `place`."""
        with _whole(place) as file:
            async with _said(".tgz"):
                await _written(content, file)
                return await self._unpacked(file)

    async def _unpacked(self, file: Path) -> Brought:
        folder, content = file.with_name("chart"), file.with_name("content.json")
        listing = await self._reader.chart(file, folder, content)
        return Brought(await asyncio.to_thread(_digest, file), listing)

    async def _fetched(self, source: ChartSource, file: Path) -> None:
        address = source.address
        if address.startswith(_GIT):
            await self._cloned(source, file)
            return
        host = self._host(address)
        # Of this fetch alone: that another host which was named is inside says nothing of this one.
        may_be_inside = self._named is None or host in self._named
        access = Access(frozenset((host,) if may_be_inside else ()), resolve=self._resolve)
        if address.startswith("oci://"):
            whole, _, tag = address.rpartition(":")
            tagged = "/" in whole.removeprefix("oci://") and "/" not in tag
            location, version = (whole, tag) if tagged else (address, source.version)
            registry = OciRegistry(location, access, plain_http=self._plain)
            await self._chosen(registry, "", version, file)
        elif source.chart:
            repository = HelmRepository(address.rstrip("/"), (), access, self._reader)
            await self._chosen(repository, source.chart, source.version, file)
        elif urlsplit(address).path.endswith(_ARCHIVES):
            fetcher = Fetcher(access, origin=address)
            try:
                await fetcher.to_file(address, file, most=MAX_ARCHIVE, encoded=True)
            finally:
                await fetcher.close()
        else:
            template = N_("This is no archive (.tgz): name the chart of the repository too.")
            raise RepositoryError("source_chart", template)

    async def _cloned(self, source: ChartSource, file: Path) -> None:
        url = source.address.removeprefix(_GIT)
        schemes: tuple[str, ...] = ("https", "ssh")
        if self._named is not None:
            # No keys of a person's own are here, and nothing looks at where Git connects to.
            schemes = ("https",)
            if _hostname(url) not in self._named:
                template = N_("An administrator must name the host of a Git repository.")
                raise RepositoryError("git_host", template)
        if self._plain:
            schemes += ("file",)
        await git_archive(url, file, folder=source.folder, branch=source.branch, schemes=schemes)

    def _host(self, address: str) -> str:
        schemes = ("https", "oci", "http") if self._plain else ("https", "oci")
        try:
            parts = urlsplit(address)
            host = parts.hostname or ""
            keys = parts.username is not None or parts.password is not None
        except ValueError:
            host, keys, parts = "", False, urlsplit("")
        # A query often is a key, and what is fetched is told by commands and the audit.
        if not host or keys or "?" in address or "#" in address or parts.scheme not in schemes:
            template = N_(
                "Only https://, oci:// and git+https:// addresses without keys, “?” and “#” are "
                "taken."
            )
            raise RepositoryError("source_address", template)
        if self._named is not None and host not in self._named and numbered(host):
            raise address_refused(address)  # a proxy would go there: it has no look of ours
        return host

    async def _chosen(self, remote: Remote, chart: str, version: str, file: Path) -> None:
        """Fetch the asked version of a chart, else its newest that is no pre-release."""
        try:
            entries = file.with_name("entries.json")
            await remote.index(entries, {})
            known = [
                one
                for one in await asyncio.to_thread(_entries, entries)
                if (not chart or one.name == chart) and is_version(one.version)
            ]
            known.sort(key=lambda one: order(one.version), reverse=True)
            stable = [one for one in known if not is_prerelease(one.version)]
            asked = [one for one in known if one.version == version] if version else stable or known
            if not asked:
                template = N_("It has no chart “{chart}” in this version.")
                raise RepositoryError("source_missing", template, {"chart": chart or "-"})
            await remote.archive(await remote.pinned(asked[0]), file)
        finally:
            await remote.close()


@contextmanager
def _whole(place: Path) -> Iterator[Path]:
    """Give the place of the archive in the new folder `place`, which a fault removes."""
    place.mkdir()
    try:
        yield place / "chart.tgz"
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


@asynccontextmanager
async def _said(address: str) -> AsyncIterator[None]:
    """Say what is wrong with a chart as an error that a person meets."""
    problems: tuple[Problem, ...]
    cause: Exception
    try:
        yield
        return
    except RepositoryError as error:
        problems, cause = (error.problem,), error
    except UnreadableChartError as error:
        problems, cause = error.problems, error
    except OSError as error:
        problems, cause = (of_disk(error).problem,), error
    raise ChartSourceError(address=without_keys(address), problems=problems) from cause


async def _written(content: AsyncIterator[bytes], file: Path) -> None:
    size = 0
    with file.open("wb") as out:
        async for chunk in content:
            size += len(chunk)
            if size > MAX_ARCHIVE:
                raise too_large(MAX_ARCHIVE)
            out.write(chunk)


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _entries(file: Path) -> list[IndexEntry]:
    listed: list[JsonObject] = json.loads(file.read_bytes())
    return [
        IndexEntry(
            name=str(one["name"]),
            version=str(one["version"]),
            urls=tuple(str(url) for url in _list(one, "urls")),
            digest=str(one["digest"]),
        )
        for one in listed
    ]


def _list(one: JsonObject, key: str) -> list[object]:
    found = one[key]
    return list(found) if isinstance(found, list) else []


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
