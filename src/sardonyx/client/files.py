"""Files and secrets from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sardonyx.client import file_calls
from sardonyx.client.calls import Call
from sardonyx.client.file_calls import Folder, RemoteFile, SecretSet
from sardonyx.client.operations import Area, C_co, Steps, asked, operation, procedure
from sardonyx.values import JsonObject, Secret

if TYPE_CHECKING:
    pass


class FileArea(Area[C_co]):
    """The project's files. `project` is one's own project when it is not given."""

    @operation
    def folder(
        self, prefix: str = "", *, project: str | None = None, cursor: str | None = None
    ) -> Call[Folder]:
        """Return one page of a folder."""
        return file_calls.folder(project, prefix, cursor=cursor)

    @procedure
    def below(self, prefix: str = "", *, project: str | None = None) -> Steps[Sequence[RemoteFile]]:
        """Return every file below a folder."""
        found: list[RemoteFile] = []
        waiting: list[tuple[str, str | None]] = [(prefix, None)]
        while waiting:
            here, cursor = waiting.pop()
            page = yield from asked(file_calls.folder(project, here, cursor=cursor))
            found += page.files
            if page.cursor is not None:
                waiting.append((here, page.cursor))
            waiting += [(name, None) for name in page.folders]
        return found

    @operation
    def copy(
        self, source: str, to: str, *, project: str | None = None, overwrite: bool = False
    ) -> Call[RemoteFile]:
        """Copy one file inside the project."""
        return file_calls.transfer(project, "copy", source, to, overwrite=overwrite)

    @operation
    def move(
        self, source: str, to: str, *, project: str | None = None, overwrite: bool = False
    ) -> Call[RemoteFile]:
        """Move one file inside the project."""
        return file_calls.transfer(project, "move", source, to, overwrite=overwrite)

    @operation
    def delete(self, keys: Sequence[str], *, project: str | None = None) -> Call[int]:
        """Delete files; return how many."""
        return file_calls.delete_files(project, keys)

    @operation
    def delete_one(
        self, key: str, *, project: str | None = None, recursive: bool = False
    ) -> Call[int]:
        """Delete one file that must exist, or a folder (`recursive`); return how many."""
        return file_calls.delete_file(project, key, recursive=recursive)

    @operation
    def preview(self, key: str, *, project: str | None = None, rows: int = 50) -> Call[JsonObject]:
        """Return the first rows of a table: columns, rows, truncated, total, seconds."""
        return file_calls.preview(project, key, rows=rows)

    @operation
    def query(
        self, key: str, sql: str, *, project: str | None = None, rows: int = 1000
    ) -> Call[JsonObject]:
        """Return the rows of one SELECT in which `data` is the file."""
        return file_calls.query(project, key, sql, rows=rows)

    @operation
    def environment(self, *, project: str | None = None) -> Call[Mapping[str, str]]:
        """Return short-lived S3 keys as `AWS_…` variables."""
        return file_calls.storage_environment(project)


class SecretArea(Area[C_co]):
    """The project's secrets."""

    @operation
    def folder(self, path: str = "", *, project: str | None = None) -> Call[JsonObject]:
        """Return the names of folders and secrets in a folder."""
        return file_calls.secrets(project, path)

    @operation
    def read(
        self, path: str, *, project: str | None = None, reveal: bool = True
    ) -> Call[SecretSet]:
        """Return a secret; without `reveal` its values are masked."""
        return file_calls.secret(project, path, reveal=reveal)

    @operation
    def write(
        self, path: str, entries: Mapping[str, Secret], *, project: str | None = None
    ) -> Call[SecretSet]:
        """Store a whole secret: these keys and no others."""
        return file_calls.write_secret(project, path, entries)

    @operation
    def change(
        self, path: str, entries: Mapping[str, Secret | None], *, project: str | None = None
    ) -> Call[SecretSet]:
        """Set some keys and leave the others; None removes one."""
        return file_calls.change_secret(project, path, entries)

    @operation
    def delete(self, path: str, *, project: str | None = None) -> Call[JsonObject]:
        """Delete a secret with all its versions."""
        return file_calls.delete_secret(project, path)

    @operation
    def environment(self, *, project: str | None = None) -> Call[Mapping[str, str]]:
        """Return a token of the secret store as `BAO_…` and `VAULT_…` variables."""
        return file_calls.secret_store_environment(project)
