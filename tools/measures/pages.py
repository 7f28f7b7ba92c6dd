"""Measure what each page sends on its first load, and how long the portal takes to make it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from tests.e2e.platform import TestPlatform
from tools.measures.platform import platform
from tools.measures.table import Asked, Measure, Table, percentile

from sardonyx.client import Client

_FIRST_LOAD = 200.0  # kB
_LEAST, _MOST, _PAGE_SECONDS = 5, 40, 3.0
_ENCODINGS = "gzip, deflate, br, zstd"


def measure(asked: Asked) -> Table:
    """Read every page as a browser without cache does."""
    lines = []
    used = platform()
    # First: a launch makes the front door close idle connections.
    pages = _pages(used)
    with _browser(used) as browser:
        for path, name in pages.items():
            body, encoding, _ = browser.get(path)
            size = len(body)
            for part in sorted(_parts(browser.get(path, "identity")[0].decode())):
                size += len(browser.get(part)[0])
            times: list[float] = []
            while len(times) < _LEAST or (len(times) < _MOST and sum(times) < _PAGE_SECONDS):
                times.append(browser.get(path)[2])
            usual, slow = (percentile(times, share) * 1000 for share in (50, 95))
            lines.append(
                Measure(
                    name,
                    size / 1000,
                    "kB",
                    at_most=_FIRST_LOAD,
                    note=f"{encoding or 'not compressed'}; p50 {usual:.0f} ms, p95 {slow:.0f} ms",
                )
            )
    return Table(
        "pages",
        "Pages: bytes of the first load",
        lines,
        (
            "The page with its styles, scripts and icons as sent by the front door, once; the time "
            f"of the page alone on a kept connection, {_LEAST} to {_MOST} times.",
        ),
    )


def _pages(used: TestPlatform) -> dict[str, str]:
    """Return address -> name of every page, on a platform with one of each thing."""
    name = used.launch("echo", "--catalog", "charts")
    with (
        TemporaryDirectory(prefix="sx-bench-") as folder,
        Client.of_home(used.home) as client,
    ):
        table = Path(folder) / "t.csv"
        table.write_text("\n".join(["a,b", *(f"{row},{row * 2}" for row in range(1000))]))
        client.files.upload(table, "numbers.csv")
    used.run("secrets", "set", "databases/census", "user=ada", check=False)
    return {
        "/": "home",
        "/tour": "tour",
        "/catalog": "catalogue",
        "/launch/sardonyx/jupyter-python": "launcher, JupyterLab",
        "/launch/sardonyx/postgresql": "launcher, PostgreSQL",
        "/services": "services",
        f"/services/{name}": "one service",
        f"/services/{name}/delete": "deletion of a service",
        "/files/": "files",
        "/files/numbers.csv": "one file, with its first rows",
        "/secrets/": "secrets",
        "/account": "account",
        "/sign-in": "sign-in",
    }


class _Browser:
    """A kept connection to the portal with the cookie of a signed-in person."""

    def __init__(self, used: TestPlatform) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", used.port, timeout=60)
        self._host = f"localhost:{used.port}"
        link = urlsplit(used.link())
        self._connection.request(
            "GET", f"{link.path}?{link.query}", headers={"Host": self._host, "Accept": "text/html"}
        )
        answer = self._connection.getresponse()
        answer.read()
        given = answer.headers.get_all("set-cookie") or []
        self._cookie = "; ".join(one.partition(";")[0] for one in given if "Max-Age=0" not in one)

    def get(self, path: str, encodings: str = _ENCODINGS) -> tuple[bytes, str, float]:
        """Return the body as sent, its encoding, and the seconds until it was read."""
        headers = {
            "Accept": "text/html,*/*",
            "Accept-Encoding": encodings,
            "Host": self._host,
            "Cookie": self._cookie,
        }
        begun = time.perf_counter()
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        seconds = time.perf_counter() - begun
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:2000]!r}")
        return body, answer.headers.get("content-encoding", ""), seconds

    def close(self) -> None:
        self._connection.close()


@contextmanager
def _browser(used: TestPlatform) -> Iterator[_Browser]:
    browser = _Browser(used)
    try:
        yield browser
    finally:
        browser.close()


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        wanted = {"script": "src", "img": "src", "use": "href", "link": "href"}.get(tag)
        if tag == "link" and (given.get("rel") or "") not in {"stylesheet", "icon", "preload"}:
            return
        address = given.get(wanted) if wanted else None
        if address and address.startswith("/"):
            self.found.add(address.partition("#")[0])


def _parts(page: str) -> set[str]:
    """Return the addresses the page loads at once."""
    reader = _Parts()
    reader.feed(page)
    return reader.found
