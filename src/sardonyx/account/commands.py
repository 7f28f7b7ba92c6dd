"""Own the equivalent commands of what a person does with their account and projects."""

from __future__ import annotations

import shlex

from sardonyx.done import ON_PLATFORM_ONLY, Commands
from sardonyx.launcher.context import DEFAULT_S3_REGION
from sardonyx.launcher.own_profiles import OwnProfile
from sardonyx.secrets.commands import PREAMBLE, Place

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


def keep_storage_commands(store: OwnProfile) -> Commands:
    """Return the commands that keep a store of one's own: the AWS tools keep a profile.

    The keys go by variables and standard input, so that no process list shows them.
    """
    words = ["sardonyx", "account", "storage", "set", store.name, "--url", store.url]
    if store.region is not None:
        words += ["--region", store.region]
    if store.bookmarks:
        words += ["--folder", store.bookmarks[0][1]]
    if not store.path_style_access:
        words.append("--virtual-hosted")
    profile = shlex.quote(store.name)
    region = shlex.quote(store.region or DEFAULT_S3_REGION)
    style = "path" if store.path_style_access else "virtual"
    underneath = (
        f"aws configure set endpoint_url {shlex.quote(store.url)} --profile {profile}\n"
        f"aws configure set region {region} --profile {profile}\n"
        f"aws configure set s3.addressing_style {style} --profile {profile}\n"
    )
    if store.access_key_id is None:
        return Commands(platform=shlex.join([*words, "--anonymous"]) + "\n", underneath=underneath)
    lines = '"AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY"'
    if store.session_token is not None:
        lines += ' "AWS_SESSION_TOKEN=$AWS_SESSION_TOKEN"'
    return Commands(
        platform=f"printf '%s\\n' {lines} | {shlex.join(words)}\n",
        # It asks for the two keys at the terminal.
        underneath=f"aws configure --profile {profile}\n{underneath}",
    )


def remove_storage_commands(name: str) -> Commands:
    """Return the commands that forget a store of one's own."""
    return Commands(
        platform=shlex.join(("sardonyx", "account", "storage", "rm", name)) + "\n",
        underneath=ON_PLATFORM_ONLY,
    )


def probe_storage_commands(store: OwnProfile) -> Commands:
    """Return the commands that reach a store of one's own."""
    place = (f"s3://{store.bookmarks[0][1]}",) if store.bookmarks else ()
    keys = ("--no-sign-request",) if store.access_key_id is None else ("--profile", store.name)
    return Commands(
        platform=shlex.join(("sardonyx", "account", "storage", "test", store.name)) + "\n",
        underneath=shlex.join(("aws", "s3", "ls", *place, "--endpoint-url", store.url, *keys))
        + "\n",
    )
