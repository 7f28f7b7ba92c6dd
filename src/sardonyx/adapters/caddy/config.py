"""Build the front door's configuration: a pure function from routes to Caddy's JSON.

Order matters (Caddy takes the first match): the portal's own hosts, one route a service, then
a refusal of every other host, which is what defeats DNS rebinding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sardonyx.projects.sign_in import SERVICE_COOKIE
from sardonyx.values import Json, JsonObject, Secret

_DOWN_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=2>"
    "<meta name=viewport content='width=device-width'><title>sardonyx</title>"
    "<h1>One moment</h1><p>The portal is starting again; this page reloads by itself. "
    "Running services go on.</p><p lang=fr>Le portail redémarre ; cette page se recharge "
    "d’elle-même. Les services lancés continuent.</p>"
)

_COMPRESSED: list[Json] = ["text/html*", "text/css*", "text/javascript*", "image/svg+xml*"]
# Streams of events have small messages, and the API answers programs of the same machine.
_NOT_COMPRESSED: list[Json] = ["/api/*", "*/stream"]


@dataclass(frozen=True, slots=True)
class Route:
    """How one service is reached.

    upstream: `unix//path` or `127.0.0.1:PORT`. header: the service's own credential, added so
    that nobody types it. address_port: loopback port for programs, None when the service has
    an address of its own.
    """

    release: str
    upstream: str
    header: tuple[str, Secret] | None = None
    address_port: int | None = None


def front_door(
    *,
    listen: tuple[str, ...],
    admin_socket: Path,
    portal: str,
    routes: Iterable[Route],
    log_file: Path,
    open_doors: Mapping[str, str] = MappingProxyType({}),
) -> JsonObject:
    """Return the whole configuration. `listen`: `host:port` texts, loopback ones.

    portal: its upstream, `unix//path` or `host:port`. open_doors: what is passed on unasked, to
    parts that judge each request themselves (S3, secrets): `host:port` to listen on -> upstream.
    """
    known = list(routes)
    servers: JsonObject = {
        "front": _server(
            list(listen),
            [
                _portal_route(portal),
                *(_service_route(route, portal) for route in known),
                {"handle": [{"handler": "static_response", "status_code": 421}]},
            ],
        )
    }
    for route in known:
        if route.address_port is not None:
            servers[f"address-{route.release}"] = _server(
                [f"127.0.0.1:{route.address_port}"],
                [{"handle": _guarded(route, portal, via="address")}],
            )
    for number, (address, upstream) in enumerate(sorted(open_doors.items())):
        servers[f"door-{number}"] = _server([address], [{"handle": [_proxy(upstream)]}])
    return {
        "admin": {"listen": f"unix/{admin_socket}|0600", "config": {"persist": False}},
        "logging": {
            "logs": {
                "default": {
                    "level": "WARN",
                    "writer": {
                        "output": "file",
                        "filename": str(log_file),
                        "mode": "0600",
                        "roll_size_mb": 5,
                        "roll_keep": 2,
                    },
                }
            }
        },
        # A load of new routes cuts no upload, download or page under way: the server it replaces
        # goes on, in the background, until its last answer is given.
        "apps": {"http": {"grace_period": "24h", "servers": servers}},
    }


def _server(listen: list[Json], routes: list[Json]) -> JsonObject:
    return {
        "listen": listen,
        "protocols": ["h1"],
        "automatic_https": {"disable": True},
        "routes": routes,
        "errors": {
            "routes": [
                {
                    "handle": [
                        {
                            "handler": "static_response",
                            "status_code": "{http.error.status_code}",
                            "headers": {
                                "Content-Type": ["text/html; charset=utf-8"],
                                "Cache-Control": ["no-store"],
                            },
                            "body": _DOWN_PAGE,
                        }
                    ]
                }
            ]
        },
    }


def _portal_route(portal: str) -> JsonObject:
    inner: list[Json] = [
        {"match": [{"not": [{"path": _NOT_COMPRESSED}]}], "handle": [_compression()]},
        {"handle": [_proxy(portal)]},
    ]
    return {
        "match": [{"host": ["localhost", "127.0.0.1", "::1"]}],
        "handle": [{"handler": "subroute", "routes": inner}],
        "terminal": True,
    }


def _compression() -> JsonObject:
    """Compress pages and what they load; never a file that somebody downloads.

    Pages hold no token that a guess in the address could be compressed against: a write is
    judged by its origin (web/security.py).
    """
    return {
        "handler": "encode",
        "encodings": {"zstd": {}, "gzip": {}},
        "prefer": ["zstd", "gzip"],
        "minimum_length": 1024,
        "match": {"headers": {"Content-Type": _COMPRESSED, "Content-Disposition": None}},
    }


def _service_route(route: Route, portal: str) -> JsonObject:
    inner: list[Json] = [
        {
            "match": [{"path": ["/_sardonyx/enter", "/_sardonyx/here"]}],
            "handle": [_proxy(portal)],
            "terminal": True,
        },
        {"handle": _guarded(route, portal, via="host")},
    ]
    return {
        "match": [{"host": [f"{route.release}.localhost"]}],
        "handle": [{"handler": "subroute", "routes": inner}],
        "terminal": True,
    }


def _guarded(route: Route, portal: str, *, via: str) -> list[Json]:
    """Ask the portal, take our own credentials out, add the service's, pass on."""
    request: JsonObject = {
        "replace": {
            "Cookie": [
                {"search_regexp": f"(^|; ){SERVICE_COOKIE}=[^;]*", "replace": ""},
                {"search_regexp": "^; ", "replace": ""},  # it was the first of several
            ]
        }
    }
    if route.header:
        request["set"] = {route.header[0]: [route.header[1].reveal()]}
    # Caddy deletes after it sets: a header of ours is replaced, not deleted.
    is_replaced = route.header is not None and route.header[0].lower() == "authorization"
    if not is_replaced and (via == "address" or route.header):
        request["delete"] = ["Authorization"]
    forward = _proxy(route.upstream)
    return [_ask(route, portal, via), {"handler": "headers", "request": request}, forward]


def _ask(route: Route, portal: str, via: str) -> JsonObject:
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": portal}],
        "rewrite": {"method": "GET", "uri": f"/_sardonyx/auth?name={route.release}&via={via}"},
        "headers": {
            "request": {
                # With these the portal would take the question for a WebSocket handshake.
                "delete": [
                    "Upgrade",
                    "Connection",
                    "Sec-Websocket-Key",
                    "Sec-Websocket-Version",
                    "Sec-Websocket-Extensions",
                    "Sec-Websocket-Protocol",
                    "Content-Length",
                    "Transfer-Encoding",
                ],
                "set": {
                    "X-Forwarded-Method": ["{http.request.method}"],
                    "X-Forwarded-Uri": ["{http.request.uri}"],
                },
            }
        },
        "handle_response": [{"match": {"status_code": [2]}, "routes": []}],
    }


def _proxy(upstream: str) -> JsonObject:
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": upstream}],
        "flush_interval": -1,
        "stream_close_delay": 24 * 3600 * 10**9,
    }
