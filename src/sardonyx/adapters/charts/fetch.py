"""Fetch what a repository holds over HTTP: bounded in size and time, keys for their host alone.

Statuses and transport faults become RepositoryErrors here, once; nothing else sees the client.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from sardonyx.adapters.http.outward import (
    InsideError,
    OutwardBackend,
    OutwardTransport,
    Resolve,
    resolve,
)
from sardonyx.catalog.faults import RepositoryError
from sardonyx.text import N_
from sardonyx.values import Secret

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Access:
    """How a repository is reached. seconds: the longest one answer may take, body included.

    named: the hosts that an administrator wrote for it; where none of them is inside, none is
    that it leads to. resolve: finds the addresses of a host.
    """

    named: frozenset[str] = frozenset()
    ca_file: Path | None = None
    skip_tls_verify: bool = False
    seconds: float = 60.0
    username: str = ""
    password: Secret = field(default=Secret(""))
    resolve: Resolve = resolve

    @property
    def basic(self) -> httpx2.BasicAuth | None:
        """The key of basic authentication, if there is one."""
        if not self.username:
            return None
        return httpx2.BasicAuth(self.username, self.password.reveal())


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose body was written to a file. digest: `sha256:…` of that body."""

    status: int
    headers: Mapping[str, str]
    digest: str = ""
    size: int = 0


class Fetcher:
    """Fetches for one repository; its keys go to `origin` and nowhere else."""

    def __init__(self, access: Access, *, origin: str) -> None:
        self._access = access
        self._origin = _origin(urlsplit(origin))
        self._host = urlsplit(origin).hostname or ""
        self._clients: dict[bool, httpx2.AsyncClient] = {}

    @property
    def access(self) -> Access:
        """How the repository is reached."""
        return self._access

    async def close(self) -> None:
        """Close the connections."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def to_file(
        self,
        url: str,
        file: Path,
        *,
        most: int,
        headers: Mapping[str, str] | None = None,
        encoded: bool = False,
        authorization: str | None = None,
    ) -> Answer:
        """Write the body at `url` to `file`; an answer 304 writes nothing.

        most: bytes. encoded: take the body as it is sent, for archives. authorization: a header
        for the origin in place of basic authentication. Raises RepositoryError for any status
        but 200 and 304.
        """
        async with self._answered(url, headers or {}, encoded, authorization) as answer:
            if answer.status_code == HTTPStatus.NOT_MODIFIED:
                return Answer(answer.status_code, answer.headers)
            if answer.status_code != HTTPStatus.OK:
                raise _status(answer, url)
            digest, size = hashlib.sha256(), 0
            chunks = answer.aiter_raw() if encoded else answer.aiter_bytes()
            with file.open("wb") as out:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > most:
                        template = N_("It has more than {most} MB.")
                        millions = {"most": most // (1024 * 1024)}
                        raise RepositoryError(
                            "repository_too_large", template, millions, place=shown(url)
                        )
                    digest.update(chunk)
                    out.write(chunk)
            return Answer(answer.status_code, answer.headers, f"sha256:{digest.hexdigest()}", size)

    async def read(
        self,
        url: str,
        *,
        most: int,
        headers: Mapping[str, str] | None = None,
        authorization: str | None = None,
        allowed: frozenset[int] = frozenset((200,)),
    ) -> tuple[Answer, bytes]:
        """Return a small body. Raises RepositoryError for a status that is not `allowed`."""
        async with self._answered(url, headers or {}, False, authorization) as answer:
            if answer.status_code not in allowed:
                raise _status(answer, url)
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > most:
                    template = N_("It has more than {most} MB.")
                    millions = {"most": max(1, most // (1024 * 1024))}
                    raise RepositoryError(
                        "repository_too_large", template, millions, place=shown(url)
                    )
            return Answer(answer.status_code, answer.headers, size=len(body)), body

    @asynccontextmanager
    async def _answered(
        self, url: str, headers: Mapping[str, str], encoded: bool, authorization: str | None
    ) -> AsyncIterator[httpx2.Response]:
        try:
            async with asyncio.timeout(self._access.seconds):
                answer = await self._followed(url, headers, encoded, authorization)
                try:
                    yield answer
                finally:
                    await answer.aclose()
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise RepositoryError(
                "repository_timeout", N_("It did not answer in time."), place=shown(url)
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _transport(error, url) from error

    async def _followed(
        self, url: str, headers: Mapping[str, str], encoded: bool, authorization: str | None
    ) -> httpx2.Response:
        """Return the answer after redirects; keys stay with their host."""
        for _ in range(_MOST_REDIRECTS + 1):
            parts = self._allowed(url)
            sent = dict(headers)
            if encoded:
                sent["accept-encoding"] = "identity"
            ours = _origin(parts) == self._origin
            if ours and authorization is not None:
                sent["authorization"] = authorization
            client = self._connected(by_proxy=_by_proxy(parts))
            request = client.build_request("GET", url, headers=sent)
            basic = self._access.basic if ours and authorization is None else None
            try:
                answer = await client.send(request, auth=basic, stream=True)
            except InsideError as error:
                raise address_refused(url) from error
            if answer.status_code not in _REDIRECTS or "location" not in answer.headers:
                return answer
            await answer.aclose()
            target = joined(url, answer.headers["location"])
            if parts.scheme == "https" and urlsplit(target).scheme != "https":
                break
            url = target
        template = N_("It leads from one address to another that is refused.")
        raise RepositoryError("repository_redirect", template, place=shown(url))

    def _allowed(self, url: str) -> SplitResult:
        """Return the parts of an address an index may name: HTTP, and no machine by number."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            parts, host = SplitResult("", "", "", "", ""), ""
        good = parts.scheme in _PORTS and bool(host) and parts.username is None
        if not good or (host != self._host and numbered(host)):
            raise address_refused(url)
        return parts

    def _connected(self, *, by_proxy: bool) -> httpx2.AsyncClient:
        """Return the client: a proxy resolves names itself, and has the organisation's rules."""
        if by_proxy not in self._clients:
            tls = _tls(self._access)
            backend = OutwardBackend(self._access.named, self._access.resolve)
            self._clients[by_proxy] = httpx2.AsyncClient(
                verify=tls,
                transport=None if by_proxy else OutwardTransport(tls, backend, most=_CONNECTIONS),
                timeout=httpx2.Timeout(self._access.seconds, connect=10.0),
                limits=httpx2.Limits(max_connections=_CONNECTIONS),
                headers={"user-agent": "sardonyx"},
            )
        return self._clients[by_proxy]


