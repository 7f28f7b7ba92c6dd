"""Build the requests about files and secrets, and read their answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

from sardonyx.client.calls import Answer as _Answer
from sardonyx.client.calls import Call, path, raw
from sardonyx.client.models import Fields
from sardonyx.values import Json, JsonObject, Secret

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of the project: its whole key, size in bytes, when it was written, its ETag."""

    key: str
    size: int
    modified: datetime
    etag: str


@dataclass(frozen=True, slots=True)
class Folder:
    """One page of a folder; `cursor` asks for the next."""

    prefix: str
    folders: tuple[str, ...]
    files: tuple[RemoteFile, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class SecretSet:
    """One secret: its keys with their values, and its version."""

    path: str
    entries: Mapping[str, Secret]
    version: int


def folder(project: str | None, prefix: str, *, cursor: str | None = None) -> Call[Folder]:
    """List one page of a folder."""
    query = {"prefix": prefix} | ({} if cursor is None else {"cursor": cursor})
    return Call("GET", path("projects", project, "files"), _folder, query=query)


def upload_path(project: str | None, key: str) -> str:
    """Return the address of a file's bytes."""
    return path("projects", project, "files") + "/" + quote(key, safe="/")


def stored(answer: _Answer) -> RemoteFile:
    """Return the file an answer describes."""
    return _file(answer.document)


def transfer(
    project: str | None, verb: str, source: str, to: str, *, overwrite: bool
) -> Call[RemoteFile]:
    """Copy or move (`verb`) one file inside the project."""
    body: JsonObject = {"source": source, "to": to, "overwrite": overwrite}
    return Call("POST", path("projects", project) + f"/files:{verb}", stored, body=body)


def delete_files(project: str | None, keys: Sequence[str]) -> Call[int]:
    """Delete files."""
    return Call(
        "POST", path("projects", project) + "/files:delete", _deleted, body={"keys": list(keys)}
    )


def delete_file(project: str | None, key: str, *, recursive: bool) -> Call[int]:
    """Delete one file, or a folder whose name ends in `/`."""
    query = {"recursive": "true"} if recursive else {}
    return Call("DELETE", upload_path(project, key), _deleted, query=query)


def preview(project: str | None, key: str, *, rows: int) -> Call[JsonObject]:
    """Read the first rows of a table."""
    where = path("projects", project, "preview") + "/" + quote(key, safe="/")
    return Call("GET", where, raw, query={"rows": str(rows)})


def query(project: str | None, key: str, sql: str, *, rows: int) -> Call[JsonObject]:
    """Run one SELECT in which `data` is the file."""
    where = path("projects", project, "query") + "/" + quote(key, safe="/")
    return Call("POST", where, raw, body={"sql": sql, "rows": rows})


def storage_environment(project: str | None) -> Call[Mapping[str, str]]:
    """Give short-lived S3 keys as AWS's tools read them from the environment."""
    return Call("GET", path("projects", project, "credentials"), _environment)


def secret_store_environment(project: str | None) -> Call[Mapping[str, str]]:
    """Give a token of the secret store as its tools read it from the environment."""
    return Call("GET", path("projects", project, "credentials", "secrets"), _environment)


def secrets(project: str | None, folder_path: str) -> Call[JsonObject]:
    """List one folder of secrets."""
    return Call("GET", path("projects", project, "secrets"), raw, query={"path": folder_path})


def secret(project: str | None, name: str, *, reveal: bool) -> Call[SecretSet]:
    """Read one secret; without `reveal` its values are masked."""
    asked = {"reveal": "true"} if reveal else {}
    return Call("GET", _secret_path(project, name), _secret, query=asked)


def write_secret(project: str | None, name: str, entries: Mapping[str, Secret]) -> Call[SecretSet]:
    """Store a whole secret."""
    body: JsonObject = {"entries": {key: value.reveal() for key, value in entries.items()}}
    return Call("PUT", _secret_path(project, name), _secret, body=body)


def change_secret(
    project: str | None, name: str, entries: Mapping[str, Secret | None]
) -> Call[SecretSet]:
    """Set some keys of a secret; None removes one."""
    given: JsonObject = {
        key: None if value is None else value.reveal() for key, value in entries.items()
    }
    return Call("PATCH", _secret_path(project, name), _secret, body={"entries": given})


def delete_secret(project: str | None, name: str) -> Call[JsonObject]:
    """Delete a secret with all its versions."""
    return Call("DELETE", _secret_path(project, name), raw)


def _secret_path(project: str | None, name: str) -> str:
    return path("projects", project, "secrets") + "/" + quote(name, safe="/")


def _folder(answer: _Answer) -> Folder:
    read = Fields(answer.document)
    return Folder(
        prefix=read.text("prefix"),
        folders=tuple(str(name) for name in read.items("folders")),
        files=tuple(_file(item) for item in read.items("files")),
        cursor=read.optional("next"),
    )


def _file(document: Json) -> RemoteFile:
    read = Fields(document)
    return RemoteFile(
        read.text("key"), read.integer("size"), read.moment("modified"), read.text("etag")
    )


def _deleted(answer: _Answer) -> int:
    return Fields(answer.document).integer("deleted")


def _environment(answer: _Answer) -> Mapping[str, str]:
    read = Fields(Fields(answer.document).document.get("environment"))
    return {name: read.text(name) for name in read.document}


def _secret(answer: _Answer) -> SecretSet:
    read = Fields(answer.document)
    entries = Fields(read.document.get("entries"))
    return SecretSet(
        path=read.text("path"),
        entries={key: Secret(entries.text(key)) for key in entries.document},
        version=read.integer("version"),
    )
