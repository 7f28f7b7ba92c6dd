"""A portal with the routes of files and secrets alone, on stand-ins kept in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx2
from fastapi import FastAPI
from tests.files.fakes import ADA, EVE, World
from tests.secrets.fakes import secret_store

from sardonyx.api import problems
from sardonyx.files import api as files_api
from sardonyx.files.service import Files
from sardonyx.projects.models import Actor
from sardonyx.secrets import api as secrets_api
from sardonyx.secrets.service import Secrets

TOKENS = {"ada-token": ADA, "eve-token": EVE}


class SignIn:
    async def actor(self, token: str | None) -> Actor | None:
        return TOKENS.get(token or "")


def portal(*, files: Files | None = None) -> FastAPI:
    app = FastAPI()
    app.state.platform = SimpleNamespace(
        files=files or World().files,
        secrets=Secrets(store=secret_store(), address="http://127.0.0.1:8"),
        sign_in=SignIn(),
        own_charts=None,
    )
    for router in (files_api.router, secrets_api.router):
        app.include_router(router, prefix="/api/v1")
    problems.install(app)
    return app


@asynccontextmanager
async def caller(
    app: FastAPI, token: str = "ada-token", language: str = "en"
) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://localhost/api/v1/projects/user-ada",
        headers={"authorization": f"Bearer {token}", "accept-language": language},
    ) as client:
        yield client
