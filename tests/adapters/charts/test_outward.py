"""Names of an index that lead to machines inside are stopped as their numbers are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpcore2
import pytest
from tests.charts.servers import Answer, certificate, serving

from sardonyx.adapters.charts.fetch import Access, Fetcher
from sardonyx.adapters.http.outward import InsideError, OutwardBackend
from sardonyx.catalog.faults import RepositoryError

OUTSIDE = "93.184.215.14"


class Names:
    """A resolver with names of its own; each answer is given once, the last one ever after."""

    def __init__(self, known: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._left = {host: list(answers) for host, answers in known.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._left.get(host)
        if answers is None:
            raise OSError(f"{host} is unknown")
        return answers.pop(0) if len(answers) > 1 else answers[0]


async def _code(url: str, names: Names, *, named: str = "charts.example") -> str:
    """Return what became of a fetch: empty when the body came."""
    access = Access(frozenset({named}), seconds=5.0, resolve=names)
    fetcher = Fetcher(access, origin=f"http://{named}")
    try:
        await fetcher.read(url, most=1024)
    except RepositoryError as error:
        return error.problem.code
    finally:
        await fetcher.close()
    return ""


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.7",
        "192.168.1.1",
        "169.254.169.254",
        "::1",
        "fd00::7",
        "fe80::1%eth0",
        "::ffff:10.0.0.7",
        "64:ff9b::a9fe:a9fe",
        "2002:a00:7::1",
        "100.64.0.1",
        "0.0.0.0",
    ],
)
async def test_a_name_that_resolves_inside_is_refused(address: str) -> None:
    with serving(lambda _: Answer(200, b"inside")) as base:
        names = Names({"charts.example": [[OUTSIDE]], "archives.example": [[OUTSIDE, address]]})
        port = base.rpartition(":")[2]
        assert await _code(f"http://archives.example:{port}/x", names) == "repository_address"


async def test_the_host_that_was_written_may_be_inside() -> None:
    with serving(lambda _: Answer(200, b"here")) as base:
        names = Names({"charts.example": [["127.0.0.1"]]})
        assert not await _code(f"http://charts.example:{base.rpartition(':')[2]}/x", names)


async def test_a_catalogue_inside_leads_to_others_inside_but_never_to_this_machine() -> None:
    names = Names(
        {
            "charts.example": [["10.0.0.5"]],
            "archives.example": [["127.0.0.1"]],
            "cloud.example": [["169.254.169.254"]],
            "peer.example": [["fd00::7"]],
        }
    )
    for host in ("archives.example", "cloud.example"):
        assert await _code(f"http://{host}:1/x", names) == "repository_address"
    assert await _code("http://peer.example:1/x", names) != "repository_address"


async def test_a_store_inside_leads_to_no_other_inside() -> None:
    names = Names({"store.example": [["127.0.0.1"]], "nas.example": [["10.0.0.5"]]})
    backend = OutwardBackend(frozenset({"store.example"}), names, leads_inside=False)
    with pytest.raises(InsideError):
        await backend.connect_tcp("nas.example", 9000, timeout=5.0)
    with serving(lambda _: Answer(200, b"here")) as base:
        store = await backend.connect_tcp("store.example", int(base.rpartition(":")[2]))
        await store.aclose()


async def test_a_name_that_nobody_answers_for_ends_with_the_limit() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    with pytest.raises(httpcore2.ConnectTimeout):
        await OutwardBackend(frozenset(), never).connect_tcp("slow.example", 1, timeout=0.01)


async def test_a_redirect_leads_no_further_than_an_address() -> None:
    names = Names({"charts.example": [["127.0.0.1"]], "inside.example": [["127.0.0.1"]]})
    away = Answer(302, headers={"Location": "http://inside.example:1/x"})
    with serving(lambda _: away) as base:
        url = f"http://charts.example:{base.rpartition(':')[2]}/x"
        assert await _code(url, names) == "repository_address"


async def test_the_address_that_was_looked_at_is_the_one_connected_to() -> None:
    """A name that answers otherwise the second time is not asked a second time."""
    names = Names({"charts.example": [["127.0.0.1"], ["10.0.0.9"]]})
    with serving(lambda asked: Answer(200, asked.headers["host"].encode())) as base:
        port = base.rpartition(":")[2]
        assert not await _code(f"http://charts.example:{port}/x", names)
    assert names.asked == ["charts.example"]


async def test_the_certificate_is_that_of_the_name(tmp_path: Path) -> None:
    with serving(lambda _: Answer(200), tls=certificate(tmp_path)) as base:
        names = Names({"charts.example": [["127.0.0.1"]]})
        url = f"https://charts.example:{base.rpartition(':')[2]}/x"
        assert await _code(url, names) == "repository_certificate"


async def test_a_name_without_an_address_is_not_reached() -> None:
    assert await _code("http://charts.example/x", Names({})) == "repository_unreachable"
