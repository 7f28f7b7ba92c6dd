"""Find the built page bundle: scripts, styles, icons, under names that carry their hash.

The bundle is made by `tools/assets.py`; nothing here builds it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIST = Path(__file__).parent / "static" / "dist"
ADDRESS = "/static"


class BundleMissingError(RuntimeError):
    """The pages were not built: `python tools/assets.py` builds them."""


@cache
def manifest() -> dict[str, str]:
    """Return logical name -> file name. Raises BundleMissingError."""
    try:
        names: dict[str, str] = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise BundleMissingError("run “python tools/assets.py” to build the pages") from missing
    return names


def asset(name: str) -> str:
    """Return the address of a bundled file: `app.js` -> `/static/app-1A2B3C4D.js`."""
    return f"{ADDRESS}/{manifest()[name]}"


class BundleFiles(StaticFiles):
    """Serve the bundle. A name changes with its content, so browsers may keep it for good."""

    def __init__(self) -> None:
        super().__init__(directory=DIST, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
