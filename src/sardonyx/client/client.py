"""The platform from Python, one call after the other: `Client`.

with Client.of_home(Path("~/.local/share/sardonyx").expanduser()) as platform:
    service = platform.services.launch("jupyter-python")
    platform.services.wait(service.name, until={"running"}, seconds=60)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sardonyx.client import calls
from sardonyx.client.account import AccountArea
from sardonyx.client.calls import Answer, Call, ServicePage
from sardonyx.client.catalog import CatalogCalls
from sardonyx.client.charts import ChartCalls
from sardonyx.client.connection import (
    EventReader,
    Place,
    answer_of,
    own_machine,
    shown,
    sync_http,
    translated,
)
from sardonyx.client.errors import WaitTimeoutError
from sardonyx.client.files import FileCalls, SecretCalls
from sardonyx.client.models import Credential, Event, Loss, Service
from sardonyx.values import JsonObject, Secret

T = TypeVar("T")
_LOOK_EVERY_SECONDS = 0.25
TRANSFER_SECONDS = 300.0  # a store may stay silent for long while it writes the last part


class Client:
    """One platform. Raises RemoteError for what it refuses, PlatformNotRunningError and kin."""

    def __init__(self, place: Place, *, language: str = "en") -> None:
        self._place = place
        self._http = sync_http(place, language)
        self._project: str | None = None
        self.account: AccountArea[Client] = AccountArea(self)
        self.catalog = CatalogCalls(self)
        self.charts = ChartCalls(self)
        self.services = ServiceCalls(self)
        self.files = FileCalls(self)
        self.secrets = SecretCalls(self)

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
        address = call.address(self.project() if call.needs_own_project else None)
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

    def events(self, path: str, query: dict[str, str] | None = None) -> Iterator[Event]:
        """Yield server-sent events of one address until the platform ends the stream."""
        reader = EventReader()
        with (
            translated(self._place),
            self._http.stream(
                "GET",
                path,
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
        with translated(self._place):
            answer = self._http.put(
                path, content=content, headers=dict(headers), timeout=TRANSFER_SECONDS
            )
        return answer_of(answer.status_code, answer.content, answer.headers.items())

    def download(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of an address as they come."""
        with (
            translated(self._place),
            self._http.stream("GET", path, timeout=TRANSFER_SECONDS) as answer,
        ):
            if answer.status_code >= 400:
                answer_of(answer.status_code, answer.read(), answer.headers.items())
            yield from answer.iter_raw()

    def me(self) -> JsonObject:
        """Say who is calling."""
        return self.send(calls.me())

    def projects(self) -> JsonObject:
        """List the caller's projects."""
        return self.send(calls.projects())

    def project(self, asked: str | None = None) -> str:
        """Return the project's id: the one asked for, else one's personal project."""
        if asked is not None:
            return asked
        if self._project is None:
            self._project = str(self.me()["personalProject"])
        return self._project

    @property
    def where(self) -> str:
        """The place as messages name it."""
        return shown(self._place)


