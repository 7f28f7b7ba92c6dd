"""Follow a link that says `autoLaunch=true`: launch, ask once, or show the form.

A GET never installs. Where a launch is due, the page that answers posts a token that only a page
of this very session can hold, and the decision is made again then. Source: launcher.md 13.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from sardonyx.account.configurations.cards import setting_rows
from sardonyx.account.configurations.errors import LaunchLinkExpiredError
from sardonyx.catalog.cards import card as chart_card
from sardonyx.errors import Problem, SystemFault, UserError
from sardonyx.launcher.auto_launch import AutoLaunch, Decision, Source, decide
from sardonyx.launcher.configurations import SavedConfiguration, same
from sardonyx.launcher.links import Link
from sardonyx.services.launching import LaunchRequest, OpenDraft, Opening
from sardonyx.services.planning import Preview, refusals
from sardonyx.text import N_, Text
from sardonyx.web.projects import with_project
from sardonyx.web.session import session_token
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter()

ASKED = "autoLaunch=true"
# Pages of ours that link to a launch: there it is a click of the person's own.
_OWN_PAGES = frozenset({"/", "/services"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A link with the draft it opens, and what is to be done with it. preview: None if refused."""

    link: Link
    opened: OpenDraft
    friendly_name: str
    decision: Decision
    preview: Preview | None


@dataclass(frozen=True, slots=True)
class Followed:
    """How a link is answered: by a page, or by the launcher's form, warning: with this said."""

    page: HTMLResponse | None = None
    warning: Problem | None = None


def is_asked(query: str) -> bool:
    """Tell whether a query asks to be launched at once."""
    return ASKED in query.split("&")


async def follow(viewer: Viewer, catalog: str, chart: str, query: str) -> Followed:
    """Return the answer to a GET of such a link; nothing is launched. Raises ChartNotFoundError."""
    judged = await _judged(viewer, catalog, chart, query)
    if judged.decision.outcome is AutoLaunch.FORM:
        return Followed(warning=judged.decision.warning)
    is_due = judged.decision.outcome is AutoLaunch.LAUNCH
    draft, preview = judged.opened.draft, judged.preview
    configuration = _configuration(draft.chart.ref.catalog, chart, judged.link)
    page = await viewer.render(
        "account/configurations/auto_launch.html",
        is_due=is_due,
        card=chart_card(draft.chart, viewer.language),
        version=draft.chart.ref.version,
        friendly_name=judged.friendly_name,
        settings=setting_rows(viewer, configuration),
        s3_profile=judged.opened.s3_profile if draft.uses_s3 else None,
        is_group=viewer.project.group is not None,
        shared=judged.link.shared is True,
        warnings=[one.message for one in (*judged.opened.problems, *draft.problems)],
        commands=preview.commands if preview is not None else None,
        query=query,
        token=_token(viewer, catalog, chart, query),
        form_at=_form_address(viewer, query),
        post_at=_post_address(viewer),
    )
    return Followed(page=page)


def _post_address(viewer: Viewer) -> str:
    """Return where the page's form is sent: it says the project, as a browser leaves a long
    address out of what it says of the page it comes from."""
    address = f"{viewer.request.url.path}/auto"
    several = len(viewer.actor.projects) > 1
    return with_project(address, viewer.project.id) if several else address


