"""Show a person's account: appearance, language, Git, and keys for their own tools."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sardonyx.account import profile_pages, storage_pages, token_pages
from sardonyx.account.models import Theme
from sardonyx.done import Commands
from sardonyx.errors import HTTP_STATUS, PlatformError, UserError
from sardonyx.files.models import S3Credentials
from sardonyx.files.places import place_of
from sardonyx.text import LANGUAGES, N_, Text
from sardonyx.values import Secret
from sardonyx.web.session import LANGUAGE_COOKIE
from sardonyx.web.views import CurrentViewer, Viewer

router = APIRouter()
router.include_router(token_pages.router)
router.include_router(profile_pages.router)
router.include_router(storage_pages.router)

LANGUAGE_NAMES = {"en": "English", "fr": "Français"}
_THEMES = {Theme.SYSTEM: N_("as the system"), Theme.LIGHT: N_("light"), Theme.DARK: N_("dark")}
_CACHE_MINUTES = 30 * 24 * 60
_YEAR = 365 * 24 * 3600
_TO_VARIABLES = 'eval "$(sardonyx account credentials --format env)"\n'


@dataclass(frozen=True, slots=True)
class Choice:
    """One radio button."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """Keys for the person's own tools, in clear: made only when asked for.

    storage: None where the platform has no storage of files.
    """

    storage: S3Credentials | None
    exports: str


@router.get("/account")
async def account(viewer: CurrentViewer, keys: bool = False) -> HTMLResponse:
    """Show the account; `keys=1` makes short-lived keys and shows them."""
    return await _page(viewer, keys=keys)


@router.post("/account/appearance")
async def appearance(
    viewer: CurrentViewer, theme: Annotated[str, Form()], language: Annotated[str, Form()] = ""
) -> Response:
    """Keep theme and language; the language also goes to a cookie, for pages before sign-in."""
    kept = replace(
        viewer.preferences,
        theme=Theme(theme) if theme in set(Theme) else Theme.SYSTEM,
        language=language or None,
    )
    await viewer.platform.accounts.save(viewer.actor, kept)
    answer = viewer.go("/account", Text(N_("Saved.")))
    if language in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, samesite="lax", httponly=True)
    else:
        answer.delete_cookie(LANGUAGE_COOKIE)
    return answer


@router.post("/account/git")
async def git(
    viewer: CurrentViewer,
    git_name: Annotated[str, Form()] = "",
    git_email: Annotated[str, Form()] = "",
    git_token: Annotated[str, Form()] = "",
    git_cache_minutes: Annotated[int, Form(ge=0, le=_CACHE_MINUTES)] = 0,
    forget: Annotated[bool, Form()] = False,
) -> Response:
    """Keep the Git identity. An empty token field keeps the one that is there."""
    kept = replace(
        viewer.preferences,
        git_name=git_name.strip() or None,
        git_email=git_email.strip() or None,
        git_cache_seconds=git_cache_minutes * 60,
    )
    accounts = viewer.platform.accounts
    try:
        await accounts.save(viewer.actor, kept)
    except UserError as error:
        return await _page(viewer, problem=error, status=HTTP_STATUS[error.kind])
    if forget:
        await accounts.save_git_token(viewer.actor, None)
    elif git_token.strip():
        await accounts.save_git_token(viewer.actor, Secret(git_token.strip()))
    said = Text(N_("Saved. Services launched from now on have it."))
    answer: RedirectResponse = viewer.go("/account", said)
    return answer


async def _page(
    viewer: Viewer, *, keys: bool = False, problem: UserError | None = None, status: int = 200
) -> HTMLResponse:
    preferences = viewer.preferences
    has_keys = viewer.platform.has_files or viewer.platform.has_secrets
    own = await _own_keys(viewer) if keys and has_keys else None
    return await viewer.render(
        "account/account.html",
        status=status,
        preferences=preferences,
        themes=[
            Choice(theme.value, viewer.say(label), theme == preferences.theme)
            for theme, label in _THEMES.items()
        ],
        tongues=[
            Choice("", viewer.say(N_("as the browser")), preferences.language is None),
            *(
                Choice(code, LANGUAGE_NAMES[code], code == preferences.language)
                for code in LANGUAGES
            ),
        ],
        tokens_offered=getattr(viewer.platform, "tokens", None) is not None,
        has_token=await _has_git_token(viewer),
        problem=problem,
        profile_offered=viewer.platform.accounts.profiles.offered(viewer.actor),
        own=own,
        has_keys=has_keys,
        commands=Commands(platform="sardonyx account credentials\n", underneath=_tools(viewer)),
    )


async def _own_keys(viewer: Viewer) -> OwnKeys:
    """Return keys to what the platform has: storage, secrets, or one of them."""
    platform, keys = viewer.platform, None
    lines: dict[str, str] = {}
    if platform.has_files:
        keys = await platform.files.credentials(viewer.actor, viewer.project.id)
        lines |= {
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key.reveal(),
            "AWS_SESSION_TOKEN": keys.session_token.reveal(),
            "AWS_ENDPOINT_URL": keys.endpoint,
            "AWS_REGION": keys.region,
        }
    if platform.has_secrets:
        token = await platform.secrets.token(viewer.actor, viewer.project.id)
        lines |= {"BAO_ADDR": platform.secrets.address, "BAO_TOKEN": token.reveal()}
    exports = "".join(f"export {name}='{value}'\n" for name, value in lines.items())
    return OwnKeys(keys, exports)


def _tools(viewer: Viewer) -> str:
    project, platform = viewer.project, viewer.platform
    files = f"aws s3 ls s3://{place_of(project)}/\n" if platform.has_files else ""
    secrets = f"bao kv list -mount=kv {project.secrets_folder}\n" if platform.has_secrets else ""
    return (
        f"# Keys as variables, for this terminal:\n{_TO_VARIABLES}"
        f"# Then any S3 tool and the secret store's own command line work:\n"
        f"{files}{secrets}"
    )


async def _has_git_token(viewer: Viewer) -> bool | None:
    """Return whether a forge token is kept; None while the secret store does not answer."""
    try:
        return await viewer.platform.accounts.git_token(viewer.actor) is not None
    except PlatformError:
        return None
