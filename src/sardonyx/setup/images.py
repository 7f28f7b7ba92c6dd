"""Name the images that charts of ours start, as their values do by default: pure."""

from __future__ import annotations

from collections.abc import Iterable

from sardonyx.catalog.models import Chart
from sardonyx.values import Json


def chart_images(charts: Iterable[Chart]) -> tuple[str, ...]:
    """Return each chart's image (`service.image.version`), once; of a list its first."""
    found = (_image(chart.values) for chart in charts)
    return tuple(sorted({one for one in found if one}))


def _image(values: Json) -> str:
    found = values
    for key in ("service", "image", "version"):
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, list) and found:
        found = found[0]
    return found if isinstance(found, str) else ""
