"""Charts of one's own from Python: review one, keep it, launch it as any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sardonyx.client.calls import Call, path, raw
from sardonyx.values import Json, JsonObject

if TYPE_CHECKING:
    from sardonyx.client.client import Client

_BLOCK = 1024 * 1024


class ChartCalls:
    """Reviews of charts, as JSON documents."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def review(
        self,
        address: str,
        *,
        chart: str = "",
        version: str = "",
        folder: str = "",
        branch: str = "",
    ) -> JsonObject:
        """Have a chart fetched; return what it creates and asks for. Nothing of it runs.

        address: an archive (https), a Helm repository with `chart`, `oci://…`, `git+https://…`.
        """
        body: dict[str, Json] = {
            "address": address,
            "chart": chart,
            "version": version,
            "folder": folder,
            "branch": branch,
        }
        return self._client.send(Call("POST", path("chart-reviews"), raw, body=body))

    def review_archive(self, archive: Path) -> JsonObject:
        """Send an archive of this computer; return what it creates and asks for."""
        headers = {"content-length": str(archive.stat().st_size)}
        answer = self._client.upload(
            path("chart-archives", archive.name), _blocks(archive), headers
        )
        return raw(answer)

    def keep(self, digest: str) -> JsonObject:
        """Put a reviewed chart into the catalogue `own`; return its catalogue, name, version."""
        return self._client.send(Call("POST", path("chart-reviews", digest, "keep"), raw))


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            yield block
