"""What is said of each area: one case for each verdict and reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.setup.settings import region, settings

from sardonyx.catalog.service import CatalogService, default_sources
from sardonyx.setup import judgement
from sardonyx.setup.images import chart_images
from sardonyx.setup.models import (
    Answer,
    CatalogFacts,
    Check,
    DatabaseFacts,
    ExposureFacts,
    IdentityFacts,
    ImagesFacts,
    Right,
    RightsFacts,
    SecretsFacts,
    StorageFacts,
    Verdict,
)
from sardonyx.setup.needs import needed_rights

ISSUER = "https://id.example.org/realms/science"
OK = Answer("https://x", 200)
DOWN = Answer("https://x", 0, "Connection refused")
KNOWN = Answer("https://x", 200, json={"issuer": ISSUER})
EVALUATION = {"evaluation": {"home": "/h", "namespace": "lab", "linkFile": "/l"}}
PLAIN = {"publicUrl": "http://lab.example.org"}
ALL = frozenset({"HTTPRoute", "Ingress"})


def _s3(**parts: Any) -> dict[str, Any]:
    return {"regions": [region(data={"S3": {"URL": "https://s3.example.org", **parts}})]}


CASES = [
    ("identity", {}, IdentityFacts(KNOWN, OK, True), Verdict.READY, "People sign in"),
    ("identity", {}, IdentityFacts(DOWN), Verdict.FAILING, "Connection refused"),
    ("identity", {}, IdentityFacts(OK, OK), Verdict.FAILING, "names itself"),
    ("identity", {}, IdentityFacts(KNOWN, DOWN), Verdict.FAILING, "keys cannot be read"),
    ("identity", {}, IdentityFacts(KNOWN, OK, False), Verdict.FAILING, "PKCE"),
    ("identity", EVALUATION, IdentityFacts(KNOWN, OK), Verdict.EVALUATION, "one-time link"),
    (
        "identity",
        {"identity": {"issuer": "http://id"}},
        IdentityFacts(Answer("", 200, json={"issuer": "http://id/"}), OK),
        Verdict.EVALUATION,
        "plain http",
    ),
    ("database", {}, DatabaseFacts("sqlite"), Verdict.EVALUATION, "one replica"),
    ("database", {}, DatabaseFacts("postgresql", "17.2"), Verdict.READY, "answers"),
    ("database", {}, DatabaseFacts("postgresql", fault="refused"), Verdict.FAILING, "refused"),
    ("rights", {}, RightsFacts((), "v1.37.2"), Verdict.READY, "every right"),
    (
        "rights",
        {},
        RightsFacts((Right("watch", "pods", "lab"), Right("list", "jobs", "", "batch"))),
        Verdict.FAILING,
        "lacks rights (2), explained in deploy/rbac/service-account.yaml: watch pods in lab",
    ),
    ("rights", {}, RightsFacts(fault="timed out"), Verdict.FAILING, "timed out"),
    ("storage", {"regions": [region(data={})]}, None, Verdict.OFF, "No S3 store"),
    ("storage", {}, StorageFacts(DOWN), Verdict.FAILING, "does not answer"),
    ("storage", _s3(), StorageFacts(OK), Verdict.OFF, "are hidden"),
    ("storage", {}, StorageFacts(OK, OK), Verdict.FAILING, "forged token"),
    ("storage", {}, StorageFacts(OK, DOWN), Verdict.FAILING, "cannot be asked"),
    (
        "storage",
        _s3(sts={"role": [{"roleARN": "a", "claimName": "groups"}]}),
        StorageFacts(OK, Answer("", 400)),
        Verdict.FAILING,
        "Every role asks for a claim",
    ),
    ("storage", {}, StorageFacts(OK, Answer("", 400)), Verdict.READY, "refuses forged"),
    (
        "storage",
        {"regions": [region(data={"S3": {"URL": "http://s3", "sts": {}, "x": 1}})]},
        StorageFacts(OK),
        Verdict.OFF,
        "are hidden",
    ),
    ("storage", EVALUATION, StorageFacts(OK, Answer("", 400)), Verdict.EVALUATION, "one pod"),
    ("secrets", {"regions": [region(vault={})]}, None, Verdict.OFF, "No secret store"),
    ("secrets", {}, SecretsFacts(Answer("", 503)), Verdict.FAILING, "HTTP 503"),
    ("secrets", {}, SecretsFacts(OK, Answer("", 404)), Verdict.FAILING, "auth/jwt"),
    ("secrets", {}, SecretsFacts(OK, OK), Verdict.FAILING, "forged token in"),
    (
        "secrets",
        {},
        SecretsFacts(OK, Answer("", 400, 'HTTP 400 role "user" could not be found')),
        Verdict.FAILING,
        "no role “user”",
    ),
    ("secrets", {}, SecretsFacts(OK, Answer("", 400)), Verdict.READY, "refuses forged"),
    ("secrets", EVALUATION, SecretsFacts(OK, Answer("", 400)), Verdict.EVALUATION, "unseals"),
    ("exposure", {}, ExposureFacts(ALL, ("10.0.0.1",)), Verdict.READY, "lab.example.org"),
    ("exposure", {}, ExposureFacts(ALL), Verdict.FAILING, "in DNS"),
    ("exposure", {}, ExposureFacts(frozenset({"Ingress"})), Verdict.FAILING, "no HTTPRoute"),
    ("exposure", {}, ExposureFacts(ALL, (), "down"), Verdict.FAILING, "down"),
    ("exposure", PLAIN, ExposureFacts(ALL, ("::1",)), Verdict.EVALUATION, "plain http"),
    ("exposure", EVALUATION, ExposureFacts(ALL), Verdict.EVALUATION, "forwarded port"),
    (
        "exposure",
        {"regions": [region(services={"expose": {"ingress": False}})]},
        ExposureFacts(ALL),
        Verdict.OFF,
        "No way from outside",
    ),
    ("catalogs", {}, [CatalogFacts("ide", 12)], Verdict.READY, "12 charts"),
    ("catalogs", {}, [], Verdict.FAILING, "no chart"),
    ("catalogs", {}, [CatalogFacts("ide", 0, "HTTP 404")], Verdict.FAILING, "“ide”: HTTP 404"),
    ("images", {}, ImagesFacts(("r.example/x:1",), (OK,)), Verdict.READY, "answer"),
    ("images", {}, ImagesFacts(("r.example/x:1",), (DOWN,)), Verdict.FAILING, "does not reach"),
    ("images", {}, ImagesFacts(("localhost/x:1",)), Verdict.EVALUATION, "each node"),
]


@pytest.mark.parametrize(("area", "changes", "facts", "verdict", "words"), CASES)
def test_the_verdict_and_its_reason(
    tmp_path: Path, area: str, changes: dict[str, Any], facts: Any, verdict: Verdict, words: str
) -> None:
    check: Check = getattr(judgement, area)(settings(tmp_path, **changes), facts)
    assert check.area == area
    assert check.verdict is verdict
    assert words in check.reason.in_language("en")
    assert "{" not in check.reason.in_language("en")
    if verdict is not Verdict.READY:
        assert check.setting or area in ("rights", "images")


def test_an_evaluation_needs_rights_in_its_namespace_alone(tmp_path: Path) -> None:
    alone = region(services={"singleNamespace": True, "expose": {"ingress": False}})
    rights = needed_rights(settings(tmp_path, regions=[alone], **EVALUATION))
    assert {right.namespace for right in rights} == {"lab"}


def test_impersonation_needs_its_own_right(tmp_path: Path) -> None:
    services = {"singleNamespace": False, "authenticationMode": "impersonate"}
    rights = needed_rights(settings(tmp_path, regions=[region(services=services)]))
    assert Right("impersonate", "users") in rights
    assert Right("create", "namespaces") in rights


def test_the_images_of_our_charts_are_named() -> None:
    images = chart_images(CatalogService(default_sources()).own_charts())
    assert any("postgres" in image for image in images)
    assert all(":" in image for image in images)