class ServiceCalls:
    """Running services. `project` is one's personal project when it is not given."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self, *, project: str | None = None) -> tuple[Service, ...]:
        """Return the services one may see, newest start first: of all pages, each once."""
        found = (one for page in self.pages(project=project) for one in page.services)
        return tuple({one.name: one for one in found}.values())

    def pages(
        self, *, project: str | None = None, limit: int = calls.LONGEST_PAGE
    ) -> Iterator[ServicePage]:
        """Yield the services a page at a time, up to `limit` each, asked for when it is taken."""
        where = self._client.project(project)
        page = self._client.send(calls.services(where, limit=limit))
        yield page
        while page.cursor is not None:
            page = self._client.send(calls.services(where, cursor=page.cursor, limit=limit))
            yield page

    def launch(
        self,
        chart: str,
        *,
        project: str | None = None,
        catalog: str | None = None,
        version: str | None = None,
        name: str | None = None,
        friendly_name: str | None = None,
        values: JsonObject | None = None,
        settings: Collection[str] = (),
        idempotency_key: str | None = None,
    ) -> Service:
        """Launch a service and return at once; see `wait`."""
        body = launch_body(
            chart,
            catalog=catalog,
            version=version,
            name=name,
            friendly_name=friendly_name,
            values=values,
            settings=settings,
        )
        return self.submit(body, project=project, idempotency_key=idempotency_key)

    def submit(
        self, body: JsonObject, *, project: str | None = None, idempotency_key: str | None = None
    ) -> Service:
        """Launch what `body` (see `launch_body`) asks and return at once."""
        where = self._client.project(project)
        return self._client.send(calls.launch(where, body, idempotency_key=idempotency_key))

    def preview(self, body: JsonObject, *, project: str | None = None) -> JsonObject:
        """Say what a launch would do; `body` as `launch_body` makes it."""
        return self._client.send(calls.preview(self._client.project(project), body))

    def show(self, name: str, *, project: str | None = None) -> Service:
        return self._client.send(calls.service(self._client.project(project), name))

    def pause(self, name: str, *, project: str | None = None) -> Service:
        return self._change(name, "pause", project)

    def resume(self, name: str, *, project: str | None = None) -> Service:
        return self._change(name, "resume", project)

    def restart(self, name: str, *, project: str | None = None) -> Service:
        return self._change(name, "restart", project)

    def rename(
        self, name: str, friendly_name: str, *, project: str | None = None, etag: str | None = None
    ) -> Service:
        """Give the service other words, if it is still as `etag` says."""
        where = self._client.project(project)
        return self._client.send(calls.rename(where, name, friendly_name, etag=etag))

    def edit(
        self,
        name: str,
        body: JsonObject,
        *,
        project: str | None = None,
        etag: str | None = None,
    ) -> Service:
        """Change values or version. body: version, values, set, patch.

        etag: of the state it was looked at, so that nobody else's change is lost.
        """
        where = self._client.project(project)
        return self._client.send(calls.edit(where, name, body, etag=etag))

    def preview_edit(
        self, name: str, body: JsonObject, *, project: str | None = None
    ) -> JsonObject:
        """Say what a change would make different."""
        return self._client.send(calls.preview_edit(self._client.project(project), name, body))

    def values(self, name: str, *, project: str | None = None) -> JsonObject:
        """Return the values it was launched with; secrets stand as `$VAR`."""
        return self._client.send(calls.values(self._client.project(project), name))

    def history(self, name: str, *, project: str | None = None) -> Sequence[JsonObject]:
        """Return its earlier states, newest first."""
        return self._client.send(calls.history(self._client.project(project), name))

    def roll_back(
        self, name: str, revision: int, *, project: str | None = None, etag: str | None = None
    ) -> Service:
        """Return to an earlier state."""
        where = self._client.project(project)
        return self._client.send(calls.roll_back(where, name, revision, etag=etag))

    def preview_roll_back(
        self, name: str, revision: int, *, project: str | None = None
    ) -> JsonObject:
        """Say what returning to an earlier state would make different."""
        where = self._client.project(project)
        return self._client.send(calls.preview_roll_back(where, name, revision))

    def share(self, name: str, *, shared: bool, project: str | None = None) -> Service:
        """Let the group see the service, or its owner alone."""
        where = self._client.project(project)
        return self._client.send(calls.share(where, name, shared=shared))

    def adopt(self, name: str, *, project: str | None = None) -> Service:
        """Become the owner of a service that has none; for administrators."""
        return self._change(name, "adopt", project)

    def duplicate(
        self, name: str, *, friendly_name: str | None = None, project: str | None = None
    ) -> Service:
        """Launch a service with the same settings, and secrets of its own."""
        where = self._client.project(project)
        return self._client.send(calls.duplicate(where, name, friendly_name))

    def quota(self, *, project: str | None = None) -> Sequence[JsonObject]:
        """Return what the project may use, and what is used of it."""
        return self._client.send(calls.quota(self._client.project(project)))

    def losses(self, name: str, *, project: str | None = None) -> tuple[Loss, ...]:
        """Return what deleting would lose."""
        return self._client.send(calls.losses(self._client.project(project), name))

    def delete(self, name: str, *, project: str | None = None) -> JsonObject:
        """Stop the service and remove its files."""
        return self._client.send(calls.delete(self._client.project(project), name))

    def logs(
        self,
        name: str,
        *,
        project: str | None = None,
        lines: int = 200,
        previous: bool = False,
    ) -> str:
        """Return the last lines of the log; previous: of the run before the present one."""
        where = self._client.project(project)
        return self._client.send(calls.logs(where, name, lines=lines, previous=previous))

    def follow_logs(
        self, name: str, *, project: str | None = None, lines: int = 200
    ) -> Iterator[str]:
        """Yield the last lines, then what is written next."""
        where = calls.path("projects", self._client.project(project), "services", name, "logs")
        for event in self._client.events(where, {"follow": "true", "lines": str(lines)}):
            yield str(event.data.get("text", ""))

    def events(self, name: str, *, project: str | None = None) -> Iterator[Event]:
        """Yield the timeline from its beginning (`timeline`) and each change (`service`)."""
        where = calls.path("projects", self._client.project(project), "services", name, "events")
        return self._client.events(where)

    def credential(self, name: str, *, project: str | None = None) -> Credential:
        """Return a short-lived credential for the service's address."""
        return self._client.send(calls.credential(self._client.project(project), name))

    def open_address(self, name: str, *, project: str | None = None, wanted: str = "/") -> str:
        """Return an address that opens the service once."""
        where = self._client.project(project)
        return self._client.send(calls.open_address(where, name, wanted=wanted))

    def wait(
        self,
        name: str,
        *,
        until: Collection[str],
        seconds: float,
        project: str | None = None,
        tell: Callable[[Service], None] | None = None,
    ) -> Service:
        """Return the service once its state is one of `until`; `failed` always ends the wait.

        tell: called with the service each time it was looked at.

        Raises WaitTimeoutError after `seconds`. It looks again and again rather than holding
        a stream, so that it goes on when the portal restarts meanwhile.
        """
        deadline = time.monotonic() + seconds
        while True:
            seen = self.show(name, project=project)
            if tell is not None:
                tell(seen)
            if seen.state in until or seen.state == "failed":
                return seen
            if time.monotonic() >= deadline:
                raise WaitTimeoutError(name=name, state=seen.state, seconds=round(seconds))
            time.sleep(_LOOK_EVERY_SECONDS)

    def _change(self, name: str, verb: str, project: str | None) -> Service:
        return self._client.send(calls.change(self._client.project(project), name, verb))


def launch_body(
    chart: str,
    *,
    catalog: str | None = None,
    version: str | None = None,
    name: str | None = None,
    friendly_name: str | None = None,
    values: JsonObject | None = None,
    settings: Collection[str] = (),
) -> JsonObject:
    """Return the body of a launch: only what is given."""
    body: JsonObject = {"chart": chart}
    for key, value in (
        ("catalog", catalog),
        ("version", version),
        ("name", name),
        ("friendlyName", friendly_name),
    ):
        if value is not None:
            body[key] = value
    if values:
        body["values"] = values
    if settings:
        body["set"] = list(settings)
    return body
