"""The catalogue from Python."""

from __future__ import annotations

from collections.abc import Mapping

from sardonyx.client.calls import Call, path, raw
from sardonyx.client.operations import Area, C_co, operation
from sardonyx.values import JsonObject


class CatalogArea(Area[C_co]):
    """Charts that can be launched, as JSON documents: their shape is the catalogue's own."""

    @operation
    def list(self) -> Call[JsonObject]:
        """Return every catalogue with its charts, and the faults of charts left out."""
        return Call("GET", path("catalog"), raw)

    @operation
    def report(self) -> Call[JsonObject]:
        """Return what charts ask for and do not get here; for administrators."""
        return Call("GET", path("catalog-report"), raw)

    @operation
    def refresh(self) -> Call[JsonObject]:
        """Have every catalogue read again soon; for administrators. Return their ids."""
        return Call("POST", path("catalog", "refresh"), raw)

    @operation
    def show(
        self, chart: str, *, catalog: str | None = None, version: str | None = None
    ) -> Call[JsonObject]:
        """Return one chart: versions, schema, values, readme."""
        asked = {"catalog": catalog, "version": version}
        query: Mapping[str, str] = {k: v for k, v in asked.items() if v is not None}
        return Call("GET", path("catalog", chart), raw, query=query)
