"""What OpenAPI says of services is what they do, whatever is sent (schemathesis)."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from tests.services.world import portal, world

APP = portal(world())
schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", APP)
# Streams have no end by design: their routes have tests of their own.
ENDLESS = "/events$|/logs$"


@pytest.fixture(autouse=True)
def _fresh_world() -> None:
    APP.state.platform = portal(world()).state.platform


@(schema.exclude(path_regex=ENDLESS).parametrize())
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_whatever_is_sent_is_answered_as_documented(case: schemathesis.Case[Any]) -> None:
    case.headers["authorization"] = "Bearer ada-token"
    case.headers["accept-language"] = "en"
    case.call_and_validate(
        checks=[
            schemathesis.checks.not_a_server_error,
            schemathesis.checks.response_schema_conformance,
        ]
    )
