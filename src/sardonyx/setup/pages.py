"""The page where administrators see how the platform is set up, and test each part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse

from sardonyx.done import Commands
from sardonyx.setup.models import Check, Verdict
from sardonyx.setup.service import SetupChecks
from sardonyx.setup.view import area_title, verdict_words
from sardonyx.text import N_, Text
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter()
_TONES = {
    Verdict.READY: "good",
    Verdict.EVALUATION: "rest",
    Verdict.FAILING: "bad",
    Verdict.OFF: "plain",
}
_COMMANDS = Commands(
    platform="sardonyx doctor --config /etc/sardonyx/settings/sardonyx.yaml\n",
    underneath=(
        'kubectl auth can-i --list --as="system:serviceaccount:$NAMESPACE:$ACCOUNT"\n'
        'curl "$ISSUER/.well-known/openid-configuration"\n'
        'curl --head "$S3_URL"\n'
        'curl "$VAULT_ADDR/v1/sys/health"\n'
    ),
)


@dataclass(frozen=True, slots=True)
class CheckCard:
    """One area as the page shows it."""

    area: str
    title: str
    verdict: str
    words: str
    tone: str
    reason: Text
    setting: str
    value: str
    found: tuple[tuple[str, str], ...]
    check: Check


@router.get("/setup")
async def setup(viewer: CurrentViewer) -> HTMLResponse:
    """Show every area's last check."""
    checks = await _checks(viewer).checks(viewer.actor)
    cards = [_card(viewer, check) for check in checks]
    failing = sum(check.verdict is Verdict.FAILING for check in checks)
    evaluation = sum(check.verdict is Verdict.EVALUATION for check in checks)
    return await viewer.render(
        "setup/setup.html",
        cards=cards,
        failing=failing,
        evaluation=evaluation,
        commands=_COMMANDS,
    )


@router.post("/setup/test")
async def test(viewer: CurrentViewer, area: Annotated[str, Form()]) -> Response:
    """Look at one area now and show the page again, at that area."""
    check = await _checks(viewer).test(viewer.actor, area)
    words = N_("Looked again at “{title}”: {words}.")
    values = {
        "title": area_title(check.area, viewer.language),
        "words": verdict_words(check.verdict, viewer.language),
    }
    answer: Response = viewer.go("/setup", Text(words, values))
    answer.headers["location"] += f"#{check.area.value}"
    return answer


def _checks(viewer: Viewer) -> SetupChecks:
    checks = viewer.platform.setup
    assert checks is not None  # noqa: S101 - these pages are only there with it
    return checks


def _card(viewer: Viewer, check: Check) -> CheckCard:
    return CheckCard(
        area=check.area.value,
        title=area_title(check.area, viewer.language),
        verdict=check.verdict.value,
        words=verdict_words(check.verdict, viewer.language),
        tone=_TONES[check.verdict],
        reason=check.reason,
        setting=check.setting,
        value=check.value,
        found=tuple((name, value) for name, value in check.found.items() if value),
        check=check,
    )
