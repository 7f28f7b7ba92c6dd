"""Tell the two sides of `files cp` apart: `platform:key` and `s3://bucket/key`, or local."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sardonyx.cli.errors import LocalFileError, OtherBucketError
from sardonyx.cli.output import worded
from sardonyx.client.models import Me
from sardonyx.text import N_

PLATFORM = "platform:"
S3 = "s3://"


@dataclass(frozen=True, slots=True)
class Remote:
    """A place in the project's files: a key, or a folder (empty, or ending in `/`)."""

    key: str

    @property
    def is_folder(self) -> bool:
        return self.key == "" or self.key.endswith("/")

    def inside(self, name: str) -> str:
        """Return the key of `name`: below a folder, else the key itself."""
        return self.key + name if self.is_folder else self.key

    @property
    def as_folder(self) -> str:
        """The prefix of what is in it."""
        return self.key if self.is_folder else self.key + "/"

    def __str__(self) -> str:
        return PLATFORM + self.key


def bucket_of(me: Me, project: str) -> str:
    """Return the place of a project among the caller's: a bucket, or `bucket/folder`."""
    return next((one.bucket for one in me.projects if one.id == project), project)


def remote(text: str, *, bucket: str, project: str) -> Remote | None:
    """Return the place on the platform that `text` names, None when it is a local path.

    Raises OtherBucketError for a bucket that is not the project's.
    """
    if text.startswith(PLATFORM):
        return Remote(text.removeprefix(PLATFORM).removeprefix("/"))
    if not text.startswith(S3):
        return None
    named = text.removeprefix(S3)
    if named != bucket and not named.startswith(f"{bucket}/"):
        raise OtherBucketError(uri=text, bucket=bucket, project=project)
    return Remote(named.removeprefix(bucket).removeprefix("/"))


def local_below(folder: Path, name: str) -> Path:
    """Return where a downloaded file goes. Raises LocalFileError for a name that leads outside.

    Objects may be written past us, so their names are not trusted.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise LocalFileError(
            path=ascii(name), reason=worded(N_("this name leads outside the folder."))
        )
    return folder.joinpath(*parts)
