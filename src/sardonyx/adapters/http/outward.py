"""Connect to what strangers name (an index, a registry, a person) only where that is not inside.

A name is resolved once, and the connection goes to the very address that was looked at: a name
that changes its address in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore2
import httpx2

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
# What no catalogue leads to, wherever it is itself: this machine, and a cloud's own services.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NEVER = ("is_loopback", "is_link_local", "is_multicast", "is_unspecified", "is_reserved")


class InsideError(Exception):
    """A name leads to a machine inside."""


async def resolve(host: str, port: int) -> tuple[str, ...]:
    """Return the addresses of a host. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


class OutwardBackend(httpcore2.AsyncNetworkBackend):
    """Connects by name. named: the hosts that an administrator wrote, and that may be anywhere.

    leads_inside: as a catalogue leads to its archives, a named host that is itself inside may lead
    to others inside; where none is, or this is false, every other host is outside.
    """

    def __init__(
        self, named: frozenset[str], resolve: Resolve, *, leads_inside: bool = True
    ) -> None:
        self._named = named
        self._leads_inside = leads_inside
        self._resolve = resolve
        self._direct = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers.

        timeout: seconds, for finding the addresses and for each of them. Raises InsideError,
        ConnectError, ConnectTimeout.
        """
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._looked_at(host, port)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"no addresses of {host}") from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        fault: Exception = httpcore2.ConnectError(f"no address of {host}")
        for address in addresses:
            try:
                return await self._direct.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                fault = error
        raise fault

    async def _looked_at(self, host: str, port: int) -> Sequence[str]:
        """Return a host's addresses. Raises InsideError where one may not be connected to."""
        addresses = await self._resolve(host, port)
        if host not in self._named:
            is_inside = self._leads_inside and await self._is_inside(port)
            if not all(_permitted(one, inside=is_inside) for one in addresses):
                raise InsideError(host)
        return addresses

    async def _is_inside(self, port: int) -> bool:
        """Tell whether a host that was named is itself inside."""
        for host in self._named:
            try:
                found = await self._resolve(host, port)
            except OSError:
                continue
            if any(not _permitted(one, inside=False) for one in found):
                return True
        return False


class OutwardTransport(httpx2.AsyncHTTPTransport):
    """Requests over connections of an OutwardBackend. Raises InsideError."""

    def __init__(self, context: ssl.SSLContext, backend: OutwardBackend, *, most: int) -> None:
        super().__init__(verify=context)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context, max_connections=most, network_backend=backend
        )


def _permitted(address: str, *, inside: bool) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    one = _carried(found) or found
    if any(getattr(one, kind) for kind in _NEVER):
        return False
    return inside or one.is_global


def _carried(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to by its form (RFC 4291, 3056, 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
