"""The commands underneath, pasted into a plain shell, do what the action did."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.files.storage import Storage, running_storage, storage_of

from sardonyx.done import Commands
from sardonyx.files.view import credentials_json
from sardonyx.testing.parts import RunningParts

pytestmark = pytest.mark.real

NAME = 'd/it\'s "odd" $HOME 🌞.csv'
CONTENT = b"a,b\n1,2\n"


@pytest.fixture(scope="module")
def parts() -> Iterator[RunningParts]:
    with running_storage() as running:
        yield running


@pytest.fixture
async def storage(parts: RunningParts) -> AsyncIterator[Storage]:
    async with storage_of(parts) as ready:
        yield ready


async def paste(storage: Storage, folder: Path, commands: Commands) -> str:
    """Run the underneath tab where `sardonyx account credentials` and `uv` are stand-ins.

    The first prints what the real one prints; nothing is installed, it is all here already.
    """
    keys = credentials_json(await storage.files.credentials(storage.ada, storage.project))
    exports = keys["environment"]
    assert isinstance(exports, dict)
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    lines = "\n".join(f"export {name}={shlex.quote(str(value))}" for name, value in exports.items())
    (folder / "exports").write_text(lines)
    for name, text in (("sardonyx", f"cat {shlex.quote(str(folder / 'exports'))}"), ("uv", ":")):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    done = await asyncio.to_thread(
        subprocess.run,
        ["sh", "-eu", "-c", commands.underneath],
        cwd=folder,
        env={"PATH": ":".join(path), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def content_of(storage: Storage, key: str) -> bytes:
    content = await storage.files.download(storage.ada, storage.project, key)
    return b"".join([block async for block in content])


async def blocks() -> AsyncIterator[bytes]:
    yield CONTENT


@pytest.mark.skipif(shutil.which("aws") is None, reason="aws (AWS's command line) is not on PATH")
async def test_aws_stores_copies_moves_and_deletes(storage: Storage, tmp_path: Path) -> None:
    files, ada, project = storage.files, storage.ada, storage.project
    uploaded = await files.upload(ada, project, NAME, blocks(), overwrite=True)
    await files.delete(ada, project, [NAME])
    (tmp_path / NAME.rpartition("/")[2]).write_bytes(CONTENT)
    await paste(storage, tmp_path, uploaded.commands)
    assert await content_of(storage, NAME) == CONTENT

    copied = await files.copy(ada, project, NAME, "e/copy.csv")
    moved = await files.move(ada, project, "e/copy.csv", "e/moved.csv")
    deleted = await files.delete(ada, project, ["e/moved.csv"])
    for action in (copied, moved):
        await paste(storage, tmp_path, action.commands)
    assert [item.key for item in (await files.listing(ada, project, "e")).objects] == [
        "e/moved.csv"
    ]
    await paste(storage, tmp_path, deleted.commands)
    assert (await files.listing(ada, project, "e")).objects == ()

    (tmp_path / NAME.rpartition("/")[2]).unlink()
    await paste(storage, tmp_path, files.download_commands(ada, project, NAME))
    assert (tmp_path / NAME.rpartition("/")[2]).read_bytes() == CONTENT
    assert NAME.rpartition("/")[2] in await paste(
        storage, tmp_path, files.folder_commands(ada, project, "d")
    )


async def test_python_shows_the_same_rows(storage: Storage, tmp_path: Path) -> None:
    files, ada, project = storage.files, storage.ada, storage.project
    await files.upload(ada, project, NAME, blocks(), overwrite=True)
    preview = await files.preview(ada, project, NAME)
    assert "1 │     2" in await paste(storage, tmp_path, preview.commands)
    query = await files.query(ada, project, NAME, "SELECT 'it''s ' || (a + b) AS x FROM data")
    assert "it's 3" in await paste(storage, tmp_path, query.commands)
