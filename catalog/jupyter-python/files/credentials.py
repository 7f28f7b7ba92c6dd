"""Renew a service's credentials beside it: `python3 credentials.py`, in a container of its pod.

Asks the platform for fresh S3 keys with the release's own token and hands them to the AWS SDKs
as the container-credentials endpoint does, on the pod's loopback; keeps a token of the secret
store in a file. Standard library only, as it runs in whatever image the service has.

From the environment: RENEWAL_URL (the platform), RENEWAL_TOKEN_FILE (the release's token),
RENEWAL_AUTHORITIES (a PEM file that vouches for the platform, or nothing), RENEWAL_PORT,
RENEWAL_FOLDER (shared with the service: `token`, `vault-token`, `ready`) and RENEWAL_WANTED
(`s3`, `vault`, or both with a comma).
"""

# ruff: noqa: T201 - what it prints is the log of the container

from __future__ import annotations

import hmac
import json
import os
import random
import secrets
import signal
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CALL_SECONDS = 10.0
LONGEST_ANSWER = 100_000
# Renewed when half of their life has passed: the platform may be away for the other half.
RENEWED_AT = 0.5
SHORTEST_WAIT, LONGEST_WAIT = 2.0, 60.0
# The platform has no such thing for this service, and will hardly have one soon.
WAIT_FOR_NOTHING = 600.0


class RefusedError(Exception):
    """Why there is nothing new, in a sentence for the log that holds no secret."""

    def __init__(self, sentence: str, *, is_absent: bool = False) -> None:
        super().__init__(sentence)
        self.is_absent = is_absent


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Make a redirect an error: the token is for the platform's address and no other."""

    def redirect_request(self, *_: object) -> None:
        return None


class Renewed:
    """One thing that ends and is asked for again: S3 keys, or a token of the secret store."""

    def __init__(self, kind: str, url: str, token_file: Path, context: ssl.SSLContext) -> None:
        self.kind = kind
        self._address = f"{url}/api/v1/service-credentials/{kind}"
        self._token_file = token_file
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), NoRedirects
        )
        self._answer: dict[str, str] = {}
        self._ends = 0.0
        self._lock = threading.Lock()
        self._said = ""

    def answer(self) -> dict[str, str] | None:
        """Return what was given last, None when it has ended or nothing was given yet."""
        with self._lock:
            return dict(self._answer) if self._ends > time.time() else None

    def renew(self) -> float:
        """Ask once; return the seconds to wait, -1 to try again soon. Never raises."""
        try:
            given, ends = self._ask()
        except RefusedError as error:
            self._say(f"{self.kind}: not renewed: {error}")
            return WAIT_FOR_NOTHING if error.is_absent else -1.0
        with self._lock:
            self._answer, self._ends = given, ends
        self._say(f"{self.kind}: renewed")
        return max((ends - time.time()) * RENEWED_AT, SHORTEST_WAIT)

    def _ask(self) -> tuple[dict[str, str], float]:
        try:
            token = self._token_file.read_text().strip()
            request = urllib.request.Request(  # noqa: S310 - http or https, as configured
                self._address, data=b"", headers={"Authorization": f"Bearer {token}"}
            )
            with self._opener.open(request, timeout=CALL_SECONDS) as answer:
                given = json.loads(answer.read(LONGEST_ANSWER))
            ends = datetime.fromisoformat(given["Expiration"].replace("Z", "+00:00"))
            return {str(name): str(value) for name, value in given.items()}, ends.timestamp()
        except urllib.error.HTTPError as error:
            sentence = f"{error.code} {_code(error)}".strip()
            raise RefusedError(sentence, is_absent=error.code == 404) from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RefusedError(f"{type(error).__name__}: {error}") from error

    def _say(self, line: str) -> None:
        """Print a line when it is not the one said last."""
        if line != self._said:
            self._said = line
            print(line, flush=True)


def _code(error: urllib.error.HTTPError) -> str:
    """Return the platform's code of a refusal, empty when the answer is not the platform's."""
    try:
        return str(json.loads(error.read(LONGEST_ANSWER)).get("code", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def keep(renewed: Renewed, written: Path | None, first_done: threading.Event) -> None:
    """Renew for ever; `written`: the file that gets the token of each answer."""
    failures = 0
    while True:
        wait = renewed.renew()
        failures = failures + 1 if wait < 0 else 0
        answer = renewed.answer()
        if written is not None and answer is not None:
            write(written, answer.get("Token", ""))
        first_done.set()
        if wait < 0:
            wait = min(SHORTEST_WAIT * 2**failures, LONGEST_WAIT) * random.uniform(0.7, 1.3)  # noqa: S311
        time.sleep(wait)


def write(file: Path, text: str) -> None:
    """Write an owner-only file whole or not at all."""
    partial = file.with_name(f".{file.name}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    partial.replace(file)


def handler(renewed: Renewed, token: str) -> type[BaseHTTPRequestHandler]:
    """Return what answers the SDKs of the pod, and nobody without the token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "")
            if not hmac.compare_digest(given.encode(), token.encode()):
                self._send(401, {"code": "token_refused"})
                return
            answer = renewed.answer()
            if answer is None:
                self._send(503, {"code": "not_renewed", "message": "no keys now: see this log"})
            else:
                self._send(200, answer)

        def _send(self, status: int, body: dict[str, str]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: a request is no news."""

    return Handler


def main() -> int:
    """Serve until a signal ends the container."""
    os.umask(0o077)
    folder = Path(os.environ["RENEWAL_FOLDER"])
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    shared = folder / "token"
    if not shared.exists():  # it outlives a restart of this container alone
        write(shared, secrets.token_urlsafe(32))
    authorities = os.environ.get("RENEWAL_AUTHORITIES") or None
    context = ssl.create_default_context()
    if authorities is not None:  # beside the image's own
        context.load_verify_locations(authorities)
    wanted = [kind for kind in os.environ["RENEWAL_WANTED"].split(",") if kind]
    waited = []
    renewed = {}
    for kind in wanted:
        renewed[kind] = Renewed(
            kind,
            os.environ["RENEWAL_URL"].rstrip("/"),
            Path(os.environ["RENEWAL_TOKEN_FILE"]),
            context,
        )
        first_done = threading.Event()
        waited.append(first_done)
        written = folder / "vault-token" if kind == "vault" else None
        threading.Thread(
            target=keep, args=(renewed[kind], written, first_done), daemon=True
        ).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if "s3" in renewed:
        server = ThreadingHTTPServer(
            ("127.0.0.1", int(os.environ["RENEWAL_PORT"])),
            handler(renewed["s3"], shared.read_text()),
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
    # The service starts once each was asked for once, whatever came of it: without the platform
    # it runs on without keys, and gets them as soon as they can be had.
    for first_done in waited:
        first_done.wait()
    write(ready, "")
    threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
