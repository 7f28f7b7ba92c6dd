"""REST of a person's profile: the administrator's schema, and the values that fit it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field, JsonValue

from sardonyx.account.profiles import Profiles, shown_values
from sardonyx.launcher.profile import FittedProfile
from sardonyx.projects.models import Actor
from sardonyx.services.view import CommandsView, ProblemView, View
from sardonyx.values import pointer
from sardonyx.web.session import current_actor, request_language

router = APIRouter(prefix="/profile", tags=["account"])
Person = Annotated[Actor, Depends(current_actor)]
Language = Annotated[str, Depends(request_language)]


class ProfileBody(View):
    """A profile to save.

    values: over the defaults of the form; a secret that stands as it was shown, as `$VAR`, stays.
    heldBack: JSON pointers of list items that no launch is given; null leaves them as they are.
    """

    values: dict[str, JsonValue]
    held_back: list[str] | None = Field(default=None, examples=[["/identities/1"]])


class ProfileView(View):
    """A profile. rest: JSON pointers of what was saved and does not fit the form any more.

    commands: those that do the same, in the answer to a change.
    """

    values: JsonValue
    held_back: list[str]
    rest: list[str]
    problems: list[ProblemView]
    commands: CommandsView | None = None

    @classmethod
    def of(cls, profile: FittedProfile, language: str, *, reveal: bool = False) -> ProfileView:
        draft = profile.draft
        return cls(
            values=draft.values if reveal else shown_values(draft),
            held_back=sorted(pointer(path) for path in profile.held_back),
            rest=[pointer(entry.path) for entry in profile.rest],
            problems=[ProblemView.of(problem, language) for problem in profile.problems],
        )


@router.get("/schema")
async def profile_schema(request: Request, actor: Person) -> dict[str, JsonValue]:
    """Return the JSON schema of the form, as the administrator gave it."""
    return _profiles(request).schema(actor)


@router.get("")
async def show_profile(
    request: Request,
    response: Response,
    actor: Person,
    language: Language,
    reveal: Annotated[bool, Query()] = False,
) -> ProfileView:
    """Return the profile; secrets stand as `$VAR` unless `reveal=true`."""
    response.headers["Cache-Control"] = "no-store"
    saved = await _profiles(request).saved(actor, language=language)
    return ProfileView.of(saved, language, reveal=reveal)


@router.put("")
async def save_profile(
    request: Request, response: Response, actor: Person, language: Language, body: ProfileBody
) -> ProfileView:
    """Save the profile, unless something in it is not possible."""
    response.headers["Cache-Control"] = "no-store"
    profiles = _profiles(request)
    made = await profiles.of_values(actor, body.values, held_back=body.held_back, language=language)
    done = await profiles.save(actor, made)
    shown = ProfileView.of(done.result, language)
    return shown.model_copy(update={"commands": CommandsView.of(done.commands)})


def _profiles(request: Request) -> Profiles:
    profiles: Profiles = request.app.state.platform.accounts.profiles
    return profiles
