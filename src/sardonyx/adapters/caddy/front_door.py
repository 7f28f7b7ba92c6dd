"""Keep Caddy's configuration equal to the services that run.

The configuration file is the truth: each change writes it whole and asks Caddy to load it, so
a Caddy that was killed comes back with every route. Open WebSockets survive a load.

A service's port for programs that another program holds stays shut, and costs nobody else.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

from sardonyx.adapters.caddy.config import Route, front_door
from sardonyx.adapters.processes.home import Home, write_private
from sardonyx.adapters.processes.parts import Part
from sardonyx.services.errors import RuntimeUnavailableError
from sardonyx.values import Secret

# Takes a release and a life; returns a token the portal accepts for that release alone.
IssueCredential = Callable[[str, timedelta], Awaitable[Secret]]

_ANSWER_SECONDS = 10.0
# Caddy's words when it refuses a configuration for one port.
_TAKEN = re.compile(r"listen tcp 127\.0\.0\.1:(\d+): bind: address already in use")


class CaddyFrontDoor:
    """The routes of the front door."""

    def __init__(
        self,
        *,
        home: Home,
        port: int,
        issue: IssueCredential | None = None,
        portal: str | None = None,
        open_doors: Mapping[str, str] | None = None,
    ) -> None:
        """issue: makes the credential that opens a release; only the portal has one.

        portal: its upstream, by default the socket in the home. open_doors: as `front_door`.
        """
        self._home = home
        self._issue = issue
        self._listen = listen_addresses(port)
        self._portal = portal or f"unix/{home.portal_socket}"
        self._open_doors = open_doors or {}
        self._routes: dict[str, Route] = {}
        self._lock = asyncio.Lock()
        self._is_stale = False  # Caddy has not yet been told all routes
        self._taken: set[int] = set()  # ports for programs that others hold

    def part(self, caddy: str) -> Part:
        """Write the configuration with the routes known so far; return the program."""
        self._write()
        return Part(
            name="caddy",
            command=(caddy, "run", "--config", str(self._config_file)),
            directory=self._home.parts,
            environment={"HOME": str(self._home.parts), "GOMEMLIMIT": "64MiB"},
        )

    async def add(
        self,
        *,
        release: str,
        upstream: str,
        header: tuple[str, Secret] | None,
        address_port: int | None,
    ) -> None:
        """Open or change the way to one service. Raises RuntimeUnavailableError.

        Ways asked for at the same moment are opened by one load: none is closed meanwhile.
        """
        route = Route(release, upstream, header, address_port)
        if self._routes.get(release) != route:
            self._routes[release] = route
            self._is_stale = True
        await asyncio.sleep(0)  # the others of this moment
        async with self._lock:
            if self._is_stale:
                await self._load()

    async def remove(self, release: str) -> None:
        """Close the way to one service; an unknown one is no fault."""
        async with self._lock:
            if self._routes.pop(release, None) is not None:
                self._is_stale = True
                await self._load()

    async def credential(self, release: str, *, life: timedelta) -> tuple[str, Secret]:
        """Return the header that opens the release's address for `life`.

        Raises RuntimeUnavailableError while another program holds that address.
        """
        route = self._routes.get(release)
        if self._issue is None or (route is not None and route.address_port in self._taken):
            raise RuntimeUnavailableError
        token = await self._issue(release, life)
        return "Authorization", Secret(f"Bearer {token.reveal()}")

    @property
    def _config_file(self) -> str:
        return str(self._home.parts / "caddy.json")

    def _write(self) -> bytes:
        document = front_door(
            listen=self._listen,
            admin_socket=self._home.caddy_admin_socket,
            portal=self._portal,
            open_doors=self._open_doors,
            routes=[
                replace(one, address_port=None) if one.address_port in self._taken else one
                for one in self._routes.values()
            ],
            log_file=self._home.logs / "front-door.log",
        )
        content = json.dumps(document, indent=1).encode()
        write_private(self._home.parts / "caddy.json", content)
        return content

    async def _load(self) -> None:
        """Tell Caddy all routes, but for the ports that it says are taken."""
        self._taken = set()  # asked anew at each load
        self._is_stale = False
        import httpx2  # noqa: PLC0415 - `up` names this part, and asks it nothing

        transport = httpx2.AsyncHTTPTransport(
            uds=str(self._home.caddy_admin_socket),
            verify=SSLContext(PROTOCOL_TLS_CLIENT),  # plain: loading authorities takes 60 ms
        )
        async with httpx2.AsyncClient(transport=transport, timeout=_ANSWER_SECONDS) as client:
            while True:
                try:
                    answer = await client.post(
                        "http://127.0.0.1/load",
                        content=self._write(),
                        headers={"content-type": "application/json"},
                    )
                    answer.raise_for_status()
                except httpx2.TransportError:
                    # Caddy is down: it reads the file when the supervisor starts it again. If it
                    # was only slow, the next change tells it everything.
                    self._is_stale = True
                    return
                except httpx2.HTTPStatusError as error:
                    taken = self._named_taken(error.response.text)
                    if not taken:
                        self._is_stale = True
                        raise RuntimeUnavailableError from error
                    self._taken |= taken
                else:
                    return

    def _named_taken(self, said: str) -> set[int]:
        """Return the ports for programs, not yet left out, that Caddy says are taken."""
        ports = {one.address_port for one in self._routes.values()}
        return {int(port) for port in _TAKEN.findall(said)} & (ports - {None}) - self._taken


def listen_addresses(port: int) -> tuple[str, ...]:
    """Return loopback addresses of both families; IPv6 only where the machine has it."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return (f"127.0.0.1:{port}",)
    return (f"127.0.0.1:{port}", f"[::1]:{port}")
