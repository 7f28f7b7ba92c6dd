"""Own the schemas that replace parts of charts' schemas (`overwriteSchemaWith`).

Built-in files, over them those of the administrator's folder, beside them those of roles.
Source: wire-api 8, charts 5. A file that cannot be read costs only itself.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sardonyx.catalog.visibility import claim_texts
from sardonyx.errors import Problem
from sardonyx.projects.models import Actor
from sardonyx.text import N_, Text
from sardonyx.values import JsonObject

BUILT_IN = Path(__file__).parent / "schemas"
_MAX_FILE = 1_000_000
_MAX_FILES = 2_000
_FRESH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the launcher resolves a person's schemas with.

    registry: file name → schema; a role's own file is `roles/<role>/<name>`. It is the same
    object until a file changes. roles: sorted. region_sliders: whether a property that names a
    slider of the region takes its bounds (launcher.md 4, `x-onyxia.useRegionSliderConfig`).
    """

    registry: Mapping[str, JsonObject]
    roles: tuple[str, ...] = ()
    region_sliders: bool = False


class SchemaRegistry:
    """The schemas of an instance, read again every minute: a mounted folder may change."""

    def __init__(
        self,
        *,
        directory: Path | None = None,
        role_directory: Path | None = None,
        roles_claim: str = "roles",
        region_sliders: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directories = ((BUILT_IN, ""), (directory, ""), (role_directory, "roles/"))
        self._roles_claim = roles_claim
        self._region_sliders = region_sliders
        self._now = now
        self._looked: float | None = None
        self._registry: Mapping[str, JsonObject] = {}
        self._problems: tuple[Problem, ...] = ()
        self._lock = threading.Lock()

    def overrides(self, actor: Actor) -> Overrides:
        """Return the schemas for `actor`: with their roles' own."""
        registry, _ = self._read()
        roles = sorted(set(claim_texts(actor.claims, self._roles_claim)))
        owners = {name.split("/")[1] for name in registry if name.startswith("roles/")}
        # Roles without a file of their own would only multiply what is compiled.
        known = tuple(role for role in roles if role in owners)
        return Overrides(registry, known, self._region_sliders)

    def schemas(self) -> Mapping[str, JsonObject]:
        """Return every schema by name."""
        return self._read()[0]

    def problems(self) -> tuple[Problem, ...]:
        """Return the files that could not be read, for the administrator."""
        return self._read()[1]

    def reload(self) -> None:
        """Look at the folders again, at the next question."""
        with self._lock:
            self._looked = None

    def _read(self) -> tuple[Mapping[str, JsonObject], tuple[Problem, ...]]:
        with self._lock:
            if self._looked is not None and self._now() < self._looked + _FRESH_SECONDS:
                return self._registry, self._problems
            found = list(self._files())
            registry: dict[str, JsonObject] = {}
            problems = []
            for name, path in found:
                schema = read_schema(path)
                if isinstance(schema, Text):
                    problems.append(Problem(name, "schema_file", "error", schema))
                else:
                    registry[name] = schema
            if registry != self._registry:
                self._registry = registry
            self._problems = tuple(problems)
            self._looked = self._now()
            return self._registry, self._problems

    def _files(self) -> Iterator[tuple[str, Path]]:
        for folder, prefix in self._directories:
            if folder is None or not folder.is_dir():
                continue
            for number, path in enumerate(sorted(folder.rglob("*.json"))):
                name = path.relative_to(folder).as_posix()
                # A mounted ConfigMap keeps its versions in folders whose name begins with “..”.
                if number < _MAX_FILES and not any(part[0] == "." for part in name.split("/")):
                    yield prefix + name, path


def built_in_schemas() -> Mapping[str, JsonObject]:
    """Return the schemas that every platform has."""
    return SchemaRegistry().schemas()


def read_schema(path: Path) -> JsonObject | Text:
    """Return the schema a file holds, or why it holds none."""
    try:
        if path.stat().st_size > _MAX_FILE:
            return Text(N_("The file is larger than {most} bytes."), {"most": _MAX_FILE})
        schema = json.loads(path.read_bytes())
    except OSError as error:
        return Text(N_("The file cannot be read: {reason}."), {"reason": error.strerror or ""})
    except (ValueError, RecursionError):
        return Text(N_("This is not JSON."))
    return schema if isinstance(schema, dict) else Text(N_("The schema must be an object."))
