"""The commands a page shows, pasted into a plain shell, do what the click did.

Launches are pasted with the platform stopped; files and secrets with it running. No secret
stands in any of the texts.
"""

from __future__ import annotations

import html
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.e2e.platform import CACHE, TestPlatform, running_platform, until

from sardonyx.adapters.processes.home import free_ports
from sardonyx.adapters.processes.programs import find_program

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("platform")]

SECRET = 'p4ss "word" $HOME it\'s'
GIVEN = "given-by-hand-1"


@dataclass(frozen=True)
class Plain:
    """A plain shell in an empty folder: PATH of the machine, uv, and our command line."""

    folder: Path
    platform: TestPlatform | None = None

    @property
    def environment(self) -> dict[str, str]:
        programs = [str(find_program("uv").path.parent), str(Path(sys.executable).parent)]
        known = {
            "PATH": ":".join([*programs, os.defpath]),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "UV_CACHE_DIR": str(CACHE / "uv"),
        }
        # Where the machine gets its packages from is its own matter.
        known |= {n: v for n, v in os.environ.items() if n.startswith(("UV_", "PIP_", "SSL_"))}
        if self.platform is not None:
            known["SARDONYX_HOME"] = str(self.platform.home)
        return known

    def paste(self, text: str, **variables: str) -> str:
        """Run `text` as typed into a shell; return what it printed."""
        done = subprocess.run(
            ["sh", "-eu"],
            input=text,
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def running(self, text: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
        """Keep `text` running; an ordinary user does it, as the text says, root or not."""
        script = self.folder / "pasted"
        script.write_text(text)
        command = ["sh", str(script)]
        if os.geteuid() == 0:
            bwrap = str(find_program("bwrap").path)
            ordinary = ["--unshare-user", "--uid", "1000", "--gid", "1000", "--die-with-parent"]
            command = [bwrap, "--dev-bind", "/", "/", *ordinary, "--", *command]
        with (self.folder / "output").open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**self.environment, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def said(self) -> str:
        return (self.folder / "output").read_text(errors="replace")


@pytest.fixture
def plain(tmp_path: Path, platform: TestPlatform) -> Plain:
    folder = tmp_path / "empty"
    folder.mkdir()
    return Plain(folder, platform)


@contextmanager
def shown_texts(chart: str, *words: str) -> Iterator[tuple[Any, str]]:
    """Launch `chart` on a platform of one's own, stop that, and give the service as shown.

    What the launch answers, the page and the command line show is one text.
    """
    with running_platform() as platform:
        preview = platform.run("launch", chart, "--dry-run", "--json", *words).stdout
        name = platform.launch(chart, *words)
        shown = platform.json("services", "show", name)
        script: str = shown["commands"]["underneath"]
        with signed_in(platform) as page:
            on_page = page.get(f"/services/{name}").text
        assert script in html.unescape(on_page)
        password = platform.json("services", "token", name)["value"]
        for text in (preview, *shown["commands"].values(), on_page):
            assert password not in text
        assert "uv venv" in preview
        assert "helm" not in preview
        platform.run("down")
        yield shown, script


@contextmanager
def signed_in(platform: TestPlatform) -> Iterator[httpx2.Client]:
    with httpx2.Client(
        base_url=platform.base,
        headers={"origin": platform.base},
        follow_redirects=True,
        timeout=60,
    ) as client:
        client.get(platform.link()).raise_for_status()
        yield client


def asked(platform: TestPlatform, method: str, address: str, **given: Any) -> Any:
    """Return what REST answers to what a page does."""
    with signed_in(platform) as client:
        where = f"/api/v1/projects/{platform.project}{address}"
        answer = client.request(method, where, **given)
    assert answer.is_success, answer.text
    return answer.json()


@pytest.mark.heavy
def test_postgresql_runs_without_us(tmp_path: Path) -> None:
    with shown_texts("postgresql") as (service, script):
        plain = Plain(tmp_path)
        wanted = re.findall(r"give (\w+) first", script)
        assert wanted == ["POSTGRES_ADMIN_PASSWORD", "POSTGRES_PASSWORD"]
        assert f"# Give first: {', '.join(wanted)}" in script
        [port] = free_ports(1)
        user, _, database = re.fullmatch(
            r"postgresql://(.+)@(.+)/(.+)", service["address"]
        ).groups()  # type: ignore[union-attr]

        def login() -> str | None:
            assert process.poll() is None, plain.said()
            programs = tmp_path / service["name"] / "environment"
            for psql in programs.glob("lib/python3*/site-packages/*/pginstall/bin/psql"):
                query = "select current_database() || session_user"
                where = ["-h", "127.0.0.1", "-p", str(port), "-U", user, database]
                done = subprocess.run(
                    [psql, *where, "--no-password", "-Atc", query],
                    env={"PGPASSWORD": GIVEN},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                return done.stdout.strip()
            return None

        with plain.running(script, PORT=str(port), **dict.fromkeys(wanted, GIVEN)) as process:
            assert until(login, seconds=120) == f"{database}{user}"
        assert (tmp_path / service["name"] / "work" / "data").is_dir()


@pytest.mark.heavy
def test_jupyterlab_runs_without_us(tmp_path: Path) -> None:
    with shown_texts("jupyter-python") as (service, script):
        plain = Plain(tmp_path)
        [port] = free_ports(1)

        def answer() -> str | None:
            assert process.poll() is None, plain.said()
            try:
                return httpx2.get(f"http://127.0.0.1:{port}/api", timeout=10).text
            except httpx2.TransportError:
                return None

        with plain.running(script, PORT=str(port)) as process:
            assert '"version"' in until(answer, seconds=400)
            # Nobody stands before it here, so it keeps its own lock, and prints its key.
            assert httpx2.get(f"http://127.0.0.1:{port}/api/contents").status_code == 403
            token = until(
                lambda: re.search(rf"http://127.0.0.1:{port}/lab\?token=(\w+)", plain.said())
            )[1]
            listed = httpx2.get(f"http://127.0.0.1:{port}/api/contents?token={token}")
            assert listed.status_code == 200
        assert (tmp_path / service["name"] / "work").is_dir()


@pytest.fixture
def uploaded(platform: TestPlatform, plain: Plain) -> Iterator[tuple[str, bytes, Any]]:
    """An upload by REST, as the page does it; its file lies in the shell's folder too."""
    key, content = "commands/prix de l'été.csv", b"a,b\n1,2\n"
    (plain.folder / "prix de l'été.csv").write_bytes(content)
    done = asked(platform, "PUT", f"/files/{key}", content=content)
    yield key, content, done["commands"]
    platform.run("files", "rm", key, check=False)


@pytest.mark.parametrize("tab", ["platform", "underneath"])
def test_an_upload(
    platform: TestPlatform, plain: Plain, uploaded: tuple[str, bytes, Any], tab: str
) -> None:
    key, content, commands = uploaded
    platform.run("files", "rm", key)
    plain.paste(commands[tab])
    fetched = plain.folder / "fetched"
    platform.run("files", "cp", f"platform:{key}", str(fetched))
    assert fetched.read_bytes() == content
    keys = platform.json("account", "credentials")
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "BAO_TOKEN"):
        assert all(keys[name] not in text for text in commands.values())


@pytest.mark.parametrize("tab", ["platform", "underneath"])
def test_a_deletion_of_a_file(
    platform: TestPlatform, plain: Plain, uploaded: tuple[str, bytes, Any], tab: str
) -> None:
    key, _, _ = uploaded
    commands = asked(platform, "DELETE", f"/files/{key}")["commands"]
    platform.run("files", "cp", str(plain.folder / "prix de l'été.csv"), f"platform:{key}")
    plain.paste(commands[tab])
    assert platform.json("files", "ls", "commands")["files"] == []


@pytest.mark.parametrize("tab", ["platform", "underneath"])
def test_a_secret(platform: TestPlatform, plain: Plain, tab: str) -> None:
    path = f"commands {tab}/db"
    given = {"entries": {"PASSWORD": SECRET}}
    commands = asked(platform, "PUT", f"/secrets/{path}", json=given)["commands"]
    assert all(SECRET not in text for text in commands.values())
    platform.run("secrets", "rm", path)
    plain.paste(commands[tab], PASSWORD=SECRET)
    assert platform.json("secrets", "get", path)["entries"] == {"PASSWORD": SECRET}
    platform.run("secrets", "rm", path)


@pytest.mark.parametrize("tab", ["platform", "underneath"])
def test_a_service_is_launched_paused_and_deleted(
    platform: TestPlatform, plain: Plain, tab: str
) -> None:
    name = platform.launch("postgresql")
    launched = platform.json("services", "show", name)["commands"]
    paused = platform.json("services", "pause", name)["commands"]
    until(lambda: platform.state(name) == "paused")
    deleted = platform.json("services", "delete", name, "--yes")["commands"]
    until(lambda: not platform.json("services", "list"))
    if tab == "underneath":
        # Of what the script of the launch made, nothing is left.
        (plain.folder / name / "work").mkdir(parents=True)
        plain.paste(paused[tab] + deleted[tab])
        assert list(plain.folder.iterdir()) == []
        return
    plain.paste(launched[tab])
    [again] = platform.json("services", "list")
    until(lambda: platform.state(again["name"]) == "running", seconds=120)
    assert (again["chart"], again["friendlyName"]) == ("postgresql", "postgresql")
    plain.paste(paused[tab].replace(name, again["name"]))
    until(lambda: platform.state(again["name"]) == "paused")
    plain.paste(deleted[tab].replace(name, again["name"]))
    until(lambda: not platform.json("services", "list"))
