"""Say that tables cannot be read where no sandbox can be made."""

from __future__ import annotations

from sardonyx.files.models import S3Credentials, Table
from sardonyx.files.table_errors import PreviewIsolationError


class AbsentTableReader:
    """A TableReader where no sandbox can be made: it says so."""

    async def preview(
        self, credentials: S3Credentials, bucket: str, key: str, *, rows: int
    ) -> Table:
        raise PreviewIsolationError(reason="bubblewrap is not installed here")

    async def query(
        self, credentials: S3Credentials, bucket: str, key: str, sql: str, *, rows: int
    ) -> Table:
        raise PreviewIsolationError(reason="bubblewrap is not installed here")
