"""Own the equivalent commands of what a person does with their account and projects."""

from __future__ import annotations

import shlex

from sardonyx.secrets.commands import PREAMBLE, Place
from sardonyx.services.commands import ON_PLATFORM_ONLY
from sardonyx.services.models import Commands

_DRAW = "PASSWORD=$(LC_ALL=C tr -dc 0-9a-z </dev/urandom | head -c 20)\n"


def show_password_commands(place: Place, key: str) -> Commands:
    """Return the commands that print a project's service password.

    A place without a mount is in the platform's own database, where no other tool reads it.
    """
    if not place.mount:
        return Commands(platform=_ours(place, "show"), underneath=ON_PLATFORM_ONLY)
    underneath = shlex.join(
        ("bao", "kv", "get", f"-mount={place.mount}", f"-field={key}", place.whole)
    )
    return Commands(platform=_ours(place, "show"), underneath=f"{PREAMBLE}{underneath}\n")


def renew_password_commands(place: Place, key: str) -> Commands:
    """Return the commands that replace a project's service password by one drawn anew."""
    if not place.mount:
        return Commands(platform=_ours(place, "renew"), underneath=ON_PLATFORM_ONLY)
    # By standard input: no process list shows it.
    underneath = shlex.join(
        ("bao", "kv", "patch", "-method=rw", f"-mount={place.mount}", place.whole, f"{key}=-")
    )
    return Commands(
        platform=_ours(place, "renew"),
        underneath=f'{PREAMBLE}{_DRAW}printf %s "$PASSWORD" | {underneath}\n',
    )


def _ours(place: Place, verb: str) -> str:
    where = () if place.project is None else ("--project", place.project)
    return shlex.join(("sardonyx", "projects", "password", verb, *where)) + "\n"


def save_profile_commands() -> Commands:
    """Return the commands that do the same as saving a profile."""
    return Commands(
        platform="sardonyx account profile set -f profile.yaml\n",
        underneath=ON_PLATFORM_ONLY,
    )
