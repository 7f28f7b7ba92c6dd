"""What pages of other sites, other services and strangers are refused, on a whole platform.

test_inner_doors.py knocks from inside a service and as another user of the machine.
"""

from __future__ import annotations

import json
import socket
import sqlite3
from collections.abc import Iterator
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import Browser
from tests.e2e.light import (
    Visitor,
    call,
    cookie_of,
    entry_path,
    inside,
    names,
    portal_cookie,
    project,
    secret,
    service,
    service_cookie,
    set_secret,
    sign_in_path,
    visiting,
)
from tests.e2e.platform import TestPlatform
from tests.runtime.world import processes_of
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from sardonyx.adapters.processes.home import Home

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("light")]

FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://mirror.localhost"},
    {},  # no browser leaves both out, and a program has a token
)


@pytest.fixture(scope="module")
def me(light: TestPlatform) -> Iterator[Visitor]:
    """A browser that is signed in."""
    with visiting(light, cookie=portal_cookie(light)) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def stranger(light: TestPlatform) -> Iterator[Visitor]:
    """A browser without any cookie."""
    with visiting(light) as visitor:
        yield visitor


def test_a_page_of_another_site_changes_nothing(
    light: TestPlatform, me: Visitor, mirror: str
) -> None:
    place = project(light)
    set_secret(light, "kept", "as it was")
    writes = [
        ("POST", "/secrets/kept", "action=delete"),
        ("POST", f"/services/{mirror}/delete", ""),
        ("POST", f"/services/{mirror}/pause", ""),
        ("POST", "/launch/light/mirror", "friendly_name=forged"),
        ("POST", "/account/git", "git_name=forged"),
        ("POST", "/sign-out", ""),
        ("PUT", f"/api/v1{place}/secrets/kept", '{"entries": {"KEY": "forged"}}'),
        ("PUT", f"/api/v1{place}/files/forged.txt", "forged"),
        ("POST", f"/api/v1{place}/services", '{"chart": "mirror", "catalog": "light"}'),
        ("DELETE", f"/api/v1{place}/services/{mirror}", ""),
        ("POST", "/api/v1/sign-in-links", ""),
    ]
    before = names(light)
    for foreign in FOREIGN:
        for method, path, content in writes:
            is_api = path.startswith("/api")
            kind = "application/json" if is_api else "application/x-www-form-urlencoded"
            answer = me.ask(
                method, path, content=content, headers={"content-type": kind, **foreign}
            )
            assert answer.status_code == 403, (method, path, foreign, answer.text)
            if is_api:
                assert answer.json()["code"] == "foreign_request"
                assert answer.json()["next"] == "Repeat the action from the platform's own pages."
            else:
                assert "not part of the platform" in answer.text
    assert names(light) == before
    assert service(light, mirror)["state"] == "running"
    assert secret(light, "kept") == "as it was"
    assert call(light, "GET", f"{place}/files/forged.txt").status_code == 404
    assert me.get("/account").status_code == 200, "still signed in"
    assert "forged" not in me.get("/account").text


def test_a_page_of_the_portal_may_write(light: TestPlatform, me: Visitor) -> None:
    """The same request from our own page passes: what was refused was where it came from."""
    own = {"Origin": light.base, "Sec-Fetch-Site": "same-origin"}
    path = f"/api/v1{project(light)}/files/own.txt"
    assert me.ask("PUT", path, content="mine", headers=own).status_code == 201
    assert me.ask("DELETE", path, headers=own).is_success


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.",
        "unknown.localhost",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
    ],
)
def test_a_name_that_was_bound_to_us_is_refused(light: TestPlatform, host: str) -> None:
    """DNS rebinding: the page's own name leads here, and its cookies do not matter."""
    token = (light.home / "keys" / "cli.token").read_text()
    with visiting(light, cookie=portal_cookie(light)) as visitor:
        for path in ("/", "/api/v1/me", "/healthz", "/_sardonyx/enter?t=x", "/static/app.css"):
            answer = visitor.get(path, host=host, authorization=f"Bearer {token}")
            assert answer.status_code == 421, path
            assert answer.text in ("", "Misdirected request")


