"""Find the project a page is about, and keep each tab in its own.

The address says it (`?project=`), else the page the request comes from, else the person's last
choice (a cookie), else their own project; always checked against the projects they have.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from sardonyx.projects.models import Actor, Project
from sardonyx.projects.service import authorised_project

PROJECT_COOKIE = "project"
QUERY = "project"


class OtherAddressError(Exception):
    """The page has an address that says its project: see there."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


def chosen_project(request: Request, actor: Actor) -> Project:
    """Return the project of a page. Raises ProjectNotFoundError, NoProjectError."""
    asked = request.query_params.get(QUERY)
    if asked is not None:
        return authorised_project(actor, asked)
    for remembered in (_of_referrer(request), request.cookies.get(PROJECT_COOKIE)):
        for project in actor.projects:
            if project.id == remembered:
                return project
    return actor.default_project


def check_address(request: Request, actor: Actor, project: Project) -> None:
    """Lead a browser to the address that names the project, for people who have several.

    So two tabs can show two projects, and a form acts in the project of its page. Raises
    OtherAddressError.
    """
    if len(actor.projects) < 2 or QUERY in request.query_params or request.method != "GET":
        return
    headers = request.headers
    if "hx-request" in headers or "text/html" not in headers.get("accept", ""):
        return
    raise OtherAddressError(with_project(_address(request), project.id))


def with_project(address: str, project: str) -> str:
    """Return a local address with the project in its query."""
    path, _, rest = address.partition("#")
    path, _, query = path.partition("?")
    # The rest stays as it was written: a link of the launcher is no form (launcher.md 12).
    kept = [part for part in query.split("&") if part and part.partition("=")[0] != QUERY]
    query = "&".join([*kept, urlencode({QUERY: project})])
    return f"{path}?{query}{'#' if rest else ''}{rest}"


def install(app: FastAPI) -> None:
    """Let `app` answer OtherAddressError by a redirect."""

    async def see_other(_: Request, error: Exception) -> Response:
        assert isinstance(error, OtherAddressError)  # noqa: S101 - what it is registered for
        return RedirectResponse(error.address, 303, headers={"cache-control": "no-store"})

    app.add_exception_handler(OtherAddressError, see_other)


def _address(request: Request) -> str:
    path = request.url.path
    # Never `//other.host`, which a browser would take for another site.
    path = "/" + path.lstrip("/")
    return f"{path}?{request.url.query}" if request.url.query else path


def _of_referrer(request: Request) -> str | None:
    """Return the project of the page that a same-origin request comes from."""
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return None
    if page.netloc != request.headers.get("host"):
        return None
    found = parse_qs(page.query).get(QUERY)
    return found[0] if found else None
