"""Measure what each page sends on its first load, and how long the portal takes to make it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode, urlsplit

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
    with browser(used) as person:
        for path, name in pages.items():
            body, encoding, _ = person.get(path)
            size = len(body)
            for part in sorted(_parts(person.get(path, "identity")[0].decode())):
                size += len(person.get(part)[0])
            times: list[float] = []
            while len(times) < _LEAST or (len(times) < _MOST and sum(times) < _PAGE_SECONDS):
                times.append(person.get(path)[2])
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


class Browser:
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
        return self._asked("GET", path, None, {"Accept-Encoding": encodings})

    def post(self, path: str, fields: Sequence[tuple[str, str]]) -> tuple[bytes, str, float]:
        """Post a form as a page does without reloading; return as `get` does."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://{self._host}",
            "Sec-Fetch-Site": "same-origin",
            "HX-Request": "true",
            "Accept-Encoding": "identity",
        }
        return self._asked("POST", path, urlencode(fields).encode(), headers)

    def _asked(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[bytes, str, float]:
        known = {"Accept": "text/html,*/*", "Host": self._host, "Cookie": self._cookie}
        begun = time.perf_counter()
        self._connection.request(method, path, body, headers={**known, **headers})
        answer = self._connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - begun
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {content[:2000]!r}")
        return content, answer.headers.get("content-encoding", ""), seconds

    def close(self) -> None:
        self._connection.close()


@contextmanager
def browser(used: TestPlatform) -> Iterator[Browser]:
    """Give a browser of the signed-in person for a while."""
    person = Browser(used)
    try:
        yield person
    finally:
        person.close()


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