def test_a_websocket_of_another_site_is_refused(
    light: TestPlatform, mirror: str, second: str
) -> None:
    cookie = service_cookie(light, mirror)
    own = f"http://{mirror}.localhost:{light.port}"
    assert websocket(light, mirror, origin=own, cookie=cookie) == "hello"
    foreign = (
        "http://evil.example",
        "null",
        light.base,
        f"http://{second}.localhost:{light.port}",
        f"http://{mirror}.localhost:{light.port + 1}",
    )
    for origin in foreign:
        assert websocket(light, mirror, origin=origin, cookie=cookie) == 403, origin
    assert websocket(light, mirror, origin=own, cookie="") == 401
    assert websocket(light, second, origin=None, cookie=cookie) == 401


def websocket(light: TestPlatform, name: str, *, origin: str | None, cookie: str) -> str | int:
    """Return what the service says first, or the status of the refusal."""
    try:
        way = socket.create_connection(("127.0.0.1", light.port), timeout=60)
        with connect(
            f"ws://{name}.localhost:{light.port}/",
            sock=way,
            origin=origin,  # type: ignore[arg-type] # any text is an origin here
            additional_headers={"Cookie": cookie} if cookie else {},
            proxy=None,
            open_timeout=60,
        ) as opened:
            return str(opened.recv(timeout=60))
    except InvalidStatus as refused:
        return refused.response.status_code


def test_a_sign_in_link_works_once(light: TestPlatform, stranger: Visitor) -> None:
    path = sign_in_path(light)
    first = stranger.get(path, accept="text/html")
    assert first.status_code == 303
    assert cookie_of(first, "sardonyx")
    again = stranger.get(path, accept="text/html")
    assert again.status_code == 403
    assert "set-cookie" not in again.headers
    assert "works once, for a few minutes" in again.text
    assert "sardonyx open" in again.text


def test_a_services_link_works_once_and_on_its_own_host(
    light: TestPlatform, stranger: Visitor, mirror: str, second: str
) -> None:
    path = entry_path(light, mirror)
    first = stranger.get(path, host=f"{mirror}.localhost")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    flags = first.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags
    assert "domain" not in flags
    again = stranger.get(path, host=f"{mirror}.localhost", accept="text/html")
    assert again.status_code == 403
    assert "works once, for a few minutes" in again.text
    for host in (f"{second}.localhost", "localhost"):
        elsewhere = stranger.get(entry_path(light, mirror), host=host)
        assert elsewhere.status_code == 403, host
        assert "set-cookie" not in elsewhere.headers


