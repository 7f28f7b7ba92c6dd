"""Measure what the front door costs: the same service asked directly and through it."""

from __future__ import annotations

import http.client
import socket
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
from tests.e2e.platform import TestPlatform
from tools.measures.platform import platform
from tools.measures.table import Asked, Measure, Table, percentile
from websockets.sync.client import ClientConnection, connect

from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.release_folder import ReleaseFolder
from sardonyx.client import Client

_SOURCE = 200e6  # bytes a second, as the service paces itself
_DOWNLOAD = 400e6  # bytes
_MESSAGE = "x" * 100


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the service: where to connect, and what to say there."""

    name: str
    port: int
    headers: Mapping[str, str]


def measure(asked: Asked) -> Table:
    """Ask in turn, block by block, so that what else the machine does falls on every way."""
    used = platform()
    name = used.launch("echo", "--catalog", "charts")
    direct, *through = _ways(used, name)
    requests = {way.name: _requests(way, 20) for way in (direct, *through)}
    messages = {way.name: _messages(way, 20) for way in (direct, *through)}
    rates: dict[str, list[float]] = {way.name: [] for way in (direct, *through)}
    blocks, each = asked.size(10), asked.size(100, least=10)
    for block in range(blocks + 1):
        for way in (direct, *through):
            seconds, turns = _requests(way, each), _messages(way, each)
            if block == 0:  # not counted
                requests[way.name], messages[way.name] = [], []
                continue
            requests[way.name] += seconds
            messages[way.name] += turns
    for _ in range(asked.runs):
        for way in (direct, *through):
            rates[way.name].append(_rate(way, asked.size(_DOWNLOAD, least=1 << 20)))
    used.run("services", "delete", name, "--yes")
    lines = []
    for what, series in (("small request", requests), ("WebSocket round trip", messages)):
        for share in (50, 95):
            peer = percentile(series[direct.name], share) * 1000
            lines += [
                Measure(
                    f"{what}, {way.name}, p{share}",
                    percentile(series[way.name], share) * 1000,
                    "ms",
                    peer=peer,
                )
                for way in through
            ]
    peer = statistics.median(rates[direct.name])
    lines += [
        Measure(
            f"download, {way.name}",
            statistics.median(rates[way.name]) / 1e6,
            "MB/s",
            peer=peer / 1e6,
            ratio_at_least=0.8,
        )
        for way in through
    ]
    return Table(
        "front_door",
        "Front door beside the service itself",
        lines,
        (
            f"{blocks * each} requests on a kept connection and {blocks * each} messages of "
            f"{len(_MESSAGE)} bytes; {_DOWNLOAD / 1e6:.0f} MB from a source limited to "
            f"{_SOURCE / 1e6:.0f} MB/s, {asked.runs} times. “Address”: the service's own, with its "
            "bearer credential, as programs use it; “browser”: its host name, with the cookie.",
        ),
    )


def _ways(used: TestPlatform, name: str) -> tuple[Way, ...]:
    orders = ReleaseFolder(Home(used.home).service(name)).read_orders()
    with Client.of_home(used.home) as client:
        way = client.services.credential(name)
        link = urlsplit(client.services.open_address(name))
    host = f"{name}.localhost:{used.port}"
    with httpx2.Client(trust_env=False) as http:
        entered = http.get(
            f"http://127.0.0.1:{used.port}{link.path}?{link.query}", headers={"host": host}
        )
    cookie = entered.headers["set-cookie"].partition(";")[0]
    return (
        Way("direct", orders.port, {"Host": "localhost"}),
        Way(
            "address",
            urlsplit(way.address).port or 80,
            {"Host": "localhost", way.header: way.value.reveal()},
        ),
        Way("browser", used.port, {"Host": host, "Cookie": cookie}),
    )


def _requests(way: Way, count: int) -> list[float]:
    """Return the seconds of each of `count` requests on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", way.port, timeout=30)
    seconds = []
    for _ in range(count):
        begun = time.perf_counter()
        connection.request("GET", "/", headers=dict(way.headers))
        answer = connection.getresponse()
        body = answer.read()
        seconds.append(time.perf_counter() - begun)
        if body != b"ok\n":
            raise RuntimeError(f"{way.name}: {answer.status} {body[:200]!r}")
    connection.close()
    return seconds


def _messages(way: Way, count: int) -> list[float]:
    """Return the seconds of each of `count` round trips on one WebSocket."""
    seconds = []
    with _socket(way) as channel:
        for _ in range(count):
            begun = time.perf_counter()
            channel.send(_MESSAGE)
            back = channel.recv(timeout=30)
            seconds.append(time.perf_counter() - begun)
            if back != _MESSAGE:
                raise RuntimeError(f"{way.name}: {back!r}")
    return seconds


def _socket(way: Way) -> ClientConnection:
    host = way.headers["Host"].partition(":")[0]
    others = {name: value for name, value in way.headers.items() if name != "Host"}
    return connect(
        f"ws://{host}:{way.port}/ws",
        additional_headers=others,
        # Names below localhost are not known everywhere; only the Host header matters.
        sock=socket.create_connection(("127.0.0.1", way.port), timeout=30),
        compression=None,
        proxy=None,
    )


def _rate(way: Way, size: int) -> float:
    """Return bytes a second of one download."""
    connection = http.client.HTTPConnection("127.0.0.1", way.port, timeout=60)
    begun = time.perf_counter()
    connection.request("GET", f"/paced?{size}", headers=dict(way.headers))
    answer = connection.getresponse()
    block, read = bytearray(1 << 18), 0
    while count := answer.readinto(block):
        read += count
    seconds = time.perf_counter() - begun
    connection.close()
    if read != size:
        raise RuntimeError(f"{way.name}: {read} bytes of {size}, status {answer.status}")
    return size / seconds
