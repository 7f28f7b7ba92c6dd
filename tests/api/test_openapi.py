"""What OpenAPI says of the whole API is what it does, whatever is sent (schemathesis).

Each operation gets a few cases, about half a minute in all; SARDONYX_OPENAPI_EXAMPLES=60 more.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode
from tests.cli.machine import put_platform
from tests.files.fakes import World as FileWorld
from tests.services.world import portal, world

from sardonyx.account import api as account_api
from sardonyx.account import project_api
from sardonyx.account.configurations import api as configurations_api
from sardonyx.api import problems
from sardonyx.catalog import api as catalog_api
from sardonyx.files import api as files_api
from sardonyx.projects import api as projects_api
from sardonyx.secrets import api as secrets_api
from sardonyx.services import api as services_api

AREAS = (
    projects_api,
    catalog_api,
    services_api,
    configurations_api,
    files_api,
    secrets_api,
    account_api,
    project_api,
)
# Streams have no end by design: their routes have tests of their own.
ENDLESS = "/events$|/logs$"
CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


def application() -> FastAPI:
    """Return the whole API of one machine, its parts in memory."""
    app = FastAPI(openapi_url="/api/v1/openapi.json")
    app.state.platform = portal(world()).state.platform
    for area in AREAS:
        app.include_router(area.router, prefix="/api/v1", responses=problems.DOCUMENTED)
    problems.install(app)
    put_platform(app, world(), FileWorld())
    app.state.platform.tokens = None
    return app


APP = application()
schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", APP)
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


@pytest.fixture(autouse=True)
def _fresh_world() -> None:
    APP.state.platform = application().state.platform


@(schema.exclude(path_regex=ENDLESS).parametrize())
@settings(
    max_examples=int(os.environ.get("SARDONYX_OPENAPI_EXAMPLES", "3")),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_sent_is_answered_as_documented(case: schemathesis.Case[Any]) -> None:
    case.headers["authorization"] = "Bearer ada-token"
    case.headers["accept-language"] = "en"
    case.call_and_validate(checks=CHECKS)
