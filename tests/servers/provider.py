"""Run a real OpenID Connect provider for tests: npm's `oidc-provider`, PKCE enforced.

`npm ci` in `tests/servers/oidc` installs it (`make test` does); without it tests skip.
"""

from __future__ import annotations

import html
import json
import re
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
from tools.assets import node_commands

from sardonyx.values import Json, JsonObject

HERE = Path(__file__).parent / "oidc"
CLIENT = "sardonyx"
_START_SECONDS = 60.0


@dataclass(slots=True)
class RunningProvider:
    """One provider. people: claims by sign-in name."""

    issuer: str
    config: Path
    process: subprocess.Popen[str]

    def set_people(self, people: Mapping[str, JsonObject]) -> None:
        """Replace the accounts, as an administrator of the organisation would."""
        with httpx2.Client(trust_env=False) as http:
            http.put(f"{self.issuer}/_test/people", json=dict(people)).raise_for_status()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def start(self) -> None:
        """Start again on the same port; its accounts are those of its beginning."""
        self.process = _started(self.config)


def needs_provider() -> None:
    """Skip the test where the provider is not installed."""
    if not (HERE / "node_modules/oidc-provider").is_dir():
        pytest.skip("needs npm's oidc-provider: `npm ci` in tests/servers/oidc")
    try:
        node_commands()
    except SystemExit as missing:
        pytest.skip(str(missing))


@contextmanager
def running_provider(
    people: Mapping[str, JsonObject],
    *,
    redirect_uris: tuple[str, ...],
    secret: str | None = None,
    seconds: Mapping[str, int] | None = None,
    tls: tuple[Path, Path] | None = None,
    port: int | None = None,
) -> Iterator[RunningProvider]:
    """Run a provider whose client `sardonyx` may lead back to `redirect_uris`.

    secret: the client's, None for a public one. seconds: lives of tokens (`IdToken`, …). tls: key
    and certificate in PEM for 127.0.0.1, for those who take https only.
    """
    needs_provider()
    port = port or _free_port()
    client: JsonObject = {
        "client_id": CLIENT,
        "redirect_uris": list(redirect_uris),
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "client_secret_basic" if secret else "none",
        "post_logout_redirect_uris": [uri.rpartition("/")[0] for uri in redirect_uris],
    }
    if secret:
        client["client_secret"] = secret
    lives: JsonObject = dict(seconds or {})
    config: dict[str, Json] = {
        "port": port,
        "clients": [client],
        "people": dict(people),
        "seconds": lives,
    }
    if tls is not None:
        config["tls"] = {"key": str(tls[0]), "cert": str(tls[1])}
    with tempfile.TemporaryDirectory(prefix="sx-oidc") as folder:
        file = Path(folder) / "config.json"
        file.write_text(json.dumps(config))
        scheme = "https" if tls else "http"
        provider = RunningProvider(f"{scheme}://127.0.0.1:{port}", file, _started(file))
        try:
            yield provider
        finally:
            provider.stop()


def signed_in_by_form(browser: httpx2.Client, address: str, name: str) -> httpx2.Response:
    """Follow a sign-in in a browser from the provider's address; return the redirect back to us.

    browser: keeps cookies and follows no redirects by itself.
    """
    answer = browser.get(address)
    for _ in range(10):
        if answer.is_redirect:
            wanted = urljoin(str(answer.url), answer.headers["location"])
            if not wanted.startswith(_origin(address)):
                return answer
            answer = browser.get(wanted)
            continue
        found = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
        assert found is not None, answer.text[:500]
        fields = {"prompt": "login", "login": name, "password": "anything"}
        answer = browser.post(urljoin(str(answer.url), html.unescape(found[1])), data=fields)
    raise AssertionError("the provider does not lead back")


def _origin(address: str) -> str:
    return "/".join(address.split("/")[:3])


def _started(config: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*node_commands()[0], "server.js", str(config)],
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        readable, _, _ = select.select([process.stdout], [], [], 1.0)
        if readable and "ready" in process.stdout.readline():
            return process
        if process.poll() is not None:
            break
    process.kill()
    process.wait()
    process.stdout.close()
    raise AssertionError("the identity provider for tests did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
