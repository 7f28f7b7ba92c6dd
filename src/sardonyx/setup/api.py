"""REST of the set-up checks, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from sardonyx.projects.models import Actor
from sardonyx.setup.service import SetupChecks
from sardonyx.setup.view import check_document
from sardonyx.values import Json
from sardonyx.web.session import current_actor, request_language

router = APIRouter(tags=["setup"])
Caller = Annotated[Actor, Depends(current_actor)]


@router.get("/setup")
async def list_checks(request: Request, actor: Caller) -> JSONResponse:
    """Return every area with its verdict. Administrators only."""
    checks = await _checks(request).checks(actor)
    language = request_language(request)
    items: list[Json] = [check_document(check, language) for check in checks]
    return JSONResponse({"items": items})


@router.post("/setup/{area}/test")
async def test_area(request: Request, actor: Caller, area: str) -> JSONResponse:
    """Look at one area now and return what was found. Administrators only."""
    check = await _checks(request).test(actor, area)
    return JSONResponse(check_document(check, request_language(request)))


def _checks(request: Request) -> SetupChecks:
    checks: SetupChecks = request.app.state.platform.setup
    return checks
