"""Say that there is no storage of files, where the region gives no keys to one."""

from __future__ import annotations

from sardonyx.files.errors import FilesAbsentError
from sardonyx.files.models import Access, S3Credentials
from sardonyx.projects.models import Project


class AbsentBroker:
    """A CredentialBroker of a region without a store. Every call raises FilesAbsentError."""

    async def credentials(
        self,
        *,
        username: str,
        project: Project,
        access: Access = Access.READ_WRITE,
        profile: str | None = None,
    ) -> S3Credentials:
        raise FilesAbsentError