def joined(base: str, url: str) -> str:
    """Return the address `url` means at `base`. Raises RepositoryError for what is none."""
    try:
        return urljoin(base, url)
    except ValueError as error:
        raise address_refused(url) from error


def _by_proxy(parts: SplitResult) -> bool:
    proxies = getproxies()
    named = parts.scheme in proxies or "all" in proxies
    return named and not proxy_bypass(parts.hostname or "")


def address_refused(url: str) -> RepositoryError:
    """Return the fault of an address that is none, or that leads where nothing may."""
    template = N_("This address is refused.")
    return RepositoryError("repository_address", template, place=shown(url))


def shown(url: str) -> str:
    """Return an address as it may be shown: without name, password, query or fragment."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit((parts.scheme, (parts.hostname or "") + port, parts.path, "", ""))[:300]
    except ValueError:
        return ""


def _tls(access: Access) -> ssl.SSLContext:
    context = httpx2.create_ssl_context(verify=not access.skip_tls_verify)
    if access.ca_file is not None and not access.skip_tls_verify:
        try:
            context.load_verify_locations(access.ca_file)
        except (OSError, ssl.SSLError) as error:
            template = N_("Its authority's file “{name}” cannot be read.")
            raise RepositoryError(
                "repository_authority", template, {"name": access.ca_file.name}
            ) from error
    return context


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    port = parts.port or _PORTS.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), port


def numbered(host: str) -> bool:
    """Tell whether a host names this machine or one inside by its number."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        # 127.1 and 0x7f000001 are numbers to a resolver.
        return host.replace(".", "").isdecimal() or host.startswith("0x")


def _status(answer: httpx2.Response, url: str) -> RepositoryError:
    status = answer.status_code
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        template = N_("It refuses us (HTTP {status}): its name or password may be wrong.")
        code = "repository_refused"
    else:
        template, code = N_("It answers HTTP {status}."), "repository_status"
    challenge = answer.headers.get("www-authenticate", "")
    values = {"status": status}
    return RepositoryError(code, template, values, place=shown(url), challenge=challenge)


def _transport(error: Exception, url: str) -> RepositoryError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            template = N_("Its certificate is not trusted ({reason}).")
            reason = {"reason": cause.verify_message}
            return RepositoryError("repository_certificate", template, reason, place=shown(url))
        cause = cause.__cause__ or cause.__context__
    return RepositoryError("repository_unreachable", N_("It cannot be reached."), place=shown(url))
