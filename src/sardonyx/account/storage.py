"""Keep the stores a person has keys to themselves: S3 elsewhere, for the services they launch.

All of it is among the person's own secrets, as Onyxia's `s3Profiles`; no key is ever shown again.
Keys go only where they were given for: another address asks for them anew. Source: portal.md 9,
17.2; launcher.md 3.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sardonyx.account import kept
from sardonyx.account.commands import (
    keep_storage_commands,
    probe_storage_commands,
    remove_storage_commands,
)
from sardonyx.account.errors import (
    StorageAddressError,
    StorageFolderError,
    StorageKeysError,
    StorageLimitError,
    StorageMovedError,
    StorageNotFoundError,
    StorageTextError,
    StorageUnreadableError,
)
from sardonyx.account.kept import Entries
from sardonyx.account.ports import StorageProbe
from sardonyx.account.recent import RecentSecrets
from sardonyx.done import Done
from sardonyx.errors import Problem, UserError
from sardonyx.launcher.own_profiles import (
    OwnProfile,
    read_profile,
    read_profiles,
    safe_name,
    write_profiles,
)
from sardonyx.launcher.s3_profiles import ProposedStore, directory, free_name
from sardonyx.projects.audit import Audit, audited
from sardonyx.projects.errors import NoPersonalProjectError
from sardonyx.projects.models import Actor
from sardonyx.values import Json, Secret

# Hidden from the secrets page by its leading dot.
STORAGE_PATH = ".sardonyx/storage"
STORAGE_KEY = "S3_PROFILES"
MOST = 20
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class StorageAsked:
    """A store as a person describes it.

    url: `https://` is added where no scheme stands. folder: `bucket/folder`, where services work;
    may be empty. anonymous: without keys. Keys None: those that are kept; session_token goes with
    new keys alone.
    """

    name: str
    url: str
    region: str = ""
    path_style: bool = True
    folder: str = ""
    anonymous: bool = False
    access_key_id: str | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None


class OwnStorage:
    """People's own stores."""

    def __init__(
        self,
        *,
        secret_store: RecentSecrets,
        audit: Audit,
        probe: StorageProbe,
        proposed: ProposedStore | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """proposed: what fills the form of a new one. now: seconds since 1970."""
        self.proposed = proposed or ProposedStore()
        self._secrets = secret_store
        self._audit = audit
        self._probe = probe
        self._now = now

    async def listed(self, actor: Actor, *, recent: bool = False) -> tuple[OwnProfile, ...]:
        """Return the person's stores, the oldest first; none where they have no own project.

        What somebody wrote there by hand and is none is passed over: it costs no launch.
        recent: what was read some seconds ago will do.

        Raises SecretStoreUnavailableError.
        """
        secrets = self._secrets.lately if recent else self._secrets
        try:
            found = await kept.read(secrets, actor, actor.personal_project, STORAGE_PATH)
            return read_profiles(_items(found.entries))[0]
        except (NoPersonalProjectError, StorageUnreadableError):
            return ()

    async def found(self, actor: Actor, name: str) -> OwnProfile:
        """Return one store. Raises StorageNotFoundError."""
        return _of_name(await self.listed(actor), name)

    async def test(self, actor: Actor, name: str) -> Done[OwnProfile]:
        """Reach the store with its keys.

        Raises StorageNotFoundError, StorageUnreachableError, StorageRefusedError.
        """
        store = await self.found(actor, name)
        await self._probe.probe(store)
        return Done(store, probe_storage_commands(store))

    async def keep(
        self, actor: Actor, asked: StorageAsked, *, unchecked: bool = False
    ) -> Done[OwnProfile]:
        """Keep a store, in place of one of the same name; first reach it, unless `unchecked`.

        Raises StorageAddressError and its kin for what it is described by,
        StorageUnreachableError, StorageRefusedError, NoPersonalProjectError,
        StorageUnreadableError; then nothing is changed.
        """
        name = safe_name(asked.name)[:100]
        async with audited(self._audit, actor.username, "account.storage", name):
            made = self._made(asked, name, await self.listed(actor))
            if not unchecked:
                await self._probe.probe(made)

            def placed(stores: Sequence[OwnProfile]) -> list[OwnProfile]:
                nonlocal made  # of what is there now: the probe took its time
                made = self._made(asked, name, stores)
                if all(one.name != name for one in stores):
                    return [*stores, made]
                return [made if one.name == name else one for one in stores]

            await self._write(actor, placed)
        return Done(made, keep_storage_commands(made))

    async def check(self, actor: Actor, asked: StorageAsked) -> Done[OwnProfile]:
        """Reach a store as it is described, without keeping it. Raises as `keep`."""
        made = self._made(asked, safe_name(asked.name), await self.listed(actor))
        await self._probe.probe(made)
        return Done(made, probe_storage_commands(made))

    async def remove(self, actor: Actor, name: str) -> Done[OwnProfile]:
        """Forget a store and its keys; services that run keep theirs.

        Raises StorageNotFoundError, StorageUnreadableError.
        """
        async with audited(self._audit, actor.username, "account.remove_storage", name):
            gone = await self.found(actor, name)
            await self._write(actor, lambda stores: [one for one in stores if one.name != name])
        return Done(gone, remove_storage_commands(name))

    async def take_over(
        self, actor: Actor, profiles: Sequence[OwnProfile]
    ) -> dict[str, OwnProfile | Problem]:
        """Keep stores that a file describes, beside those there are; none is reached.

        Return by the name in the file what each is kept as (under another name where its own is
        taken), or why it is not. Raises NoPersonalProjectError, StorageUnreadableError,
        SecretStoreUnavailableError.
        """
        told: dict[str, OwnProfile | Problem] = {}

        def joined(stores: Sequence[OwnProfile]) -> list[OwnProfile]:
            made = list(stores)
            told.clear()
            for one in profiles:
                try:
                    told[one.name] = self._added(one, made)
                except UserError as refused:
                    told[one.name] = Problem("", refused.code, "error", refused.detail_text())
            return made

        names = ", ".join(one.name for one in profiles)[:_LONGEST]
        async with audited(self._audit, actor.username, "account.storage", names):
            await self._write(actor, joined)
        return told

    def _added(self, one: OwnProfile, stores: list[OwnProfile]) -> OwnProfile:
        """Return what stands for `one` in `stores`, where it is put unless it is there already."""
        name = safe_name(one.name)[:100]
        asked = StorageAsked(
            name=name,
            url=one.url,
            region=one.region or "",
            path_style=one.path_style_access,
            folder=one.bookmarks[0][1] if one.bookmarks else "",
            anonymous=one.access_key_id is None,
            access_key_id=one.access_key_id,
            secret_access_key=one.secret_access_key,
            session_token=one.session_token,
        )
        described = self._made(asked, name, ())
        made = replace(described, created=one.created, bookmarks=one.bookmarks)
        if made in stores:
            return made
        if len(stores) >= MOST:
            raise StorageLimitError(most=MOST)
        made = replace(made, name=free_name(name, {there.name for there in stores}))
        stores.append(made)
        return made

    def _made(self, asked: StorageAsked, name: str, stores: Sequence[OwnProfile]) -> OwnProfile:
        before = next((one for one in stores if one.name == name), None)
        if before is None and len(stores) >= MOST:
            raise StorageLimitError(most=MOST)
        key = (asked.access_key_id or "").strip()
        for field, text in (("region", asked.region), ("accessKeyId", key)):
            if len(text) > _LONGEST or not text.isascii() or not (text + " ").isprintable():
                raise StorageTextError(field=field)
        place = directory(asked.folder.strip().removeprefix("s3://"))
        plain = len(asked.folder) <= _LONGEST and asked.folder.isprintable()
        if not plain or (place is None and (asked.folder.strip() or asked.anonymous)):
            raise StorageFolderError(field="folder")
        url = _address(asked.url)
        made = OwnProfile(
            name=name,
            created=before.created if before is not None else int(self._now() * 1000),
            url=url,
            region=asked.region.strip() or None,
            path_style_access=asked.path_style,
            bookmarks=(("", place),) if place is not None else (),
        )
        if asked.anonymous:
            return made
        secret, token = asked.secret_access_key, asked.session_token
        if key and secret is not None and secret.reveal():
            return replace(
                made,
                access_key_id=key,
                secret_access_key=secret,
                session_token=token if token is not None and token.reveal() else None,
            )
        given = bool(key or (secret is not None and secret.reveal()))
        if given or before is None or before.access_key_id is None:
            raise StorageKeysError(field="secretAccessKey" if key else "accessKeyId")
        if before.url != url:
            raise StorageMovedError(url=before.url, field="accessKeyId")
        return replace(
            made,
            access_key_id=before.access_key_id,
            secret_access_key=before.secret_access_key,
            session_token=before.session_token,
        )

    async def _write(
        self, actor: Actor, change: Callable[[Sequence[OwnProfile]], list[OwnProfile]]
    ) -> None:
        """Replace the stores by what `change` makes of them; what is none of ours stays beside.

        Raises StorageUnreadableError.
        """

        def written(entries: Mapping[str, Secret]) -> Entries:
            items = _items(entries)
            stores, _ = read_profiles(items)
            unread = [one for one in items if isinstance(read_profile(one, ()), Problem)]
            text = json.dumps([*write_profiles(change(stores)), *unread])
            return {**entries, STORAGE_KEY: Secret(text)}

        await kept.changed(self._secrets, actor, actor.personal_project, STORAGE_PATH, written)


def _items(entries: Mapping[str, Secret]) -> list[Json]:
    """Return the list that is kept. Raises StorageUnreadableError where it is none."""
    text = entries.get(STORAGE_KEY)
    if text is None or not text.reveal():
        return []
    try:
        listed = json.loads(text.reveal())
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        raise StorageUnreadableError(path=STORAGE_PATH, key=STORAGE_KEY)
    return listed


def _of_name(stores: Sequence[OwnProfile], name: str) -> OwnProfile:
    for one in stores:
        if one.name == name:
            return one
    raise StorageNotFoundError(name=name)


def _address(text: str) -> str:
    """Return scheme, host and port of a store's address; `https` where none is written."""
    written = text.strip()
    if "://" not in written:
        written = f"https://{written}"
    try:
        parts = urlsplit(written)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise StorageAddressError(url=_shown(text), field="url") from None
    plain = len(written) <= _LONGEST and written.isascii() and written.isprintable()
    if parts.scheme not in ("http", "https") or not host or " " in written or not plain:
        raise StorageAddressError(url=_shown(text), field="url")
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise StorageAddressError(url=host, field="url")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port is None else f":{port}")


def _shown(text: str) -> str:
    """Return the host of an address that is none, as far as it reads as one: the rest of it may
    hold keys."""
    after = (text.partition("://")[2] or text).rpartition("@")[2].strip()
    return re.split(r"[^\w.-]", after, maxsplit=1)[0][:80]
