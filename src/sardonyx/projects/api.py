"""REST of signing in: a program of the person asks for an address that opens a browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from sardonyx.projects.models import Actor
from sardonyx.web.session import current_actor

SIGN_IN_LINKS = "/sign-in-links"

router = APIRouter(tags=["sign-in"])


class SignInLink(BaseModel):
    """An address that signs its first visitor in, once, for some minutes."""

    url: str


@router.post(SIGN_IN_LINKS, status_code=201)
async def make_link(
    request: Request, actor: Annotated[Actor, Depends(current_actor)]
) -> SignInLink:
    """Return a one-time address of the portal."""
    platform = request.app.state.platform
    token = await platform.sign_in.one_time_token(actor.username)
    return SignInLink(url=f"{platform.public_url}/sign-in?t={token.reveal()}")
