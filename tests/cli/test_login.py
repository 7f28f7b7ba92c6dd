"""`sardonyx login`, `whoami`, `logout` against a platform elsewhere, over real HTTP."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from tests.cli.machine import Outcome
from tests.web.signed_in import World, signed_in_world

from sardonyx.cli.main import main
from sardonyx.client.errors import PlatformAddressError
from sardonyx.client.signed_in import checked_address, kept_file, kept_place
from sardonyx.projects.people import KeptPerson


@dataclass
class Elsewhere:
    """A platform elsewhere. token: Ada's."""

    url: str
    token: str
    world: World
    loop: asyncio.AbstractEventLoop

    def ask(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)


@contextmanager
def serving() -> Iterator[Elsewhere]:
    found: dict[str, Any] = {}
    ready = threading.Event()

    async def run(folder: Path) -> None:
        provider = cast("Any", SimpleNamespace(issuer="http://127.0.0.1:1"))
        async with signed_in_world(folder, provider) as world:
            claims: Any = {"preferred_username": "ada", "name": "Ada", "groups": ["prices"]}
            await world.records.keep_person(KeptPerson("ada", "i s", claims, "", datetime.now(UTC)))
            _, token = await world.platform.tokens.make("ada", "test")
            config = uvicorn.Config(
                world.portal, host="127.0.0.1", port=0, log_level="critical", lifespan="off"
            )
            server = uvicorn.Server(config)
            found.update(world=world, token=token, server=server, loop=asyncio.get_running_loop())
            serve = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110 - uvicorn tells it by this alone
                await asyncio.sleep(0.01)
            found["port"] = server.servers[0].sockets[0].getsockname()[1]
            ready.set()
            await serve

    with tempfile.TemporaryDirectory(prefix="sx") as folder:
        thread = threading.Thread(target=lambda: asyncio.run(run(Path(folder))))
        thread.start()
        assert ready.wait(60)
        try:
            yield Elsewhere(
                f"http://127.0.0.1:{found['port']}",
                found["token"].reveal(),
                found["world"],
                found["loop"],
            )
        finally:
            found["server"].should_exit = True
            found["server"].force_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    with serving() as made:
        yield made


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A person with a configuration of their own, without a platform on this machine."""
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("LC_ALL", "LC_MESSAGES", "SARDONYX_URL", "SARDONYX_HOME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def run(
    patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], *words: str, stdin: str = ""
) -> Outcome:
    patch.setattr(sys, "stdin", io.StringIO(stdin))
    capture.readouterr()
    code = main(list(words))
    shown = capture.readouterr()
    return Outcome(code, shown.out, shown.err)


def test_a_person_signs_in_acts_and_signs_out(
    elsewhere: Elsewhere, own: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(own, capsys, "login", elsewhere.url + "/", stdin=elsewhere.token + "\n")
    assert done.code == 0, done.err
    assert "ada" in done.err and elsewhere.token not in done.err + done.out
    assert kept_file().stat().st_mode & 0o777 == 0o600
    assert kept_file().parent.stat().st_mode & 0o077 == 0
    who = run(own, capsys, "whoami", "--json")
    assert json.loads(who.out)["username"] == "ada"
    listed = json.loads(run(own, capsys, "projects", "list", "--json").out)
    assert [one["id"] for one in listed] == ["user-ada", "projet-prices"]
    assert json.loads(run(own, capsys, "services", "list", "--json").out) == []
    foreign = run(own, capsys, "services", "list", "--project", "user-bob")
    assert foreign.code == 3
    out = run(own, capsys, "logout")
    assert out.code == 0 and elsewhere.url in out.err
    assert kept_place() is None
    assert elsewhere.ask(elsewhere.world.platform.tokens.speaker(elsewhere.token)) is None
    gone = run(own, capsys, "whoami")
    assert gone.code == 5  # neither elsewhere nor on this machine
    again = run(own, capsys, "login", elsewhere.url, stdin=elsewhere.token)
    assert again.code == 4
    assert kept_place() is None


@pytest.mark.parametrize("given", ["", "\n", "a\x1bb\n"])
def test_no_token_is_no_sign_in(
    elsewhere: Elsewhere,
    own: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: str,
) -> None:
    assert run(own, capsys, "login", elsewhere.url, stdin=given).code == 2
    assert kept_place() is None


def test_signing_out_while_the_platform_is_away_forgets_the_token(
    own: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept_file().parent.mkdir(parents=True)
    kept_file().write_text(json.dumps({"url": "http://127.0.0.1:1", "token": "sxp_x"}))
    out = run(own, capsys, "logout")
    assert out.code == 0 and "account page" in out.err
    assert kept_place() is None
    assert run(own, capsys, "logout").code == 0


def test_a_spoiled_file_is_named(
    own: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept_file().parent.mkdir(parents=True)
    kept_file().write_text("[]")
    failed = run(own, capsys, "whoami")
    assert failed.code == 2 and "sardonyx logout" in failed.err
    assert run(own, capsys, "logout").code == 0
    assert not kept_file().exists()


@pytest.mark.parametrize(
    "address",
    [
        "datalab.example",
        "ftp://x",
        "http://datalab.example",
        "https://a:b@x",
        "https://x?y",
        "//",
        "",
    ],
)
def test_a_token_goes_to_no_doubtful_address(address: str) -> None:
    with pytest.raises(PlatformAddressError) as caught:
        checked_address(address)
    assert "a:b" not in str(caught.value)


def test_an_address_is_kept_without_its_last_slash() -> None:
    assert checked_address(" https://Datalab.example/ ") == "https://datalab.example"
    assert checked_address("http://localhost:8000") == "http://localhost:8000"