@router.post("/launch/{catalog}/{chart}/auto")
async def launch_link(
    viewer: CurrentViewer,
    catalog: str,
    chart: str,
    query: Annotated[str, Form()],
    token: Annotated[str, Form()],
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Launch what a link says, once its page asks for it. Raises LaunchLinkExpiredError."""
    nonce = _checked(viewer, token, catalog, chart, query)
    # The page itself was given only where links may ask: the one before it is not known any more.
    judged = await _judged(viewer, catalog, chart, query, may_ask=True)
    outcome, address = judged.decision.outcome, viewer.request.url.path.removesuffix("/auto")
    if outcome is AutoLaunch.FORM:  # the quota, the chart or the rules changed meanwhile
        said = Text(N_("It was not launched: see what stands in the way."))
        return viewer.go(f"{address}?{_without_asking(query)}", said, tone="warning")
    if outcome is AutoLaunch.CONFIRM and not confirmed:
        return viewer.go(f"{address}?{query}")
    link, ref = judged.link, judged.opened.draft.chart.ref
    done = await viewer.platform.services.launch_once(
        viewer.actor,
        project=viewer.project.id,
        request=LaunchRequest(
            chart=ref.chart,
            catalog=ref.catalog,
            version=ref.version,
            friendly_name=judged.friendly_name,
            shared=viewer.project.group is not None and link.shared is True,
            s3_profile=link.s3_profile,
            patch=link.patch,
        ),
        language=viewer.language,
        idempotency_key=nonce,
    )
    said = Text(N_("Launched. It opens as soon as it answers."))
    return viewer.go(f"/services/{done.result.name}", said, commands=done.commands)


async def _judged(
    viewer: Viewer, catalog: str, chart: str, query: str, *, may_ask: bool = False
) -> Judged:
    """Return what a link does. may_ask: though other pages' links are switched off here."""
    services, actor, project = viewer.platform.services, viewer.actor, viewer.project.id
    read = services.read_link(actor, project=project, chart=chart, catalog=catalog, query=query)
    link = read.link
    opened = await services.open_form(
        actor,
        project=project,
        opening=Opening(
            chart=chart,
            catalog=catalog,
            version=link.version,
            patch=link.patch,
            s3_profile=link.s3_profile,
        ),
        language=viewer.language,
    )
    name = link.name or chart
    problems = [*read.problems, *opened.problems, *opened.draft.problems]
    preview = None
    try:
        preview = await services.preview(
            actor, project=project, draft=opened, friendly_name=name, shared=link.shared is True
        )
    except UserError as refused:
        problems.append(Problem("", refused.code, "error", refused.detail_text()))
    else:
        problems += refusals(preview.findings)
    source = await _source(viewer, _configuration(opened.draft.chart.ref.catalog, chart, link))
    if isinstance(source, Problem):
        return Judged(link, opened, name, Decision(AutoLaunch.FORM, source), preview)
    decision = decide(
        asked=is_asked(query),
        source=source,
        patch=link.patch,
        problems=problems,
        allowed=viewer.platform.catalog.auto_launch_paths(opened.draft.chart.ref),
        disabled=not (viewer.platform.auto_launch or may_ask),
    )
    return Judged(link, opened, name, decision, preview)


def _configuration(catalog: str, chart: str, link: Link) -> SavedConfiguration:
    return SavedConfiguration(
        friendly_name=link.name or "",
        catalog=catalog,
        chart=chart,
        version=link.version or "",
        patch=link.patch,
        shared=link.shared,
        s3_profile=link.s3_profile,
    )


async def _source(viewer: Viewer, asked: SavedConfiguration) -> Source | Problem:
    """Return where a link comes from, or why that cannot be told.

    Only what a person saved themselves is their own: what another member of the group saved may
    run a script of theirs under one's own name, so it is shown and confirmed.
    """
    try:
        listed = await viewer.platform.configurations.list(viewer.actor, viewer.project.id)
    except SystemFault as unread:
        words = N_(
            "Your saved configurations cannot be read, so whether this link is one of them cannot "
            "be told. Check the settings, then launch."
        )
        return Problem("", unread.code, "warning", Text(words))
    for one in listed.configurations:
        if one.set_by == viewer.actor.username and same(one.configuration, asked):
            return Source.CONFIGURATION
    try:
        page = urlsplit(viewer.request.headers.get("referer", ""))
    except ValueError:
        return Source.ELSEWHERE
    ours = page.netloc == viewer.request.headers.get("host") and page.path in _OWN_PAGES
    return Source.PLATFORM if ours else Source.ELSEWHERE


def _without_asking(query: str) -> str:
    return "&".join(part for part in query.split("&") if part != ASKED)


def _form_address(viewer: Viewer, query: str) -> str:
    return f"{viewer.request.url.path}?{_without_asking(query)}"


def _token(viewer: Viewer, catalog: str, chart: str, query: str) -> str:
    """Return what only a page of this session can post: it needs the session's own token."""
    nonce = secrets.token_hex(16)
    return f"{nonce}.{_seal(viewer.request, nonce, viewer.project.id, catalog, chart, query)}"


def _checked(viewer: Viewer, token: str, catalog: str, chart: str, query: str) -> str:
    """Return the token's own number, by which a second click launches nothing more."""
    nonce, _, seal = token.partition(".")
    wanted = _seal(viewer.request, nonce, viewer.project.id, catalog, chart, query)
    if not hmac.compare_digest(seal.encode(), wanted.encode()):
        raise LaunchLinkExpiredError
    return nonce


def _seal(request: Request, *told: str) -> str:
    key = (session_token(request) or "").encode()
    return hmac.new(key, "\0".join(told).encode(), hashlib.sha256).hexdigest()
