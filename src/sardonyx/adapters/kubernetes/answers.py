"""Ask services' addresses whether they answer, so that “Open” appears when it opens.

Only addresses below the region's own domain are asked: charts write addresses, and the platform
must not knock at any door a user names. No credential is sent, no redirect followed, and of the
answer only its first kilobytes are read.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx2

from sardonyx.adapters.kubernetes.observation import Answered

Ask = Callable[[str], Awaitable[bool | None]]
_AT_ONCE = 8
_TIMEOUT = 5.0
_READ = 4_096
_MOST = 20_000
_SOON, _OFTEN, _SELDOM = timedelta(seconds=0.5), timedelta(seconds=5), timedelta(minutes=5)
_IMPATIENT = 20  # tries before asking less often
_NOT_FOUND, _FAULT = 404, 500
# What gateways say of a host they do not know (yet).
_UNKNOWN_HOST = (b"404 page not found", b"default backend - 404", b"404 Not Found</h1></center>")


@dataclass(slots=True)
class _Address:
    release: tuple[str, str]
    answered: Answered
    next: datetime
    tries: int = 0


class Answers:
    """Knows which addresses answer. Use `run` for as long as it is to know.

    domain: names below it are asked; empty: none. changed: told namespace and release when
    what is known of one of its addresses changes. ask: returns whether an address answers,
    None when that cannot be told from here.
    """

    def __init__(
        self,
        domain: str,
        changed: Callable[[str, str], None],
        *,
        ask: Ask | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._domain = domain.lower().partition(":")[0]
        self._changed = changed
        self._ask = ask or ask_over_http
        self._clock = clock
        self._known: dict[str, _Address] = {}
        self._of_release: dict[tuple[str, str], set[str]] = {}
        self._wake = asyncio.Event()

    def of(self, url: str) -> Answered:
        """Return what is known of an address."""
        known = self._known.get(url)
        if known is not None:
            return known.answered
        return Answered(False) if self._is_ours(url) else Answered(None)

    def expect(self, namespace: str, release: str, urls: Iterable[str], *, ready: bool) -> None:
        """Ask `urls` of a release from now on while it is `ready`, and no others of it."""
        of_release = (namespace, release)
        wanted = {url for url in urls if ready and self._is_ours(url)}
        asked = self._of_release.get(of_release, set())
        if wanted == asked:
            return
        for url in asked - wanted:
            del self._known[url]
        asked = asked & wanted
        for url in wanted - self._known.keys():
            if len(self._known) < _MOST:
                self._known[url] = _Address(of_release, Answered(False), self._clock())
                asked.add(url)
                self._wake.set()
        if asked:
            self._of_release[of_release] = asked
        else:
            self._of_release.pop(of_release, None)

    def forget(self, namespace: str, release: str) -> None:
        """Ask nothing of a release any more."""
        self.expect(namespace, release, (), ready=False)

    async def run(self) -> None:
        """Ask until cancelled, a few addresses at once, the longest waiting first."""
        while True:
            self._wake.clear()
            now = self._clock()
            due = sorted(
                (url for url, known in self._known.items() if known.next <= now),
                key=lambda url: self._known[url].next,
            )[:_AT_ONCE]
            if due:
                await asyncio.gather(*(self._look(url) for url in due))
                continue
            following = min((known.next for known in self._known.values()), default=now + _SELDOM)
            try:
                async with asyncio.timeout(max((following - now).total_seconds(), 0.05)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look(self, url: str) -> None:
        answers = await self._ask(url)
        known = self._known.get(url)
        if known is None:
            return
        now = self._clock()
        known.tries = 0 if answers else known.tries + 1
        known.next = now + (_SELDOM if answers else _SOON if known.tries < _IMPATIENT else _OFTEN)
        if answers != known.answered.answers:
            known.answered = Answered(answers, now if answers else None)
            self._changed(*known.release)

    def _is_ours(self, url: str) -> bool:
        host = (urlsplit(url).hostname or "").lower()
        return bool(self._domain) and (host == self._domain or host.endswith(f".{self._domain}"))


async def ask_over_http(url: str) -> bool | None:
    """Return whether something behind the gateway answers; None when the name is unknown here."""
    try:
        await asyncio.get_running_loop().getaddrinfo(urlsplit(url).hostname, None)
    except (socket.gaierror, UnicodeError):
        return None
    try:
        # Whose certificate it is matters to the browser that opens it, not to this question.
        async with (
            httpx2.AsyncClient(verify=False, timeout=_TIMEOUT, trust_env=False) as http,
            asyncio.timeout(_TIMEOUT),
            http.stream("GET", url, headers=_HEADERS) as answer,
        ):
            if answer.status_code != _NOT_FOUND:
                return answer.status_code < _FAULT
            said = b""
            async for part in answer.aiter_bytes(_READ):
                said += part
                if len(said) >= _READ:
                    break
            return not any(known in said for known in _UNKNOWN_HOST)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError, ValueError):
        return False


_HEADERS: Mapping[str, str] = {"User-Agent": "sardonyx"}
