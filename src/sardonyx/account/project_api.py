"""REST of a project's settings: the password of its services."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from sardonyx.account.passwords import ServicePasswords
from sardonyx.done import Done
from sardonyx.projects.models import Actor
from sardonyx.services.view import CommandsView
from sardonyx.values import Secret
from sardonyx.web.session import current_actor

router = APIRouter(prefix="/projects/{project}/service-password", tags=["account"])
Person = Annotated[Actor, Depends(current_actor)]


class ServicePasswordView(BaseModel):
    """The password that services of a project are launched with, shared by its members."""

    password: str
    commands: CommandsView


@router.get("")
async def show_password(
    request: Request, response: Response, project: str, actor: Person
) -> ServicePasswordView:
    """Show the password; it is drawn when it is asked for first."""
    return _shown(response, await _passwords(request).show(actor, project))


@router.post("/renew")
async def renew_password(
    request: Request, response: Response, project: str, actor: Person
) -> ServicePasswordView:
    """Draw another password; services that run keep the one they were launched with."""
    return _shown(response, await _passwords(request).renew(actor, project))


def _passwords(request: Request) -> ServicePasswords:
    passwords: ServicePasswords = request.app.state.platform.accounts.passwords
    return passwords


def _shown(response: Response, done: Done[Secret]) -> ServicePasswordView:
    response.headers["Cache-Control"] = "no-store"
    return ServicePasswordView(
        password=done.result.reveal(), commands=CommandsView.of(done.commands)
    )
