"""Decide who may do what with a release. Pure.

In one's personal project all is one's own. In a group the owner may do everything; the others,
where it is shared, look, read its logs, pause and resume; what is not shared does not exist for
them. A release of nobody is shown to administrators alone, who may adopt or delete it.
"""

from __future__ import annotations

from sardonyx.projects.models import Actor, Project
from sardonyx.services.models import Observation, Standing


def standing(actor: Actor, project: Project, seen: Observation) -> Standing:
    """Return what `actor` is to a release of `project`, where they may act."""
    if is_personal(project) or (seen.owner and _is_one_person(seen.owner, actor.username)):
        return Standing.OWNER
    if not seen.owner:
        return Standing.ADMINISTRATOR if actor.is_admin else Standing.STRANGER
    return Standing.MEMBER if seen.shared else Standing.STRANGER


def is_personal(project: Project) -> bool:
    """Tell whether all that is in the project's namespace is its one member's."""
    # A namespace that everybody shares is nobody's own, whatever the project is called.
    return project.group is None and not project.own_namespace


def visible(actor: Actor, project: Project, seen: Observation) -> bool:
    """Tell whether a release exists for the person."""
    return standing(actor, project, seen) is not Standing.STRANGER


def _is_one_person(name: str, other: str) -> bool:
    """Tell whether two names are the same but for capitals, letter by letter.

    Onyxia compares names without case; an identity provider gives them as they were typed. Folded
    as a whole, “weiß” would be “weiss”, and a Kelvin sign a k: other people, who may exist too.
    """
    return list(map(_small, name)) == list(map(_small, other))


def _small(letter: str) -> str:
    """Return the small letter of a capital, where that one is its capital again."""
    small = letter.lower()
    return small if small.upper() == letter else letter