def test_a_service_sees_no_cookie_of_ours(
    light: TestPlatform, browser: Browser, mirror: str
) -> None:
    """A real browser, signed in at the portal and at the service."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(light.base + sign_in_path(light))
        page.goto(f"{light.base}/open/{mirror}")
        assert page.url == f"http://{mirror}.localhost:{light.port}/"
        assert {one["name"] for one in context.cookies()} >= {"sardonyx", "sxs"}
        assert page.evaluate("document.cookie") == ""
        page.evaluate("document.cookie = 'own=1'")
        received = dict(json.loads(page.goto(page.url + "headers").text()))  # type: ignore[union-attr]
        assert received["Cookie"] == "own=1"
        assert received["Authorization"].startswith("token "), "the service's own credential"
        secrets = [one["value"] for one in context.cookies() if one["name"] != "own"]
        assert not any(secret in json.dumps(received) for secret in secrets)
        # Nor by asking the portal from the service's page.
        asked = page.evaluate(
            "address => fetch(address, {credentials: 'include'}).then(a => a.text(), () => 'no')",
            f"{light.base}/account",
        )
        assert asked == "no"
    finally:
        context.close()


def test_a_services_cookie_opens_no_other(light: TestPlatform, mirror: str, second: str) -> None:
    cookie = service_cookie(light, mirror)
    token = cookie.partition("=")[2]
    with visiting(light, cookie=f"{cookie}; sardonyx={token}") as visitor:
        assert visitor.get("/", host=f"{mirror}.localhost").status_code == 200
        assert visitor.get("/", host=f"{second}.localhost").status_code == 401
        assert visitor.get("/api/v1/me").status_code == 401
        assert visitor.get("/api/v1/me", authorization=f"Bearer {token}").status_code == 401
    with visiting(light, cookie=portal_cookie(light).replace("sardonyx=", "sxs=")) as visitor:
        assert visitor.get("/", host=f"{mirror}.localhost").status_code == 401


def test_a_stranger_is_led_to_sign_in_and_a_program_is_told(
    light: TestPlatform, stranger: Visitor, mirror: str
) -> None:
    host = f"{mirror}.localhost"
    page = stranger.get("/lab/tree/a b?x=1", host=host, accept="text/html")
    assert page.status_code == 302
    wanted = quote("/lab/tree/a%20b?x=1", safe="")
    assert page.headers["location"] == f"{light.base}/open/{mirror}?next={wanted}"
    for program in (
        stranger.get("/headers", host=host, accept="application/json"),
        stranger.ask("POST", "/", host=host, content='["id"]', headers={"accept": "text/html"}),
    ):
        assert program.status_code == 401
        assert program.json()["code"] == "service_sign_in_required"
        assert f"“sardonyx services open {mirror}”" in program.json()["next"]
    address = service(light, mirror)["address"]
    for authorization in ("", "Bearer wrong", f"Bearer {service_cookie(light, mirror)}"):
        headers = {"Authorization": authorization} if authorization else {}
        by_address = httpx2.get(address, headers=headers, trust_env=False)
        assert by_address.status_code == 401
        assert by_address.json()["code"] == "service_sign_in_required"


@pytest.mark.parametrize(
    "foreign",
    ["//evil.example/", "http://evil.example/", "/\\evil.example", "https:evil.example", "/a\r\nb"],
)
def test_no_address_leads_elsewhere(
    light: TestPlatform, me: Visitor, stranger: Visitor, mirror: str, foreign: str
) -> None:
    opened = me.get(f"/open/{mirror}?next={quote(foreign)}")
    location = opened.headers["location"]
    assert location.startswith(f"http://{mirror}.localhost:{light.port}/_sardonyx/enter?")
    assert location.endswith("next=%2F")
    spoiled = entry_path(light, mirror).partition("&next=")[0] + f"&next={quote(foreign)}"
    entered = stranger.get(spoiled, host=f"{mirror}.localhost")
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    with visiting(light, cookie=f'wanted="{quote(foreign)}"') as visitor:
        signed = visitor.get(sign_in_path(light)).headers["location"]
        assert signed.startswith("/")
        assert not signed.startswith(("//", "/\\"))


def test_secrets_are_in_no_log_and_on_no_command_line(light: TestPlatform, me: Visitor) -> None:
    git_token, kept = "ghp_" + "S3cr3tG1t" * 4, "s3cr3t-v4lu3-0f-a-k3y"
    own = {"Origin": light.base}
    assert me.ask("POST", "/account/git", data={"git_token": git_token}, headers=own).is_redirect
    light.run("secrets", "set", "quiet", "KEY", given=kept)
    assert secret(light, "quiet") == kept
    name = light.launch("mirror", "--catalog", "light")
    lines = "\n".join(processes_of(Home(light.home)).values())
    environment = inside(light, name, "env")["out"]
    assert git_token in environment, "the service has it"
    one_time = next(
        line.partition("=")[2] for line in environment.splitlines() if line.startswith("PASSWORD=")
    )
    secrets = {
        "git token": git_token,
        "secret": kept,
        "one-time password": one_time,
        "command line's token": (light.home / "keys" / "cli.token").read_text(),
        "service's cookie": service_cookie(light, name).partition("=")[2],
    }
    folder = light.home / "services" / name
    shown = {
        "argv": lines,
        "supervisord.conf": (light.home / "run" / "supervisord.conf").read_text(),
        "service": json.dumps(service(light, name)),
        "page": me.get(f"/services/{name}").text,
        "events": light.run("services", "events", name).stdout,
        "timeline": (folder / "timeline.jsonl").read_text(),
        "audit": me.get("/api/v1/account/audit?limit=1000").text,
        **{
            str(path): path.read_text(errors="replace")
            for place in (light.home / "logs", folder / "logs")
            for path in place.rglob("*")
            if path.is_file()
        },
    }
    assert name in shown["audit"]
    assert name in shown["argv"]
    found = [
        (what, where)
        for what, secret in secrets.items()
        for where in shown
        if secret in shown[where]
    ]
    assert found == []
    with sqlite3.connect(f"file:{light.home / 'portal.sqlite'}?mode=ro", uri=True) as records:
        dump = "\n".join(records.iterdump())
    records.close()
    assert [what for what, secret in secrets.items() if secret in dump] == []
    assert me.ask("POST", "/account/git", data={"forget": "true"}, headers=own).is_redirect
    call(light, "DELETE", f"{project(light)}/services/{name}")
