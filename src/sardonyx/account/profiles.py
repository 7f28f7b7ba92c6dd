"""Keep what a person writes into the administrator's form, and give it to their launches.

What is kept is in SQL; what is secret in it is in the person's own secrets, never in SQL. What is
in SQL names the entry there that belongs to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex

from sardonyx.account import kept
from sardonyx.account.commands import save_profile_commands
from sardonyx.account.errors import (
    ProfileInvalidError,
    ProfileNotOfferedError,
    ProfileSchemaError,
)
from sardonyx.account.kept import Entries
from sardonyx.account.ports import AccountRecords, ProfileSchemas
from sardonyx.done import Done
from sardonyx.errors import Problem
from sardonyx.launcher import profile as forms
from sardonyx.launcher.context import ContextInputs, launch_context
from sardonyx.launcher.draft import Draft, merge
from sardonyx.launcher.form import read_submission
from sardonyx.launcher.masking import masked
from sardonyx.launcher.models import UNSET, PatchEntry, Unset, path_text, warning
from sardonyx.launcher.patch import apply, diff, written_path
from sardonyx.launcher.profile import FittedProfile, Profile
from sardonyx.launcher.scalars import at, same
from sardonyx.launcher.submission import REMOVE, path_of
from sardonyx.projects.audit import audited
from sardonyx.projects.errors import NoPersonalProjectError
from sardonyx.projects.models import Actor
from sardonyx.secrets.models import SecretSet
from sardonyx.secrets.ports import KeptSecrets
from sardonyx.text import N_
from sardonyx.values import Json, JsonObject, Secret, pointer

# Hidden from the secrets page by its leading dot.
PROFILE_PATH = ".sardonyx/profile"
PROFILE_KEY = "PROFILE"
_DAMAGED = N_("A part of the profile you saved is damaged and cannot be read: look through it.")


@dataclass(frozen=True, slots=True)
class GivenProfile:
    """What a launch is given of a profile, and the list items it may propose instead."""

    injected: JsonObject
    suggested: JsonObject


class Profiles:
    """People's profiles."""

    def __init__(
        self, *, schemas: ProfileSchemas, records: AccountRecords, secret_store: KeptSecrets
    ) -> None:
        self._schemas = schemas
        self._records = records
        self._secrets = secret_store

    def offered(self, actor: Actor) -> bool:
        """Tell whether the administrator asks `actor` for a profile."""
        try:
            return self._schemas.schema(actor) is not None
        except ProfileSchemaError:  # its page says what is wrong
            return True

    def schema(self, actor: Actor) -> JsonObject:
        """Return the administrator's schema. Raises ProfileNotOfferedError."""
        schema = self._schemas.schema(actor)
        if schema is None:
            raise ProfileNotOfferedError
        return schema

    async def saved(self, actor: Actor, *, language: str = "en") -> FittedProfile:
        """Return the profile as it was saved, under today's schema.

        Raises ProfileNotOfferedError, SecretStoreUnavailableError.
        """
        schema = self.schema(actor)
        kept = await self._kept(actor)
        return forms.fitted(schema, kept, context=_context(actor, language), language=language)

    async def edited(
        self,
        actor: Actor,
        *,
        patch: Sequence[PatchEntry],
        edits: Mapping[str, Sequence[str]],
        on: Collection[str] | None,
        problems: tuple[Problem, ...] = (),
        language: str = "en",
    ) -> FittedProfile:
        """Return the profile that a posted form makes; nothing is saved.

        patch: what the form was made with, `problems` what of it could not be read; edits: what
        it posts. on: pointers of the list items whose switch is on, None where the form shows no
        switch.
        """
        saved = await self.saved(actor, language=language)
        draft = self._draft(actor, patch, language)
        held = saved.held_back
        if on is not None:
            items = forms.switched_items(draft.form)
            held = frozenset(path for path in items if pointer(path) not in on)
        for removed in edits.get(REMOVE, ()):
            held = forms.after_removal(held, path_of(removed, draft.values))
        changed = self._draft(actor, read_submission(draft, edits), language)
        return FittedProfile(changed, held, saved.rest, (*problems, *saved.unread))

    async def of_values(
        self,
        actor: Actor,
        values: JsonObject,
        *,
        held_back: Iterable[str] | None = None,
        language: str = "en",
    ) -> FittedProfile:
        """Return the profile that has `values` over the defaults; nothing is saved.

        A secret that stands as `$VAR`, as a profile is shown, is the one that was saved.
        held_back: pointers of list items; None leaves those of the saved one.
        """
        saved = await self.saved(actor, language=language)
        shown = shown_values(saved.draft)
        same_secrets = [
            PatchEntry(path, at(saved.draft.values, path))
            for path in forms.secret_entries(saved.draft)
            if not isinstance(at(values, path), Unset) and same(at(values, path), at(shown, path))
        ]
        given = apply(values, same_secrets)
        defaults = saved.draft.defaults
        draft = self._draft(actor, diff(defaults, merge(defaults, given)), language)
        held = saved.held_back
        if held_back is not None:
            held = frozenset(path_of(one, draft.values) for one in held_back)
        items = set(forms.switched_items(draft.form))
        return FittedProfile(draft, held & items, saved.rest, saved.unread)

    async def save(
        self, actor: Actor, profile: FittedProfile, *, forget_rest: bool = False
    ) -> Done[FittedProfile]:
        """Keep a profile, and what an older schema left unless `forget_rest`.

        Raises ProfileInvalidError with its problems, NoPersonalProjectError where a secret has
        no place to be kept; then nothing is changed.
        """
        async with audited(self._records, actor.username, "account.save_profile", actor.username):
            wrong = tuple(one for one in profile.problems if one.level == "error")
            if wrong:
                raise ProfileInvalidError(problems=wrong)
            rest = () if forget_rest else profile.rest
            there = await self._secret_set(actor)
            before = _secrets_in(there, await self._records.profile(actor.username) or {})
            # What an older schema called a secret stays one.
            secret = {*before, *(pointer(path) for path in forms.secret_entries(profile.draft))}
            entries = (*profile.draft.patch, *rest)
            secrets = {
                pointer(one.path): one.value
                for one in entries
                if pointer(one.path) in secret and not isinstance(one.value, Unset)
            }
            written: list[Json] = [_written(one, secret) for one in entries]
            held: list[Json] = [list(path) for path in sorted(profile.held_back, key=pointer)]
            document: JsonObject = {"patch": written, "heldBack": held}
            older = {key for key in there.entries if key.startswith(PROFILE_KEY)}
            if secrets:
                # Beside those of the profile that is kept until this one is: whoever reads
                # meanwhile, or after an end in between, never gets the ones with the other.
                name = f"{PROFILE_KEY}-{token_hex(8)}"
                document["secrets"] = name
                given = Secret(json.dumps(secrets))
                await self._change_secrets(actor, lambda now: {**now, name: given})
            await self._records.save_profile(actor.username, document)
            if older:
                await self._change_secrets(
                    actor, lambda now: {key: one for key, one in now.items() if key not in older}
                )
        return Done(FittedProfile(profile.draft, profile.held_back, rest), save_profile_commands())

    async def given(self, actor: Actor, *, language: str) -> GivenProfile | None:
        """Return what launches of `actor` get, None where nobody is asked for a profile.

        A schema that cannot be read costs only the profile, no launch.
        """
        try:
            profile = await self.saved(actor, language=language)
        except (ProfileNotOfferedError, ProfileSchemaError):
            return None
        values = profile.draft.values
        return GivenProfile(
            injected=forms.injected(values, profile.held_back),
            suggested=forms.suggested(values, profile.held_back),
        )

    def _draft(self, actor: Actor, patch: Iterable[PatchEntry], language: str) -> Draft:
        return forms.profile_draft(
            self.schema(actor), context=_context(actor, language), patch=patch, language=language
        )

    async def _kept(self, actor: Actor) -> Profile:
        document = await self._records.profile(actor.username)
        if document is None:
            return Profile()
        items = _items(document.get("patch"))
        secrets: JsonObject = {}
        if any(isinstance(one, dict) and "secret" in one for one in items):
            secrets = _secrets_in(await self._secret_set(actor), document)
        entries = [_read(one, secrets) for one in items]
        held = [written_path(one) for one in _items(document.get("heldBack"))]
        unread = [_unread(one) for one, entry in zip(items, entries, strict=True) if entry is None]
        if not isinstance(document.get("patch", []), list) or None in held:
            unread.append(warning((), "profile_unread", _DAMAGED))
        return Profile(
            tuple(entry for entry in entries if entry is not None),
            frozenset(path for path in held if path is not None),
            tuple(unread),
        )

    async def _secret_set(self, actor: Actor) -> SecretSet:
        try:
            return await kept.read(self._secrets, actor, actor.personal_project, PROFILE_PATH)
        except NoPersonalProjectError:
            return SecretSet(PROFILE_PATH, {}, 0)

    async def _change_secrets(
        self, actor: Actor, change: Callable[[Mapping[str, Secret]], Entries]
    ) -> None:
        await kept.changed(self._secrets, actor, actor.personal_project, PROFILE_PATH, change)


