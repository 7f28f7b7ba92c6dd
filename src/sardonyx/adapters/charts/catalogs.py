"""The catalogues of an instance as an administrator lists them, kept fresh behind the requests.

What was saved is shown at once; the network is asked only in the tasks of `running()`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx2
import structlog

from sardonyx.adapters.charts.confined import ConfinedReader
from sardonyx.adapters.charts.fetch import Access
from sardonyx.adapters.charts.helm_repository import HelmRepository
from sardonyx.adapters.charts.icons import Icons
from sardonyx.adapters.charts.oci import OciRegistry
from sardonyx.adapters.charts.remote import Remote
from sardonyx.adapters.charts.repository import RemoteCatalog
from sardonyx.adapters.charts.store import DiskCache
from sardonyx.catalog.errors import CatalogSettingsError
from sardonyx.catalog.folders import CatalogSource
from sardonyx.catalog.ports import Repository
from sardonyx.catalog.settings import CatalogSettings, catalog_settings
from sardonyx.values import JsonObject, Secret

# After a reading that failed the next one comes sooner.
_AGAIN = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


class ChartCatalogs:
    """All catalogues but the platform's own.

    written: Onyxia's objects. data: a folder of this process alone. ca_directory: where `caFile`
    names are. refresh: between two readings; at_least: between two that are asked for.
    Raises CatalogSettingsError.
    """

    def __init__(
        self,
        written: Sequence[JsonObject],
        *,
        data: Path,
        ca_directory: Path | None = None,
        refresh: timedelta = timedelta(minutes=5),
        at_least: timedelta = timedelta(seconds=5),
    ) -> None:
        self._refresh = refresh
        self._at_least = at_least
        self._cache = DiskCache(data)
        self._reader = ConfinedReader()
        self._icons = Icons(self._cache)
        self._remote: list[RemoteCatalog] = []
        sources: dict[str, Repository] = {}
        for one in written:
            settings = catalog_settings(one)
            if settings.id in sources:
                raise _wrong(settings, "id", "another catalogue has it too")
            sources[settings.id] = self._source(settings, ca_directory)
        self.sources: tuple[Repository, ...] = tuple(sources.values())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the catalogues fresh until the block ends. Does not wait for the first reading."""
        tasks = [asyncio.create_task(self._fresh(catalog)) for catalog in self._remote]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            for catalog in self._remote:
                await catalog.close()
            await self._reader.close()

    async def read_once(self) -> None:
        """Read every repository now, one after the other; for what runs and ends."""
        try:
            for catalog in self._remote:
                await catalog.refresh()
        finally:
            for catalog in self._remote:
                await catalog.close()
            await self._reader.close()

    def _source(self, settings: CatalogSettings, ca_directory: Path | None) -> Repository:
        parts = urlsplit(settings.location)
        if parts.scheme == "file":
            folder = Path(unquote(parts.path))
            return CatalogSource(settings.id, settings.name or settings.id, folder, settings)
        access = _access(settings, ca_directory)
        remote: Remote
        if parts.scheme == "oci":
            if settings.mirrors:
                raise _wrong(settings, "mirrors", "an OCI registry has none here")
            remote = OciRegistry(
                settings.location, access, charts=settings.charts, plain_http=settings.plain_http
            )
        else:
            remote = HelmRepository(settings.location, settings.mirrors, access, self._reader)
        catalog = RemoteCatalog(
            settings, remote, cache=self._cache, reader=self._reader, icons=self._icons
        )
        self._remote.append(catalog)
        return catalog

    async def _fresh(self, catalog: RemoteCatalog) -> None:
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        catalog.on_reload(lambda: _told(loop, asked))
        while True:
            asked.clear()
            try:
                await catalog.refresh()
                self._sweep()
            except Exception:  # noqa: BLE001 - a catalogue's bug costs only that catalogue
                _log.exception("catalog_refresh_broke", catalog=catalog.id)
            reading = catalog.catalog().reading
            failed = reading is None or reading.fault is not None
            wait = min(self._refresh, _AGAIN) if failed else self._refresh
            least = min(self._at_least, wait).total_seconds()
            await asyncio.sleep(least)
            with suppress(TimeoutError):
                # Not all replicas at the same moment.
                seconds = wait.total_seconds() * random.uniform(0.9, 1.1)  # noqa: S311
                async with asyncio.timeout(max(0.0, seconds - least)):
                    await asked.wait()

    def _sweep(self) -> None:
        used = {digest for catalog in self._remote for digest in catalog.digests()}
        try:
            self._cache.sweep(used)
        except OSError as error:
            _log.warning("catalog_sweep_failed", reason=error.strerror)


def _told(loop: asyncio.AbstractEventLoop, asked: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the platform is ending
        loop.call_soon_threadsafe(asked.set)


def _access(settings: CatalogSettings, ca_directory: Path | None) -> Access:
    ca_file = None
    if settings.ca_file is not None and not settings.skip_tls_verify:
        if ca_directory is None or not (ca_directory / settings.ca_file).is_file():
            raise _wrong(settings, "caFile", "there is no such file in the folder")
        ca_file = ca_directory / settings.ca_file
    password = settings.password.get_secret_value() if settings.password else ""
    if settings.password_file is not None:
        try:
            password = settings.password_file.read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise _wrong(settings, "passwordFile", "the file cannot be read") from None
    return Access(
        named=frozenset(
            httpx2.URL(place).raw_host.decode("ascii")
            for place in (settings.location, *settings.mirrors)
        ),
        ca_file=ca_file,
        skip_tls_verify=settings.skip_tls_verify,
        seconds=settings.timeout.total_seconds(),
        username=settings.username or "",
        password=Secret(password),
    )


def _wrong(settings: CatalogSettings, key: str, reason: str) -> CatalogSettingsError:
    return CatalogSettingsError(catalog=settings.id, key=key, reason=reason)
