"""Run the `keys` process: the issuer's public documents, and S3 keys for running services.

It is apart from the portal so that services renew their keys while the portal is down. It
listens on loopback; the documents are public, keys need a service's own token.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sardonyx.adapters.oidc.identity import OnePerson, project_of_id
from sardonyx.adapters.oidc.issuer import Issuer
from sardonyx.adapters.oidc.service_credentials import service_of_token
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.s3.sts import WebIdentityBroker
from sardonyx.errors import HTTP_STATUS, PlatformError
from sardonyx.files.ports import CredentialBroker
from sardonyx.projects.errors import SignInRequiredError

_NEVER_KEPT = {"Cache-Control": "no-store"}


def keys_application(home: Home, issuer: Issuer, broker: CredentialBroker) -> Starlette:
    """Return the application: discovery, `/jwks`, `/creds`. Other hosts' names get 400."""

    async def discovery(request: Request) -> JSONResponse:
        return JSONResponse(issuer.discovery())

    async def jwks(request: Request) -> JSONResponse:
        return JSONResponse(issuer.jwks())

    async def creds(request: Request) -> JSONResponse:
        """Answer as AWS's container-credentials endpoint does; SDKs renew from it."""
        service = service_of_token(home, request.headers.get("Authorization", ""))
        if service is None:
            raise SignInRequiredError
        keys = await broker.credentials(
            username=service.username, project=project_of_id(service.project)
        )
        return JSONResponse(
            {
                "AccessKeyId": keys.access_key_id,
                "SecretAccessKey": keys.secret_access_key.reveal(),
                "Token": keys.session_token.reveal(),
                "Expiration": keys.expiration.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "LastUpdated": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            headers=_NEVER_KEPT,
        )

    async def refuse(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, PlatformError)  # noqa: S101 - registered for it alone
        return JSONResponse(
            {"code": error.code, "message": error.detail_text().in_language("en")},
            status_code=HTTP_STATUS[error.kind],
            headers=_NEVER_KEPT,
        )

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", discovery),
            Route("/jwks", jwks),
            Route("/creds", creds),
        ],
        # A page of another site whose name is made to resolve to us (DNS rebinding) stops here.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        exception_handlers={PlatformError: refuse},
    )


def served_application(home: Home) -> Starlette:
    """Return the application wired to the home's issuer and S3."""
    issuer = Issuer.of_home(home)
    # Plain http on loopback: no authority needs to be loaded, and none is trusted.
    client = httpx2.AsyncClient(trust_env=False, verify=SSLContext(PROTOCOL_TLS_CLIENT))
    broker = WebIdentityBroker(
        identity=OnePerson.of_login(issuer),
        client=client,
        endpoint=f"http://127.0.0.1:{home.ports()['s3']}",
    )
    application = keys_application(home, issuer, broker)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    application.router.lifespan_context = lifespan
    return application


def main() -> None:
    """Serve until a signal ends the process."""
    parser = argparse.ArgumentParser(prog="sardonyx-keys")
    parser.add_argument("--home", type=Path, required=True)
    home = Home(parser.parse_args().home)
    uvicorn.run(
        served_application(home),
        host="127.0.0.1",
        port=home.ports()["keys"],
        loop="asyncio",
        http="h11",
        ws="none",
        access_log=False,
        server_header=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