def _secrets_in(found: SecretSet, document: JsonObject) -> JsonObject:
    """Return the secrets of the profile in `document`, which names their entry of the set."""
    name = document.get("secrets", PROFILE_KEY)
    try:
        secrets = json.loads(found.entries[str(name)].reveal())
    except (KeyError, ValueError, RecursionError):  # somebody wrote there by hand
        return {}
    return secrets if isinstance(secrets, dict) else {}


def shown_values(draft: Draft) -> JsonObject:
    """Return a profile's values with `$VAR` in place of each secret that is set."""
    secret = frozenset(
        path for path in forms.secret_entries(draft) if at(draft.values, path) not in ("", None)
    )
    return masked(draft.values, secret)


def _context(actor: Actor, language: str) -> JsonObject:
    """Return what references of a profile's schema read: the person, and nothing secret."""
    given, family = (actor.claims.get(name) for name in ("given_name", "family_name"))
    return launch_context(
        ContextInputs(
            username=actor.username,
            email=actor.email,
            full_name=actor.full_name,
            given_name=given if isinstance(given, str) else None,
            family_name=family if isinstance(family, str) else None,
            language=language,
            claims=actor.claims,
        )
    )


def _written(entry: PatchEntry, secret: Collection[str]) -> JsonObject:
    path: list[Json] = list(entry.path)
    if isinstance(entry.value, Unset):
        return {"path": path}
    if pointer(entry.path) in secret:
        return {"path": path, "secret": True}
    return {"path": path, "value": entry.value}


def _read(written: Json, secrets: JsonObject) -> PatchEntry | None:
    path = written_path(written.get("path")) if isinstance(written, dict) else None
    if path is None or not isinstance(written, dict):
        return None
    if "secret" in written:
        place = pointer(path)
        return PatchEntry(path, secrets[place]) if place in secrets else None
    return PatchEntry(path, written.get("value", UNSET))


def _unread(written: Json) -> Problem:
    """Return the warning about an entry that is kept and cannot be read."""
    path = written_path(written.get("path")) if isinstance(written, dict) else None
    if path is None:
        return warning((), "profile_unread", _DAMAGED)
    said = N_("The secret of “{path}” is no longer kept: give it again.")
    return warning(path, "profile_secret_lost", said, path=path_text(path))


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
