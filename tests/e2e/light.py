"""A catalogue of services that start in a second, and a visitor of the platform's front door."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from tests.e2e.platform import TestPlatform

CHARTS = Path(__file__).parents[1] / "data" / "charts"
NAMES = ("mirror", "crash", "slow", "missing-package")
SECONDS = 60
_VALUES = """\
git: {name: "", email: "", token: ""}
"""
# What Onyxia's charts ask of the person's Git identity.
_SCHEMA = {
    "type": "object",
    "properties": {
        "git": {
            "type": "object",
            "properties": {
                name: {
                    "type": "string",
                    "x-onyxia": {"hidden": True, "overwriteDefaultWith": f"git.{name}"},
                }
                for name in ("name", "email", "token")
            },
        }
    },
}


def light_catalog(folder: Path, *names: str) -> Path:
    """Make charts of tests/data/charts a catalogue: the folder `light` in `folder`."""
    root = folder / "light"
    for name in names or NAMES:
        place = root / name
        shutil.copytree(CHARTS / name, place)
        (place / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
        (place / "values.yaml").write_text(_VALUES)
        (place / "values.schema.json").write_text(json.dumps(_SCHEMA))
    return root


class Visitor:
    """Somebody at the front door, who asks for hosts as a browser does; follows no redirect."""

    def __init__(self, platform: TestPlatform, *, cookie: str = "") -> None:
        self._port = platform.port
        self._cookie = {"Cookie": cookie} if cookie else {}
        self._client = httpx2.Client(
            base_url=f"http://127.0.0.1:{platform.port}",
            trust_env=False,
            timeout=SECONDS,
            # A kept connection may end at the moment it is used again; browsers then ask again.
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def close(self) -> None:
        self._client.close()

    def ask(
        self, method: str, path: str, *, host: str = "localhost", **request: Any
    ) -> httpx2.Response:
        """Send a request to `host` (its port is added unless it has one)."""
        named = host if ":" in host else f"{host}:{self._port}"
        headers = {"Host": named, **self._cookie, **request.pop("headers", {})}
        self._client.cookies.clear()  # what an answer sets is kept by the test alone
        return self._client.request(method, path, headers=headers, **request)

    def get(self, path: str, *, host: str = "localhost", **headers: str) -> httpx2.Response:
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("GET", path, host=host, headers=asked)


@contextmanager
def visiting(platform: TestPlatform, *, cookie: str = "") -> Iterator[Visitor]:
    """Give a visitor with a cookie, or without."""
    visitor = Visitor(platform, cookie=cookie)
    try:
        yield visitor
    finally:
        visitor.close()


def path_of(address: str) -> str:
    """Return the path and query of an absolute address."""
    return "/" + address.split("/", 3)[3]


def cookie_of(answer: httpx2.Response, name: str) -> str:
    """Return `name=value` of a cookie that an answer sets."""
    for header in answer.headers.get_list("set-cookie"):
        if header.startswith(f"{name}="):
            return str(header.partition(";")[0])
    raise AssertionError(f"no cookie {name}: {answer.status_code} {answer.headers}")


def portal_cookie(platform: TestPlatform) -> str:
    """Sign in by a one-time link; return the portal's cookie."""
    with visiting(platform) as visitor:
        return cookie_of(visitor.get(sign_in_path(platform)), "sardonyx")


def service_cookie(platform: TestPlatform, name: str) -> str:
    """Enter a service by a one-time link; return its cookie."""
    with visiting(platform) as visitor:
        return cookie_of(visitor.get(entry_path(platform, name), host=f"{name}.localhost"), "sxs")


def sign_in_path(platform: TestPlatform) -> str:
    """Return the path of a fresh one-time link."""
    return path_of(call(platform, "POST", "/sign-in-links").json()["url"])


def entry_path(platform: TestPlatform, name: str) -> str:
    """Return the path of a fresh one-time link of a service, on the service's own host."""
    answer = call(platform, "POST", f"{project(platform)}/services/{name}/open")
    return path_of(answer.json()["url"])


def set_secret(platform: TestPlatform, path: str, value: str) -> None:
    """Store a secret whose one key is KEY."""
    done = call(
        platform, "PATCH", f"{project(platform)}/secrets/{path}", json={"entries": {"KEY": value}}
    )
    assert done.is_success, done.text


def secret(platform: TestPlatform, path: str) -> str:
    """Return what KEY of a secret holds."""
    answer = call(platform, "GET", f"{project(platform)}/secrets/{path}?reveal=true")
    return str(answer.json()["entries"]["KEY"])


@cache
def project(platform: TestPlatform) -> str:
    """Return the path of the person's own project in REST v1."""
    return f"/projects/{call(platform, 'GET', '/me').json()['personalProject']}"


def names(platform: TestPlatform) -> list[str]:
    """Return the names of the services there are."""
    listed = call(platform, "GET", f"{project(platform)}/services").json()["services"]
    return [one["name"] for one in listed]


def service(platform: TestPlatform, name: str) -> dict[str, Any]:
    """Return a service as REST v1 shows it."""
    return dict(call(platform, "GET", f"{project(platform)}/services/{name}").json())


def call(platform: TestPlatform, method: str, path: str, **request: Any) -> httpx2.Response:
    """Call REST v1 as the person's own programs do: with the command line's token."""
    token = (platform.home / "keys" / "cli.token").read_text()
    headers = {"Authorization": f"Bearer {token}", **request.pop("headers", {})}
    with visiting(platform) as visitor:
        return visitor.ask(method, f"/api/v1{path}", headers=headers, **request)


def inside(platform: TestPlatform, name: str, *command: str) -> dict[str, Any]:
    """Run a command inside a `mirror`; return its status, out and err."""
    with visiting(platform, cookie=service_cookie(platform, name)) as visitor:
        answer = visitor.ask(
            "POST", "/", host=f"{name}.localhost", content=json.dumps(list(command))
        )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
