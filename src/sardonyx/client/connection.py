"""Find the platform and speak HTTP to it: the own machine's by its home, others by address.

Errors of the HTTP library become ours here, once.
"""

from __future__ import annotations

import fcntl
import json
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from sardonyx.client.calls import Answer
from sardonyx.client.errors import (
    AnswerTimeoutError,
    PlatformNotRunningError,
    PlatformUnreachableError,
    PortalStartingError,
    RemoteError,
)
from sardonyx.client.models import Event, Fields
from sardonyx.values import Json, Secret

# Where a running platform is found in its home; the layout is adapters/processes/home.py's.
TOKEN_FILE = "keys/cli.token"  # noqa: S105 - a file's name
SOCKET = "run/portal.sock"
LOCK = "run/supervisor.lock"
ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a platform is: its address, the token to send, the socket on the own machine.

    ca_file: PEM file of an authority to trust beside the system's.
    """

    url: str
    token: Secret
    socket: Path | None = None
    home: Path | None = None
    ca_file: Path | None = None


def own_machine(home: Path) -> Place:
    """Return the platform that runs in `home`.

    Raises PlatformNotRunningError, PortalStartingError.
    """
    try:
        token = (home / TOKEN_FILE).read_text().strip()
    except OSError as error:
        raise PlatformNotRunningError(home=str(home)) from error
    try:  # asked first: the HTTP library leaves a socket open that could not connect
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(home / SOCKET))
    except OSError as error:
        if _is_held(home / LOCK):
            raise PortalStartingError from error
        raise PlatformNotRunningError(home=str(home)) from error
    return Place("http://localhost", Secret(token), home / SOCKET, home)


def _is_held(lock: Path) -> bool:
    """Tell whether the supervisor lives: it holds this lock."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def headers(place: Place, language: str) -> dict[str, str]:
    """Return what every request carries."""
    return {
        "authorization": f"Bearer {place.token.reveal()}",
        "accept-language": language,
        "user-agent": "sardonyx-client",
    }


def sync_http(place: Place, language: str) -> httpx2.Client:
    """Return an HTTP client for the place. It asks no proxy: the socket and the token are ours."""
    transport = httpx2.HTTPTransport(
        uds=None if place.socket is None else str(place.socket), verify=_trusted(place)
    )
    return httpx2.Client(
        base_url=place.url,
        headers=headers(place, language),
        transport=transport,
        timeout=ANSWER_SECONDS,
        trust_env=False,
    )


def async_http(place: Place, language: str) -> httpx2.AsyncClient:
    """Return an asynchronous HTTP client for the place."""
    transport = httpx2.AsyncHTTPTransport(
        uds=None if place.socket is None else str(place.socket), verify=_trusted(place)
    )
    return httpx2.AsyncClient(
        base_url=place.url,
        headers=headers(place, language),
        transport=transport,
        timeout=ANSWER_SECONDS,
        trust_env=False,
    )


def _trusted(place: Place) -> ssl.SSLContext | bool:
    """Return the authorities to trust. Raises PlatformUnreachableError for a file that is none."""
    if httpx2.URL(place.url).scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts none; loading them takes 60 ms
    if place.ca_file is None:
        return True
    try:
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=place.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise PlatformUnreachableError(
            place=shown(place), reason=f"{place.ca_file}: {error}"
        ) from error
    return context


@contextmanager
def translated(place: Place) -> Iterator[None]:
    """Turn the HTTP library's errors into ours, with their cause."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise AnswerTimeoutError(place=shown(place), seconds=int(ANSWER_SECONDS)) from error
    except httpx2.ConnectError as error:
        if place.home is not None:
            raise PlatformNotRunningError(home=str(place.home)) from error
        raise PlatformUnreachableError(place=shown(place), reason=str(error)) from error
    except httpx2.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise PlatformUnreachableError(place=shown(place), reason=reason) from error


def shown(place: Place) -> str:
    """Return the place as messages name it."""
    return str(place.home) if place.home is not None else place.url


def answer_of(status: int, content: bytes, header_items: Iterable[tuple[str, str]]) -> Answer:
    """Return the answer. Raises RemoteError when the platform refused or failed."""
    text = content.decode("utf-8", errors="replace")
    header_map = {name.lower(): value for name, value in header_items}
    document: Json = None
    if "json" in header_map.get("content-type", ""):
        try:
            document = json.loads(text)
        except ValueError:
            document = None
    if status >= 400:
        problem = document if isinstance(document, dict) else {}
        raise RemoteError(status=status, problem=problem)
    return Answer(document, text, header_map)


class EventReader:
    """Puts the lines of a stream of server-sent events together."""

    def __init__(self) -> None:
        self._name = "message"
        self._data: list[str] = []

    def feed(self, line: str) -> Event | None:
        """Take one line; return an event when it is complete."""
        if line == "":
            name, data = self._name, "\n".join(self._data)
            self._name, self._data = "message", []
            return Event(name, Fields(json.loads(data)).document) if data else None
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if key == "event":
            self._name = value
        elif key == "data":
            self._data.append(value)
        return None
