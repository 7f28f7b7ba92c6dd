"""The platform from Python, one call after the other: `Client`.

with Client.of_home(Path("~/.local/share/sardonyx").expanduser()) as platform:
    service = platform.services.launch("jupyter-python")
    platform.services.wait(service.name, until={"running"}, seconds=60)
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sardonyx.client import calls, file_calls
from sardonyx.client.account import AccountArea
from sardonyx.client.calls import Answer, Call, ServicePage
from sardonyx.client.catalog import CatalogArea
from sardonyx.client.charts import ChartArea, Review, read_review
from sardonyx.client.configurations import ConfigurationArea
from sardonyx.client.connection import (
    EventReader,
    Place,
    answer_of,
    own_machine,
    shown,
    sync_http,
    translated,
)
from sardonyx.client.file_calls import Folder, RemoteFile
from sardonyx.client.files import FileArea, SecretArea
from sardonyx.client.models import Event, Me, Project
from sardonyx.client.operations import Pause, Steps
from sardonyx.client.services import ServiceArea
from sardonyx.values import Secret

T = TypeVar("T")
BLOCK = 1 << 20
Progress = Callable[[int], None]
"""Told the number of bytes of each block that went through."""
TRANSFER_SECONDS = 300.0  # a store may stay silent for long while it writes the last part


class Client:
    """One platform. Raises RemoteError for what it refuses, PlatformNotRunningError and kin."""

    def __init__(self, place: Place, *, language: str = "en") -> None:
        self._place = place
        self._http = sync_http(place, language)
        self._project: str | None = None
        self.account: AccountArea[Client] = AccountArea(self)
        self.configurations: ConfigurationArea[Client] = ConfigurationArea(self)
        self.catalog: CatalogArea[Client] = CatalogArea(self)
        self.charts = Charts(self)
        self.services = Services(self)
        self.files = Files(self)
        self.secrets: SecretArea[Client] = SecretArea(self)

    @classmethod
    def of_home(cls, home: Path, *, language: str = "en") -> Client:
        """Return a client of the platform that runs on this machine."""
        return cls(own_machine(home), language=language)

    @classmethod
    def of_url(cls, url: str, token: Secret, *, language: str = "en") -> Client:
        """Return a client of a platform elsewhere."""
        return cls(Place(url.rstrip("/"), token), language=language)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Send one request and return what its answer says."""
        address = self._address(call.path)
        with translated(self._place):
            answer = self._http.request(
                call.method,
                address,
                params=dict(call.query),
                headers=dict(call.headers),
                json=call.body,
            )
            content = answer.read()
        return call.read(answer_of(answer.status_code, content, answer.headers.items()))

    def carry_out(self, steps: Steps[T]) -> T:
        """Send the calls that a procedure yields, one after the other; return what it returns."""
        answer: object = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                answer = None
            else:
                answer = self.send(step)

    def events(self, path: str, query: dict[str, str] | None = None) -> Iterator[Event]:
        """Yield server-sent events of one address until the platform ends the stream."""
        reader = EventReader()
        address = self._address(path)
        with (
            translated(self._place),
            self._http.stream(
                "GET",
                address,
                params=query or {},
                headers={"accept": "text/event-stream"},
                timeout=None,
            ) as answer,
        ):
            if answer.status_code >= 400:
                answer_of(answer.status_code, answer.read(), answer.headers.items())
            for line in answer.iter_lines():
                event = reader.feed(line)
                if event is not None:
                    yield event

    def upload(self, path: str, content: Iterator[bytes], headers: Mapping[str, str]) -> Answer:
        """Send bytes as they are read, and return the answer."""
        address = self._address(path)
        with translated(self._place):
            answer = self._http.put(
                address, content=content, headers=dict(headers), timeout=TRANSFER_SECONDS
            )
        return answer_of(answer.status_code, answer.content, answer.headers.items())

    def download(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of an address as they come."""
        address = self._address(path)
        with (
            translated(self._place),
            self._http.stream("GET", address, timeout=TRANSFER_SECONDS) as answer,
        ):
            if answer.status_code >= 400:
                answer_of(answer.status_code, answer.read(), answer.headers.items())
            yield from answer.iter_raw()

    def _address(self, path: str) -> str:
        return calls.of_project(path, self.project()) if calls.OWN in path else path

    def me(self) -> Me:
        """Say who is calling."""
        return self.send(calls.me())

    def projects(self) -> tuple[Project, ...]:
        """List the caller's projects."""
        return self.send(calls.projects())

    def project(self, asked: str | None = None) -> str:
        """Return the project's id: the one asked for, else one's personal project."""
        if asked is not None:
            return asked
        if self._project is None:
            self._project = self.me().project
        return self._project

    @property
    def where(self) -> str:
        """The place as messages name it."""
        return shown(self._place)


class Services(ServiceArea[Client]):
    """Running services, and what they tell as it happens."""

    def pages(
        self, *, project: str | None = None, limit: int = calls.LONGEST_PAGE
    ) -> Iterator[ServicePage]:
        """Yield the services a page at a time, up to `limit` each, asked for when it is taken."""
        page = self.page(project=project, limit=limit)
        yield page
        while page.cursor is not None:
            page = self.page(project=project, cursor=page.cursor, limit=limit)
            yield page

    def follow_logs(
        self, name: str, *, project: str | None = None, lines: int = 200
    ) -> Iterator[str]:
        """Yield the last lines, then what is written next."""
        where = calls.path("projects", project, "services", name, "logs")
        for event in self._client.events(where, {"follow": "true", "lines": str(lines)}):
            yield str(event.data.get("text", ""))

    def events(self, name: str, *, project: str | None = None) -> Iterator[Event]:
        """Yield the timeline from its beginning (`timeline`) and each change (`service`)."""
        return self._client.events(calls.path("projects", project, "services", name, "events"))


class Charts(ChartArea[Client]):
    """Charts of one's own, archives of this computer included."""

    def review_archive(self, archive: Path) -> Review:
        """Send an archive of this computer; return what it creates and asks for."""
        headers = {"content-length": str(archive.stat().st_size)}
        where = calls.path("chart-archives", archive.name)
        return read_review(self._client.upload(where, _blocks(archive, None), headers))


class Files(FileArea[Client]):
    """The project's files, and files of this machine that come and go."""

    def pages(self, prefix: str = "", *, project: str | None = None) -> Iterator[Folder]:
        """Yield all pages of a folder."""
        page = self.folder(prefix, project=project)
        yield page
        while page.cursor is not None:
            page = self.folder(prefix, project=project, cursor=page.cursor)
            yield page

    def walk(self, prefix: str = "", *, project: str | None = None) -> Iterator[RemoteFile]:
        """Yield every file below a folder."""
        for page in self.pages(prefix, project=project):
            yield from page.files
            for below in page.folders:
                yield from self.walk(below, project=project)

    def upload(
        self,
        local: Path,
        key: str,
        *,
        project: str | None = None,
        overwrite: bool = True,
        progress: Progress | None = None,
    ) -> RemoteFile:
        """Store a local file under `key`, whole or not at all."""
        headers = {"content-length": str(local.stat().st_size)}
        if not overwrite:
            headers["if-none-match"] = "*"
        where = file_calls.upload_path(project, key)
        return file_calls.stored(self._client.upload(where, _blocks(local, progress), headers))

    def download(
        self,
        key: str,
        local: Path,
        *,
        project: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Write a file's bytes to `local`, whole or not at all: a cut leaves no half file."""
        partial = local.with_name(f".{local.name}.{os.getpid()}.part")
        try:
            with partial.open("wb") as file:
                for block in self._client.download(file_calls.upload_path(project, key)):
                    file.write(block)
                    if progress is not None:
                        progress(len(block))
            partial.replace(local)
        finally:
            partial.unlink(missing_ok=True)


def _blocks(local: Path, progress: Progress | None) -> Iterator[bytes]:
    with local.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
            if progress is not None:
                progress(len(block))
