"""The commands underneath, pasted into a plain shell, do what the action did."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sardonyx.adapters.oidc.identity import OnePerson
from sardonyx.adapters.openbao.store import OpenBaoStore
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.programs import find_program
from sardonyx.done import Commands
from sardonyx.projects.models import Actor
from sardonyx.secrets.errors import SecretNotFoundError
from sardonyx.secrets.service import Secrets
from sardonyx.testing.parts import RunningParts, running_parts
from sardonyx.values import Secret

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    with (
        tempfile.TemporaryDirectory(prefix="sx-") as folder,
        running_parts(Home(Path(folder)), names=("keys", "openbao")) as running,
    ):
        yield running


async def paste(
    secrets: Secrets, actor: Actor, folder: Path, commands: Commands, **variables: str
) -> str:
    """Run the underneath tab; `sardonyx account credentials` is a stand-in for the real one."""
    token = await secrets.token(actor, actor.personal_project.id)
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    (folder / "exports").write_text(
        f"export BAO_ADDR={secrets.address} BAO_TOKEN={token.reveal()}\n"
    )
    (programs / "sardonyx").write_text(f"#!/bin/sh\ncat {shlex.quote(str(folder / 'exports'))}\n")
    (programs / "sardonyx").chmod(0o755)
    bao = programs / "bao"
    bao.unlink(missing_ok=True)
    bao.symlink_to(find_program("bao").path)
    done = await asyncio.to_thread(
        subprocess.run,
        ["sh", "-eu", "-c", commands.underneath],
        cwd=folder,
        env={"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_bao_writes_changes_shows_and_deletes(parts: RunningParts, tmp_path: Path) -> None:
    identity = OnePerson.of_login(parts.issuer, "ada")
    ada, project = identity.person, identity.person.personal_project.id
    secrets = Secrets(
        store=OpenBaoStore(identity=identity, address=parts.openbao_address),
        address=parts.openbao_address,
    )
    odd = 'it\'s "$HOME"\nnext line'
    values = {"A": Secret(odd), "B": Secret("two")}

    written = await secrets.write(ada, project, "my db/main", values)
    await secrets.delete(ada, project, "my db/main")
    await paste(secrets, ada, tmp_path, written.commands, A=odd, B="two")
    assert (await secrets.read(ada, project, "my db/main")).entries == values

    changed = await secrets.set_keys(ada, project, "my db/main", {"B": Secret("x")})
    await paste(secrets, ada, tmp_path, changed.commands, B="three")
    found = (await secrets.read(ada, project, "my db/main")).entries
    assert found == {"A": Secret(odd), "B": Secret("three")}

    removed = await secrets.remove_key(ada, project, "my db/main", "B")
    await secrets.write(ada, project, "my db/main", values)
    await paste(secrets, ada, tmp_path, removed.commands)
    assert (await secrets.read(ada, project, "my db/main")).entries == {"A": Secret(odd)}

    shown = await paste(secrets, ada, tmp_path, secrets.read_commands(ada, project, "my db/main"))
    assert "next line" in shown
    listed = await paste(secrets, ada, tmp_path, secrets.folder_commands(ada, project))
    assert "my db/" in listed

    deleted = await secrets.delete(ada, project, "my db/main")
    await secrets.write(ada, project, "my db/main", values)
    await paste(secrets, ada, tmp_path, deleted.commands)
    with pytest.raises(SecretNotFoundError):
        await secrets.read(ada, project, "my db/main")
