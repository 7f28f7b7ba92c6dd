"""Name the roles of one machine's store: its configuration and who takes them agree here."""

from __future__ import annotations

from collections.abc import Mapping

from sardonyx.files.models import Access

ROLES: Mapping[Access, str] = {
    Access.READ_WRITE: "arn:aws:iam::role/UserRole",
    Access.READ_ONLY: "arn:aws:iam::role/ReadOnlyRole",
}
