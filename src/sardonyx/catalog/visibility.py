"""Say who may see a catalogue: by the claims of the person, and by the kind of project."""

from __future__ import annotations

from collections.abc import Iterator

from sardonyx.catalog.settings import Restriction, Visible
from sardonyx.launcher import patterns
from sardonyx.projects.models import Actor, Project
from sardonyx.values import Json, JsonObject


def visible_to(
    actor: Actor,
    project: Project | None,
    *,
    visible: Visible,
    restrictions: tuple[Restriction, ...],
) -> bool:
    """Tell whether `actor` may see it in `project`; without one: in any of their projects.

    All restrictions must hold: one value of the claim matches as a whole. A claim that is
    missing matches nothing. Source: wire-api 7, D36, D38.
    """
    if not all(_holds(one, actor.claims) for one in restrictions):
        return False
    places = actor.projects if project is None else (project,)
    if not places:
        return visible.user or visible.project
    return any(visible.user if place.group is None else visible.project for place in places)


def is_for_all(*, visible: Visible, restrictions: tuple[Restriction, ...]) -> bool:
    """Tell whether everybody may see it, in every project."""
    return not restrictions and visible.user and visible.project


def claim(claims: JsonObject, name: str) -> Json:
    """Return the claim called exactly `name`, else the one its dots lead to, else None."""
    if name in claims:
        return claims[name]
    found: Json = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def claim_texts(claims: JsonObject, name: str) -> Iterator[str]:
    """Yield the texts of a claim: one, those of a list, or a boolean as `true` or `false`."""
    found = claim(claims, name)
    for value in found if isinstance(found, list) else [found]:
        if isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, str):
            yield value


def _holds(restriction: Restriction, claims: JsonObject) -> bool:
    asked = restriction.user_attribute
    texts = claim_texts(claims, asked.key)
    return any(patterns.matches_whole(asked.matches, text) for text in texts)
