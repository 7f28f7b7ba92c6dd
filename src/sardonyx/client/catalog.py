"""The catalogue from Python, for the synchronous client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sardonyx.client.calls import Call, path, raw
from sardonyx.values import JsonObject

if TYPE_CHECKING:
    from sardonyx.client.client import Client


class CatalogCalls:
    """Charts that can be launched, as JSON documents."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self) -> JsonObject:
        """Return every catalogue with its charts, and the faults of charts left out."""
        return self._client.send(Call("GET", path("catalog"), raw))

    def report(self) -> JsonObject:
        """Return what charts ask for and do not get here; for administrators."""
        return self._client.send(Call("GET", path("catalog-report"), raw))

    def refresh(self) -> JsonObject:
        """Have every catalogue read again soon; for administrators. Return their ids."""
        return self._client.send(Call("POST", path("catalog", "refresh"), raw))

    def show(
        self, chart: str, *, catalog: str | None = None, version: str | None = None
    ) -> JsonObject:
        """Return one chart: versions, schema, values, readme."""
        asked = {"catalog": catalog, "version": version}
        query: Mapping[str, str] = {k: v for k, v in asked.items() if v is not None}
        return self._client.send(Call("GET", path("catalog", chart), raw, query=query))
