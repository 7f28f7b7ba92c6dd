"""A provider whose every answer a test decides: for tokens that no honest provider makes."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT = "sardonyx"


def made_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256", "kid": kid})


@dataclass(slots=True)
class Forger:
    """What the provider says. claims: of the next ID token. sign: how it is made."""

    issuer: str
    key: RSAKey
    claims: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    published: list[dict[str, Any]] = field(default_factory=list)
    userinfo: dict[str, Any] | None = None
    error: str | None = None
    seen: list[dict[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refresh_gives_identity: bool = True
    refresh_number: int = 0
    named: str | None = None

    def usual(self, **other: Any) -> dict[str, Any]:
        """Return the claims of an honest token."""
        now = int(time.time())
        return {
            "iss": self.issuer,
            "sub": "1234",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "preferred_username": "ada",
            "groups": ["prices"],
            **other,
        }

    def token(self, claims: dict[str, Any]) -> str:
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def answer(self, path: str, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.named or self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/me",
            }
        if path == "/jwks":
            return 200, {"keys": self.published}
        if path == "/me" and self.userinfo is not None:
            return 200, self.userinfo
        if path == "/token":
            return self._tokens(body)
        return 404, {}

    def _tokens(self, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.seen.append(body)
        if self.error:
            return 400, {"error": self.error}
        self.refresh_number += 1
        given: dict[str, Any] = {
            "access_token": "opaque",
            "token_type": "Bearer",
            "expires_in": 300,
            "refresh_token": f"refresh-{self.refresh_number}",
        }
        if body.get("grant_type") != "refresh_token" or self.refresh_gives_identity:
            given["id_token"] = self.token(self.claims)
        return 200, given


@contextmanager
def forging() -> Iterator[Forger]:
    """Run a forger on a port of its own."""
    forger: Forger

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*forger.answer(self.path, {}))

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            self._send(*forger.answer(self.path, dict(parse_qsl(self.rfile.read(length).decode()))))

        def _send(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    key = made_key("one")
    forger = Forger(f"http://127.0.0.1:{server.server_port}", key)
    forger.published = [dict(key.as_dict(private=False))]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield forger
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """Return a token without a signature (`alg: none`)."""
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def other_kind() -> ECKey:
    return ECKey.generate_key("P-256", parameters={"use": "sig", "kid": "curve"})
