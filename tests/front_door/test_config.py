"""The front door's configuration, as a pure function."""

from pathlib import Path
from typing import Any

from sardonyx.adapters.caddy.config import Route, front_door
from sardonyx.values import Secret
from sardonyx.web.gateway import local_path
from sardonyx.web.security import is_foreign


def _configuration(*routes: Route) -> dict[str, Any]:
    return front_door(
        listen=("127.0.0.1:8000",),
        admin_socket=Path("/h/run/caddy.sock"),
        portal="unix//h/run/portal.sock",
        routes=routes,
        log_file=Path("/h/logs/front-door.log"),
    )


def test_the_last_route_refuses_every_other_host() -> None:
    routes = _configuration()["apps"]["http"]["servers"]["front"]["routes"]
    assert "match" not in routes[-1]
    assert routes[-1]["handle"][0]["status_code"] == 421


def test_the_administration_is_an_owner_only_socket() -> None:
    assert _configuration()["admin"]["listen"] == "unix//h/run/caddy.sock|0600"


def test_the_question_to_the_portal_carries_no_upgrade() -> None:
    route = Route("lab-1", "unix//s", header=("Authorization", Secret("token x")))
    service = _configuration(route)["apps"]["http"]["servers"]["front"]["routes"][1]
    ask, headers, proxy = service["handle"][0]["routes"][1]["handle"]
    assert {"Upgrade", "Connection"} <= set(ask["headers"]["request"]["delete"])
    assert headers["request"]["set"] == {"Authorization": ["token x"]}
    assert "delete" not in headers["request"], "Caddy would delete what it has just set"
    assert proxy["upstreams"] == [{"dial": "unix//s"}]


def test_our_cookie_never_reaches_a_service() -> None:
    import re

    route = Route("lab-1", "unix//s")
    service = _configuration(route)["apps"]["http"]["servers"]["front"]["routes"][1]
    [headers] = [one for one in service["handle"][0]["routes"][1]["handle"] if "request" in one]
    for cookies, left in {
        "sxs=secret": "",
        "a=1; sxs=secret; b=2": "a=1; b=2",
        "a=1; sxs=secret": "a=1",
        "sxs=secret; b=2": "b=2",
        "sxs=secret; sxs=other": "",
        "notsxs=1; b=2": "notsxs=1; b=2",
    }.items():
        passed = cookies
        for change in headers["request"]["replace"]["Cookie"]:
            passed = re.sub(change["search_regexp"], change["replace"], passed)
        assert passed == left


def test_a_load_of_new_routes_gives_what_is_under_way_its_time() -> None:
    """With a second's grace each launch cut every upload and download that took longer."""
    assert _configuration()["apps"]["http"]["grace_period"] == "24h"


def test_a_program_listener_exists_only_where_asked() -> None:
    servers = _configuration(Route("a", "unix//s"), Route("b", "unix//t", address_port=9))["apps"][
        "http"
    ]["servers"]
    assert servers.keys() == {"front", "address-b"}
    assert servers["address-b"]["listen"] == ["127.0.0.1:9"]


def test_a_wanted_path_never_leaves_the_host() -> None:
    for foreign in (
        "http://evil.example/",
        "//evil.example",
        "\\\\evil",
        "/\\evil",
        "x",
        "/a\r\nb",
        "//[",
        "http://[",
    ):
        assert local_path(foreign) == "/"
    assert local_path("/lab/tree/a.ipynb?x=1") == "/lab/tree/a.ipynb?x=1"


def test_an_origin_that_is_no_address_is_foreign() -> None:
    assert is_foreign("http://[", "localhost:8000")
    assert is_foreign("null", "localhost:8000")
    assert is_foreign("http://evil.example", "localhost:8000")
    assert not is_foreign("http://localhost:8000", "localhost:8000")
