"""Charts of one's own from Python: review one, keep it, launch it as any other."""

from __future__ import annotations

from sardonyx.client.calls import Call, path, raw
from sardonyx.client.operations import Area, C_co, operation
from sardonyx.values import Json, JsonObject


class ChartArea(Area[C_co]):
    """Reviews of charts, as JSON documents."""

    @operation
    def review(
        self,
        address: str,
        *,
        chart: str = "",
        version: str = "",
        folder: str = "",
        branch: str = "",
    ) -> Call[JsonObject]:
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
        return Call("POST", path("chart-reviews"), raw, body=body)

    @operation
    def keep(self, digest: str) -> Call[JsonObject]:
        """Put a reviewed chart into the catalogue `own`; return its catalogue, name, version."""
        return Call("POST", path("chart-reviews", digest, "keep"), raw)
