"""Show a chart's form to its author, for a person who does not exist; nothing is launched.

The templates are those of the launcher. The page needs no platform, keeps nothing, and is made
again whenever a file of the chart changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from sardonyx.catalog.lint import lint_chart
from sardonyx.catalog.lint_model import LintFinding
from sardonyx.catalog.models import Chart
from sardonyx.catalog.read import read_chart
from sardonyx.catalog.registry import built_in_schemas
from sardonyx.launcher.draft import Draft, make_draft
from sardonyx.launcher.masking import masked
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.sample import sample_context
from sardonyx.launcher.submission import read_submission
from sardonyx.launcher.yaml_text import write
from sardonyx.services.draft_view import form_view
from sardonyx.services.form_view import (
    counts,
    field_id,
    posted_form,
    read_posted,
    shown_fields,
    write_patch,
)
from sardonyx.services.view import ProblemView
from sardonyx.text import LANGUAGES, localized
from sardonyx.values import Json, JsonObject
from sardonyx.web.bundle import ADDRESS, DIST, BundleFiles, asset
from sardonyx.web.problem_lines import ProblemLine, problem_lines
from sardonyx.web.security import SameOrigin
from sardonyx.web.views import environment, render

_CHANGED = "chart-changed"


@dataclass(frozen=True, slots=True)
class ChartPreview:
    """A chart as its author left it. draft None: it cannot be read, and `findings` say why."""

    folder: Path
    language: str
    findings: tuple[LintFinding, ...]
    draft: Draft | None

    def document(self) -> JsonObject:
        """Return the preview as JSON."""
        draft = self.draft
        found: list[Json] = [
            {
                "file": one.file,
                "line": one.line,
                "level": one.level,
                "code": one.code,
                "message": one.message.in_language(self.language),
                "next": one.next_step.in_language(self.language),
            }
            for one in self.findings
        ]
        known = draft.problems if draft is not None else ()
        return {
            "chart": draft.chart.ref.chart if draft is not None else self.folder.name,
            "version": draft.chart.ref.version if draft is not None else None,
            "language": self.language,
            "form": _form(draft) if draft is not None else [],
            "values": draft.values if draft is not None else {},
            "problems": [ProblemView.of(one, self.language).model_dump() for one in known],
            "findings": found,
        }

    def context(self) -> dict[str, Any]:
        """Return what the templates read."""
        draft, language = self.draft, self.language
        problems: Sequence[ProblemLine] = ()
        if draft is not None:
            places = shown_fields(draft.form, (one.pointer for one in draft.problems))
            problems = problem_lines(draft.problems, language, places)
        return {
            "folder": self.folder.name,
            "title": localized(draft.chart.title, language) if draft else self.folder.name,
            "about": localized(draft.chart.description, language) if draft else "",
            "form": draft.form if draft else None,
            "patch": write_patch(draft.patch) if draft else "[]",
            "values": write(draft.values) if draft and draft.values else "",
            "problems": problems,
            "findings": self.findings,
            "stamp": stamp(self.folder),
            "check_at": f"/check?language={language}",
            "changed_at": f"/changed?stamp={stamp(self.folder)}",
            "field_id": field_id,
            "counts": counts,
            "chosen": language,
        }


def _form(draft: Draft) -> list[Json]:
    """Return the sections of a form as REST has them."""
    shown = form_view(draft.form, masked(draft.values, draft.secret_paths))
    sections: list[Json] = shown.model_dump(mode="json", by_alias=True)["children"]
    return sections


def preview(
    folder: Path,
    *,
    language: str,
    patch: tuple[PatchEntry, ...] = (),
    edits: Mapping[str, Sequence[str]] | None = None,
) -> ChartPreview:
    """Return the chart in `folder` with its form for the sample person, as edited so far."""
    read = read_chart(folder, "preview")
    draft = None
    if isinstance(read, Chart):
        draft = _draft(read, language, patch)
        if edits:
            draft = _draft(read, language, read_submission(draft, edits))
    return ChartPreview(folder, language, lint_chart(folder), draft)


def _draft(chart: Chart, language: str, patch: tuple[PatchEntry, ...]) -> Draft:
    return make_draft(
        chart=chart,
        context=sample_context(language),
        patch=patch,
        language=language,
        registry=built_in_schemas(),
    )


def stamp(folder: Path) -> str:
    """Return a text that changes with the files that a preview reads."""
    marks = []
    for path in sorted([*folder.iterdir(), *folder.glob("charts/*/Chart.yaml")]):
        try:
            seen = path.stat()
        except OSError:  # it went away meanwhile
            continue
        marks.append(f"{path.name}.{seen.st_mtime_ns:x}.{seen.st_size:x}")
    return f"{hash(tuple(marks)) & 0xFFFFFFFFFFFFFFFF:x}"


def preview_application(folder: Path, *, language: str) -> Starlette:
    """Return the application that shows the chart in `folder`, on this machine only."""

    def asked_language(request: Request) -> str:
        asked = request.query_params.get("language", language)
        return asked if asked in LANGUAGES else language

    async def posted(request: Request) -> ChartPreview:
        form = read_posted(await posted_form(request))
        return preview(folder, language=asked_language(request), patch=form.patch, edits=form.edits)

    async def page(request: Request) -> Response:
        if request.method == "POST":  # a page without script
            made = await posted(request)
        else:
            made = preview(folder, language=asked_language(request))
        return render(request, "web/preview.html", language=made.language, **made.context())

    async def check(request: Request) -> Response:
        return HTMLResponse(_fragment(await posted(request)))

    async def changed(request: Request) -> Response:
        if request.query_params.get("stamp") == stamp(folder):
            return Response(status_code=204)
        # The form asks again, with what was typed so far.
        return Response(status_code=200, headers={"hx-trigger": _CHANGED})

    def refused(_: Request) -> Response:
        return PlainTextResponse("Forbidden", 403)

    return Starlette(
        routes=[
            Route("/", page, methods=["GET", "POST"]),
            Route("/check", check, methods=["POST"]),
            Route("/changed", changed),
            Mount(ADDRESS, BundleFiles()),
        ],
        middleware=[Middleware(SameOrigin, refuse=refused, services_here=False)],
    )


def _fragment(made: ChartPreview) -> str:
    template = environment(made.language).get_template("web/preview_body.html")
    return template.render(viewer=None, language=made.language, **made.context())


def preview_page(made: ChartPreview) -> str:
    """Return the page as one file that needs no server: styles and icons inside, no script."""
    request = Request(
        {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    )
    answer = render(request, "web/preview.html", language=made.language, **made.context())
    html = bytes(answer.body).decode()
    head, _, rest = html.partition('<link rel="icon"')
    _, _, body = rest.partition("</head>")
    styles = _bundled("app.css")
    icons = _bundled("icons.svg").partition("?>")[2] or _bundled("icons.svg")
    body = body.replace(f"{asset('icons.svg')}#", "#")
    return f"{head}<style>{styles}</style></head>{_with_icons(body, icons)}"


def _with_icons(body: str, icons: str) -> str:
    """Return the page's body with the pictures it refers to inside, unseen."""
    opened, tag, rest = body.partition("<body>")
    return f"{opened}{tag}<div hidden>{icons}</div>{rest}"


def _bundled(name: str) -> str:
    return (DIST / asset(name).rpartition("/")[2]).read_text(encoding="utf-8")
