"""Answer the cluster's probes: whether the process lives, and whether it may get requests."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

router = APIRouter(include_in_schema=False)

# Without these nothing can be answered rightly. What else is down hides its own pages only.
NEEDED = frozenset({"database", "cluster"})
_NOT_KEPT = {"cache-control": "no-store"}


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process answers. Nothing else is asked: a restart would mend none of it."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Say whether the database answers and the caches have been filled: 200, else 503."""
    parts = await request.app.state.platform.parts.status()
    waiting = sorted(part.name for part in parts if part.name in NEEDED and not part.ready)
    if waiting:
        content = {"status": "waiting", "for": waiting}
        return JSONResponse(content, status_code=503, headers=_NOT_KEPT)
    return JSONResponse({"status": "ok"}, headers=_NOT_KEPT)
