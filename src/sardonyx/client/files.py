"""Files and secrets from Python, for the synchronous client."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sardonyx.client import file_calls
from sardonyx.client.file_calls import Folder, RemoteFile, SecretSet
from sardonyx.values import JsonObject, Secret

if TYPE_CHECKING:
    from sardonyx.client.client import Client

Progress = Callable[[int], None]
"""Told the number of bytes of each block that went through."""
BLOCK = 1 << 20


class FileCalls:
    """The project's files. `project` is one's personal project when it is not given."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def folder(
        self, prefix: str = "", *, project: str | None = None, cursor: str | None = None
    ) -> Folder:
        """Return one page of a folder."""
        where = self._client.project(project)
        return self._client.send(file_calls.folder(where, prefix, cursor=cursor))

    def pages(self, prefix: str = "", *, project: str | None = None) -> Iterator[Folder]:
        """Yield all pages of a folder."""
        page = self.folder(prefix, project=project)
        yield page
        while page.cursor is not None:
            page = self.folder(prefix, project=project, cursor=page.cursor)
            yield page

    def walk(self, prefix: str = "", *, project: str | None = None) -> Iterator[RemoteFile]:
        """Yield every file below a folder."""
        for page in self.pages(prefix, project=project):
            yield from page.files
            for below in page.folders:
                yield from self.walk(below, project=project)

    def upload(
        self,
        local: Path,
        key: str,
        *,
        project: str | None = None,
        overwrite: bool = True,
        progress: Progress | None = None,
    ) -> RemoteFile:
        """Store a local file under `key`, whole or not at all."""
        where = file_calls.upload_path(self._client.project(project), key)
        headers = {"content-length": str(local.stat().st_size)}
        if not overwrite:
            headers["if-none-match"] = "*"
        answer = self._client.upload(where, _blocks(local, progress), headers)
        return file_calls.stored(answer)

    def download(
        self,
        key: str,
        local: Path,
        *,
        project: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Write a file's bytes to `local`, whole or not at all: a cut leaves no half file."""
        where = file_calls.upload_path(self._client.project(project), key)
        partial = local.with_name(f".{local.name}.{os.getpid()}.part")
        try:
            with partial.open("wb") as file:
                for block in self._client.download(where):
                    file.write(block)
                    if progress is not None:
                        progress(len(block))
            partial.replace(local)
        finally:
            partial.unlink(missing_ok=True)

    def copy(
        self, source: str, to: str, *, project: str | None = None, overwrite: bool = False
    ) -> RemoteFile:
        where = self._client.project(project)
        call = file_calls.transfer(where, "copy", source, to, overwrite=overwrite)
        return self._client.send(call)

    def move(
        self, source: str, to: str, *, project: str | None = None, overwrite: bool = False
    ) -> RemoteFile:
        where = self._client.project(project)
        call = file_calls.transfer(where, "move", source, to, overwrite=overwrite)
        return self._client.send(call)

    def delete(self, keys: Sequence[str], *, project: str | None = None) -> int:
        """Delete files; return how many."""
        return self._client.send(file_calls.delete_files(self._client.project(project), keys))

    def delete_one(self, key: str, *, project: str | None = None, recursive: bool = False) -> int:
        """Delete one file that must exist, or a folder (`recursive`); return how many."""
        where = self._client.project(project)
        return self._client.send(file_calls.delete_file(where, key, recursive=recursive))

    def preview(self, key: str, *, project: str | None = None, rows: int = 50) -> JsonObject:
        """Return the first rows of a table: columns, rows, truncated, total, seconds."""
        return self._client.send(file_calls.preview(self._client.project(project), key, rows=rows))

    def query(
        self, key: str, sql: str, *, project: str | None = None, rows: int = 1000
    ) -> JsonObject:
        """Return the rows of one SELECT in which `data` is the file."""
        where = self._client.project(project)
        return self._client.send(file_calls.query(where, key, sql, rows=rows))

    def environment(self, *, project: str | None = None) -> Mapping[str, str]:
        """Return short-lived S3 keys as `AWS_…` variables."""
        return self._client.send(file_calls.storage_environment(self._client.project(project)))


class SecretCalls:
    """The project's secrets."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def folder(self, path: str = "", *, project: str | None = None) -> JsonObject:
        """Return the names of folders and secrets in a folder."""
        return self._client.send(file_calls.secrets(self._client.project(project), path))

    def read(self, path: str, *, project: str | None = None, reveal: bool = True) -> SecretSet:
        """Return a secret; without `reveal` its values are masked."""
        where = self._client.project(project)
        return self._client.send(file_calls.secret(where, path, reveal=reveal))

    def write(
        self, path: str, entries: Mapping[str, Secret], *, project: str | None = None
    ) -> SecretSet:
        """Store a whole secret: these keys and no others."""
        where = self._client.project(project)
        return self._client.send(file_calls.write_secret(where, path, entries))

    def change(
        self, path: str, entries: Mapping[str, Secret | None], *, project: str | None = None
    ) -> SecretSet:
        """Set some keys and leave the others; None removes one."""
        where = self._client.project(project)
        return self._client.send(file_calls.change_secret(where, path, entries))

    def delete(self, path: str, *, project: str | None = None) -> JsonObject:
        """Delete a secret with all its versions."""
        return self._client.send(file_calls.delete_secret(self._client.project(project), path))

    def environment(self, *, project: str | None = None) -> Mapping[str, str]:
        """Return a token of the secret store as `BAO_…` and `VAULT_…` variables."""
        where = self._client.project(project)
        return self._client.send(file_calls.secret_store_environment(where))


def _blocks(local: Path, progress: Progress | None) -> Iterator[bytes]:
    with local.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
            if progress is not None:
                progress(len(block))
