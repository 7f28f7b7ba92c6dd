"""What goes wrong on a whole platform, what the person then reads, and that nothing is lost.

docs/faults.md lists every fault with its words and its test; many are tested nearer to where
they arise.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.e2e.light import (
    Visitor,
    call,
    inside,
    light_catalog,
    names,
    portal_cookie,
    project,
    service,
    service_cookie,
    visiting,
)
from tests.e2e.platform import TestPlatform, running_platform, until
from tests.runtime.world import processes_of

from sardonyx.adapters.processes.home import Home, free_ports
from sardonyx.adapters.processes.supervisor import running

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("light")]

# Part -> words of its program's command line.
PROGRAMS = {
    "portal": "-m sardonyx.portal",
    "caddy": "caddy run",
    "seaweedfs": "/weed ",
    "openbao": "/bao server",
    "keys": "sardonyx.adapters.oidc.server",
    "service": "mirror.py",
    "runner": "processes.runner",
}
LINES = {
    "store_unavailable": "Wait a few seconds and try again. “sardonyx doctor” says which part is",
    "secret_store_unavailable": "Wait a few seconds and try again. “sardonyx doctor” says which",
}


def pids(home: Path, words: str) -> set[int]:
    """Return the processes of a program, without what contains them."""
    return {
        pid
        for pid, line in processes_of(Home(home)).items()
        if words in line and "--die-with-parent" not in line
    }


def kill(home: Path, part: str) -> None:
    """Kill a program with -9, and wait until it is gone."""
    victims = pids(home, PROGRAMS[part])
    assert victims, processes_of(Home(home))
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not victims & processes_of(Home(home)).keys(), what=f"{part} ends")


@contextmanager
def nothing_is_restarted(home: Path) -> Iterator[None]:
    """Hold the supervisor still, so that what was killed stays away for the while."""
    supervisor = int((home / "run" / "supervisord.pid").read_text())
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


@contextmanager
def new_home() -> Iterator[TestPlatform]:
    """Give a home where nothing was ever started, and look that nothing is left of it."""
    with TemporaryDirectory(prefix="sx") as folder:
        home = Path(folder) / "h"
        (port,) = free_ports(1)
        yield TestPlatform(home, port, {"UV_OFFLINE": "1"})
        assert processes_of(Home(home)) == {}


def keep(platform: TestPlatform) -> None:
    """Store a file and a secret."""
    place = project(platform)
    assert call(platform, "PUT", f"{place}/files/a b.txt", content="all of it").is_success
    secret = {"entries": {"KEY": "v4lue"}}
    assert call(platform, "PATCH", f"{place}/secrets/kept", json=secret).is_success


def kept(platform: TestPlatform) -> bool:
    """Tell whether both can be read; what is read must be what was stored."""
    place = project(platform)
    file = call(platform, "GET", f"{place}/files/a b.txt")
    secret = call(platform, "GET", f"{place}/secrets/kept?reveal=true")
    if not (file.is_success and secret.is_success):
        assert {file.status_code, secret.status_code} <= {200, 502, 504}, (file.text, secret.text)
        return False
    assert file.text == "all of it"
    assert secret.json()["entries"] == {"KEY": "v4lue"}
    return True


def answers(visitor: Visitor, path: str, host: str = "localhost") -> bool:
    """Tell whether a page comes; a way that is closed for now is no."""
    import httpx2

    try:
        return visitor.get(path, host=host).status_code == 200
    except httpx2.TransportError:
        return False


# Starting and ending


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
def test_a_taken_port_is_named_and_nothing_started(family: socket.AddressFamily) -> None:
    with new_home() as platform, socket.socket(family) as other:
        try:
            other.bind(("127.0.0.1" if family == socket.AF_INET else "::1", platform.port))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        other.listen()
        port = platform.port
        done = platform.run("up", "--detach", "--port", str(port), check=False)
        assert (done.returncode, done.stdout) == (4, "")
        assert done.stderr == (
            "The port is taken (port_taken)\n"
            f"  Another program already listens on port {port}. [--port]\n"
            f"  Next: Stop it, or choose another port: “sardonyx up --port {port + 1}”.\n"
        )
        assert not platform.home.exists()


def test_a_second_up_changes_nothing(light: TestPlatform, mirror: str) -> None:
    def contents() -> dict[str, bytes]:
        places = ("parts/caddy.json", "run/up.json", "run/supervisord.conf", "run/supervisor.key")
        return {name: (light.home / name).read_bytes() for name in places}

    before = contents()
    assert mirror.encode() in before["parts/caddy.json"]
    (other,) = free_ports(1)
    for port in (light.port, other):
        done = light.run("up", "--detach", "--port", str(port), check=False)
        assert (done.returncode, done.stdout) == (4, "")
        assert done.stderr == (
            "The platform is already running (home_in_use)\n"
            f"  Another “sardonyx up” works on {light.home}.\n"
            "  Next: Run “sardonyx open” to see it, “sardonyx down” to end it, or give another "
            "--home.\n"
        )
    assert contents() == before


@pytest.mark.parametrize("end", ["Ctrl-C", "down"])
def test_an_orderly_end_leaves_nothing(end: str) -> None:
    with new_home() as platform:
        words = ["up", "--no-browser", "--port", str(platform.port)]
        environment = {**os.environ, **platform.environment, "SARDONYX_HOME": str(platform.home)}
        up = subprocess.Popen(
            [sys.executable, "-m", "sardonyx", *words],
            env={**environment, "LANG": "C.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert up.stdout is not None
        with up.stdout:
            address = up.stdout.readline()
            assert address.startswith(f"{platform.base}/sign-in?t=")
            assert running(Home(platform.home))
            if end == "down":
                platform.run("down")
            else:
                up.send_signal(signal.SIGINT)
            assert up.wait(120) == 0
            assert up.stdout.read() == "", "the address is the last line"
        assert processes_of(Home(platform.home)) == {}
        again = platform.run("down", check=False)
        assert again.returncode == 3
        assert again.stderr == (
            "The platform is not running (nothing_runs)\n"
            f"  Nothing runs on {platform.home}.\n"
            "  Next: Start it: “sardonyx up”.\n"
        )
        if end == "down":
            platform.run("purge", "--yes")
            assert not platform.home.exists()


def test_a_killed_supervisor_takes_all_along_and_nothing_is_lost() -> None:
    with TemporaryDirectory(prefix="sxc") as folder:
        catalogs = json.dumps([str(light_catalog(Path(folder), "mirror"))])
        with running_platform(UV_OFFLINE="1", SARDONYX_CATALOGS=catalogs) as platform:
            name = platform.launch("mirror", "--catalog", "light")
            inside(platform, name, "sh", "-c", "echo all of it > thesis.txt")
            keep(platform)
            cookie = portal_cookie(platform)
            home = Home(platform.home)
            os.kill(int((home.run / "supervisord.pid").read_text()), signal.SIGKILL)
            until(lambda: not processes_of(home), what="everything ends")
            told = platform.run("services", "list", check=False)
            assert told.returncode == 5
            assert told.stderr == (
                "The platform is not running (platform_not_running)\n"
                f"  Nothing answers in “{platform.home}”.\n"
                "  Next: Start it with “sardonyx up”, or name its folder with “--home”.\n"
            )
            platform.run("up", "--detach", "--no-browser", "--port", str(platform.port))
            assert service(platform, name)["state"] == "stopped"
            assert platform.run("services", "explain", name).stdout.strip() == (
                "The service was stopped with the platform (supervisor_gone)\n"
                "  The platform ended while this service was running. Its files are intact.\n"
                "  Next: Resume it: it starts again with its files."
            )
            until(lambda: kept(platform), what="file and secret are back")
            call(platform, "POST", f"{project(platform)}/services/{name}/resume")
            until(lambda: service(platform, name)["state"] == "running", what="it runs again")
            assert inside(platform, name, "cat", "thesis.txt")["out"] == "all of it\n"
            with visiting(platform, cookie=cookie) as visitor:
                assert answers(visitor, "/account"), "the browser is still signed in"


def test_purge_refuses_the_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    platform = TestPlatform(tmp_path, 0, {"UV_OFFLINE": "1"})
    done = platform.run("purge", "--yes", check=False)
    assert done.returncode == 4
    assert done.stderr == (
        "This folder is not the platform's (not_a_home)\n"
        f"  {tmp_path} was not made by sardonyx; nothing was removed.\n"
        "  Next: Give the platform's own folder with --home.\n"
    )
    # Nor does it become the platform's, so that purge could remove it one day.
    for words in (("up", "--detach", "--port", str(free_ports(1)[0])), ("purge", "--yes")):
        Home(tmp_path).keys.mkdir(exist_ok=True)
        (tmp_path / "ports.json").touch()
        done = platform.run(*words, check=False)
        assert done.returncode == 4
        assert done.stderr == (
            "This folder holds files of somebody else (foreign_folder)\n"
            f"  “thesis.tex” in {tmp_path} was not made by sardonyx; nothing was changed.\n"
            "  Next: Move it away, or give a folder of the platform's own with --home.\n"
        )
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


# Parts that are killed


@pytest.mark.parametrize("part", PROGRAMS)
def test_a_killed_part_comes_back_and_nothing_is_lost(
    light: TestPlatform, mirror: str, part: str
) -> None:
    keep(light)
    host = f"{mirror}.localhost"
    before = service(light, mirror)
    cookies = f"{portal_cookie(light)}; {service_cookie(light, mirror)}"
    with visiting(light, cookie=cookies) as visitor:
        with nothing_is_restarted(light.home):
            kill(light.home, part)
            if part != "runner":  # it is the supervisor that starts it again
                read_while_away(light, visitor, mirror, part)
        until(lambda: answers(visitor, "/account") and kept(light), what="all is back")
        until(lambda: answers(visitor, "/", host), what="its way is open")
        until(lambda: service(light, mirror)["state"] == "running", what="it is seen to run")
        now = service(light, mirror)
        assert (now["startedAt"] == before["startedAt"]) is (part not in ("service", "runner"))
        assert now["findings"] == []


def read_while_away(light: TestPlatform, visitor: Visitor, mirror: str, part: str) -> None:
    """Look at what the person reads while the part is away."""
    place = project(light)
    host = f"{mirror}.localhost"
    if part == "portal":
        page = visitor.get("/", accept="text/html")
        assert page.status_code == 502
        assert "The portal is starting again; this page reloads by itself." in page.text
        assert "Running services go on." in page.text
        for words in (("services", "list"), ("open", "--print")):
            told = light.run(*words, check=False)
            assert (told.returncode, told.stdout) == (5, "")
            assert told.stderr == (
                "The portal does not answer yet (portal_starting)\n"
                "  The platform runs and so do its services; its portal is starting.\n"
                "  Next: Wait a few seconds and try again. “sardonyx status” says which part is "
                "down.\n"
            )
        return
    if part == "caddy":
        assert not answers(visitor, "/")
        assert mirror in light.run("services", "list").stdout, "commands need no front door"
        return
    if part in ("seaweedfs", "openbao"):
        path = "files/a b.txt" if part == "seaweedfs" else "secrets/kept"
        code = "store_unavailable" if part == "seaweedfs" else "secret_store_unavailable"
        answer = call(light, "GET", f"{place}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (502, code)
        assert answer.json()["next"].startswith(LINES[code])
        page = visitor.get("/files" if part == "seaweedfs" else "/secrets", accept="text/html")
        shown = visitor.get(page.headers.get("location", "/files"), accept="text/html")
        assert "Traceback" not in shown.text
        assert answer.json()["title"] in shown.text
    if part == "openbao":
        before = names(light)
        body = {"chart": "jupyter-python"}  # it would get a secret's keys as variables
        launched = call(light, "POST", f"{place}/services", json=body)
        assert (launched.status_code, launched.json()["code"]) == (502, "secret_store_unavailable")
        form = visitor.get("/launch/sardonyx/jupyter-python", accept="text/html")
        assert launched.json()["title"] in form.text
        assert names(light) == before, "nothing half-made is left"
    if part != "service":
        assert answers(visitor, "/", host), "the service goes on"
