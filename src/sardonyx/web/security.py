"""Refuse what a browser sends on behalf of another site, and say what pages may load.

Pure ASGI, so that streamed uploads and server-sent events pass through untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sardonyx.api.bodies import read_on

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PORTAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
# Asked by address, without a name: by the kubelet, for instance. They tell nothing of anybody.
PROBES = frozenset({"/healthz", "/readyz"})


def content_security_policy(*, services_here: bool) -> str:
    """Return what pages may load. services_here: services are below `localhost`, beside us."""
    # A service's host, asked once by its page whether this browser finds such names.
    beside = " http://*.localhost:*" if services_here else ""
    return "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data:",
            "style-src 'self'",
            "script-src 'self'",
            f"connect-src 'self'{beside}",
            f"form-action 'self'{beside}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
        )
    )


HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class SameOrigin:
    """Refuse foreign hosts (DNS rebinding) and foreign writes (CSRF); add safe headers.

    hosts: names of the portal beside those of the machine itself, without ports.

    A write is foreign when `Origin` names another host, or when the browser says so
    (`Sec-Fetch-Site`). A program with a bearer token is no browser and needs neither; a
    cookie without either header is refused. For the same reason a program may use any name of
    ours for the API: a browser that a foreign page steers sends no bearer token.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        refuse: Callable[[Request], Response],
        hosts: Iterable[str] = (),
        services_here: bool = True,
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._hosts = PORTAL_HOSTS | {host.lower() for host in hosts}
        policy = content_security_policy(services_here=services_here)
        self._headers = {"content-security-policy": policy, **HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # The portal has no WebSocket; services' ones pass the front door, not here.
            await PlainTextResponse("Forbidden", 403)(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(scope["path"], headers, host):
            await PlainTextResponse("Misdirected request", 421)(scope, receive, send)
            return
        if scope["method"] not in SAFE_METHODS and _foreign_write(headers, host):
            await read_on(receive)
            await self._refuse(Request(scope))(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    answer.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _is_ours(self, path: str, headers: Headers, host: str) -> bool:
        return (
            hostname(host).lower() in self._hosts
            or path.startswith("/_sardonyx/")
            or path in PROBES
            or (path.startswith("/api/") and "authorization" in headers and "cookie" not in headers)
        )


def hostname(host: str) -> str:
    """Return a Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def is_foreign(origin: str, host: str) -> bool:
    """Tell whether an Origin header names another place than `host`; one that is none does."""
    try:
        return urlsplit(origin).netloc != host
    except ValueError:
        return True


def _foreign_write(headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site")
    if origin is not None:
        return is_foreign(origin, host)
    if site is not None:
        return site not in ("same-origin", "none")
    return "cookie" in headers and "authorization" not in headers
