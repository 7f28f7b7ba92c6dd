"""Find the form that an administrator gives people for their profile: a JSON schema.

On a cluster it stands in the settings, on one machine in a file of the platform's folder. None
given: nobody is asked for a profile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sardonyx.account.errors import ProfileSchemaError
from sardonyx.catalog.registry import read_schema
from sardonyx.catalog.visibility import claim_texts
from sardonyx.projects.models import Actor
from sardonyx.text import Text
from sardonyx.values import JsonObject

DEFAULT = "default"
_FRESH_SECONDS = 10.0


class GivenSchemas:
    """Schemas by role; `default` is everybody's.

    The first of a person's sorted roles that has one wins (wire-api.md 8).
    """

    def __init__(
        self, schemas: Mapping[str, JsonObject] | None = None, *, roles_claim: str = "roles"
    ) -> None:
        self._schemas = schemas or {}
        self._roles_claim = roles_claim

    def schema(self, actor: Actor) -> JsonObject | None:
        roles = sorted(set(claim_texts(actor.claims, self._roles_claim)))
        named = (self._schemas.get(name) for name in (*roles, DEFAULT))
        return next((schema for schema in named if schema is not None), None)


class SchemaFile:
    """One file for all, looked at again after some seconds: it may be edited meanwhile."""

    def __init__(self, file: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._now = now
        self._looked: float | None = None
        self._known: JsonObject | Text | None = None

    def schema(self, actor: Actor) -> JsonObject | None:
        """Raises ProfileSchemaError for a file that is no schema."""
        if self._looked is None or self._now() >= self._looked + _FRESH_SECONDS:
            found = read_schema(self._file) if self._file.exists() else None
            # The same object while the file says the same: what was compiled of it stays good.
            self._known = self._known if found == self._known else found
            self._looked = self._now()
        if isinstance(self._known, Text):
            raise ProfileSchemaError(file=self._file.name, reason=self._known.in_language("en"))
        return self._known
