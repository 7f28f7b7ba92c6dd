"""Render pages: who looks, in which language and theme, with which template.

A page function takes a `Viewer` (`Annotated[Viewer, Depends(viewer)]`), makes its view model
and calls `viewer.render`. Templates are found as `<area>/<name>.html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from sardonyx.account.models import Preferences
from sardonyx.done import Commands
from sardonyx.errors import PlatformError
from sardonyx.projects.errors import ProjectNotFoundError
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.onboarding import Unopened
from sardonyx.text import LANGUAGES, N_, Text, localized, translations
from sardonyx.web import wording
from sardonyx.web.bundle import asset
from sardonyx.web.notices import NOTICES, Notice
from sardonyx.web.projects import check_address, chosen_project, with_project
from sardonyx.web.session import current_actor, request_language

if TYPE_CHECKING:
    from sardonyx.parts import PartStatus
    from sardonyx.platform import Platform

_PACKAGE = Path(__file__).parent.parent
_AREAS = ("web", "catalog", "services", "files", "secrets", "account", "projects", "setup")
# A page is never kept: it is right after a reload, and none stays behind on a shared machine.
_NOT_KEPT = {"cache-control": "no-store"}

_PARTS = {
    "keys": N_("keys"),
    "seaweedfs": N_("the storage of files"),
    "openbao": N_("the store of secrets"),
}


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the main navigation."""

    address: str
    icon: str
    label: str


NAVIGATION = (
    NavItem("/", "home", N_("Home")),
    NavItem("/catalog", "catalog", N_("Catalogue")),
    NavItem("/services", "services", N_("Services")),
    NavItem("/files", "files", N_("Files")),
    NavItem("/secrets", "secrets", N_("Secrets")),
)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person a page is made for, with what every page needs to know."""

    request: Request
    platform: Platform
    actor: Actor
    project: Project
    language: str
    preferences: Preferences

    def say(self, message: str) -> str:
        """Return an English source text in the viewer's language."""
        return translations(self.language).gettext(message)

    async def render(self, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """Return the page."""
        done = NOTICES.get(self.actor.username, self.request.query_params.get("done"))
        return render(
            self.request,
            template,
            status=status,
            language=self.language,
            theme=self.preferences.theme.value,
            viewer=self,
            notice=done,
            preparing=await self._preparing(),
            **context,
        )

    async def _preparing(self) -> list[str]:
        """Return the parts that still start, in words.

        Once all have answered nobody asks again: a part that fails later is told by the page
        that needs it, and no page waits for a look at what it does not need.
        """
        state = self.request.app.state
        if getattr(state, "prepared", False):
            return []
        parts = await self.platform.parts.status()
        state.prepared = all(part.ready for part in parts)
        return [self._waited_for(part) for part in parts if not part.ready]

    def _waited_for(self, part: PartStatus) -> str:
        chart = part.name.removeprefix("environment:")
        if chart == part.name:
            return self.say(_PARTS.get(part.name, part.name))
        words = self.say(N_("the packages of {chart}")).format(chart=self._title(chart))
        return f"{words} ({wording.percent(part.progress or 0.0, self.language)})"

    def _title(self, chart: str) -> str:
        try:
            found = self.platform.catalog.chart(self.actor, chart)
        except PlatformError:
            return chart
        return localized(found.title, self.language)

    @property
    def unopened(self) -> tuple[Unopened, ...]:
        """The person's projects whose place could not be made ready."""
        onboarding = getattr(self.platform, "onboarding", None)
        return () if onboarding is None else tuple(onboarding.unopened(self.actor))

    @property
    def navigation(self) -> tuple[NavItem, ...]:
        """The main navigation, without the pages of what this platform does not have."""
        absent = {"/files": not self.platform.has_files, "/secrets": not self.platform.has_secrets}
        return tuple(item for item in NAVIGATION if not absent.get(item.address, False))

    @property
    def switch_address(self) -> str:
        """Where a switch of the project leads: the same area, or the same launch form."""
        path = self.request.url.path
        area = path.split("/")[1]
        return path if area == "launch" else f"/{area}"

    def fragment(self, template: str, **context: object) -> str:
        """Return a piece of a page as text, for a stream or a swap."""
        page = environment(self.language).get_template(template)
        return page.render(viewer=self, language=self.language, **context)

    def go(
        self,
        address: str,
        message: Text | None = None,
        *,
        commands: Commands | None = None,
        tone: str = "done",
    ) -> RedirectResponse:
        """Return the answer to a form: see `address`, which shows `message` and `commands`."""
        if message is not None or commands is not None:
            key = NOTICES.add(self.actor.username, Notice(message, commands, tone))
            address, mark, place = address.partition("#")
            address += ("&" if "?" in address else "?") + urlencode({"done": key}) + mark + place
        if len(self.actor.projects) > 1:
            address = with_project(address, self.project.id)
        return RedirectResponse(address, status_code=303, headers=_NOT_KEPT)


async def viewer(request: Request, actor: Annotated[Actor, Depends(current_actor)]) -> Viewer:
    """Return who looks at the page, in which project.

    Raises SignInRequiredError, ProjectNotFoundError, OtherAddressError.
    """
    project = chosen_project(request, actor)
    check_address(request, actor, project)
    return await _viewer(request, actor, project)


async def viewer_anywhere(request: Request, actor: Actor) -> Viewer:
    """Return who looks at a page that is about no project, such as an error's."""
    try:
        project = chosen_project(request, actor)
    except ProjectNotFoundError:
        project = actor.default_project
    return await _viewer(request, actor, project)


async def _viewer(request: Request, actor: Actor, project: Project) -> Viewer:
    platform: Platform = request.app.state.platform
    preferences = await platform.accounts.preferences(actor)
    return Viewer(
        request=request,
        platform=platform,
        actor=actor,
        project=project,
        language=preferences.language or request_language(request),
        preferences=preferences,
    )


CurrentViewer = Annotated[Viewer, Depends(viewer)]


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    language: str | None = None,
    theme: str = "system",
    **context: object,
) -> HTMLResponse:
    """Return a page, also where nobody is signed in (sign-in, errors)."""
    language = language or request_language(request)
    context.setdefault("viewer", None)
    context.setdefault("notice", None)
    context.setdefault("preparing", [])
    body = (
        environment(language)
        .get_template(template)
        .render(
            request=request,
            status=status,
            path=request.url.path,
            language=language,
            theme=theme,
            **context,
        )
    )
    return HTMLResponse(body, status_code=status, headers=_NOT_KEPT)


@cache
def environment(language: str) -> Environment:
    """Return the templates of one language."""
    loader = PrefixLoader(
        {area: FileSystemLoader(_PACKAGE / area / "templates") for area in _AREAS}
    )
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # The method comes from the i18n extension, which Environment's own type does not know.
    i18n: Any = made
    i18n.install_gettext_translations(translations(language), newstyle=True)
    # The extension's `_` looks `gettext` up by its name at each of a page's hundreds of texts.
    made.globals["_"] = made.globals["gettext"]
    made.globals.update(asset=asset, drawn_icon=drawn_icon, languages=LANGUAGES, quote=quote_key)
    made.filters.update(
        size=lambda value: wording.size(value, language),
        number=lambda value: wording.number(value, language),
        ago=lambda value: wording.ago(value, language),
        moment=lambda value: wording.moment(value, language),
        duration=lambda value: wording.duration(value, language),
        clock=wording.clock,
        ticks=ticks,
        text=lambda value: value.in_language(language),
        localized=lambda value: localized(value, language),
    )
    return made


_ICON = Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>')


@lru_cache(maxsize=256)
def drawn_icon(name: str) -> Markup:
    """Return an icon of the bundle; a long list draws the same few hundreds of times."""
    return _ICON.format(asset("icons.svg"), name)


def ticks(text: str) -> Markup:
    """Return a chart's text with its `code` marked; nothing else of it is markup."""
    if "`" not in text:
        return Markup.escape(text)
    plain, code = Markup("{}"), Markup("<code>{}</code>")
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a tick without its pair is a tick
        return plain.format(text)
    return Markup("").join(
        (code if index % 2 else plain).format(part) for index, part in enumerate(parts)
    )


def quote_key(key: str) -> str:
    """Return an object's key or a secret's path as it stands in an address."""
    return quote(key, safe="/~")
