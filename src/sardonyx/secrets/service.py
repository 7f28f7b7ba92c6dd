"""Serve a person's secrets: list, read, set, delete.

Every method takes who acts and in which project, and checks it; the store checks again, as the
person. Values travel as `Secret` and are never part of commands or errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sardonyx.done import Commands, Done
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.service import authorised_project
from sardonyx.secrets import commands
from sardonyx.secrets.commands import Place
from sardonyx.secrets.errors import SecretConflictError, SecretNotFoundError
from sardonyx.secrets.models import SecretFolder, SecretSet
from sardonyx.secrets.names import checked_folder, checked_path, checked_secret_key
from sardonyx.secrets.ports import SecretStore
from sardonyx.values import Secret

_ATTEMPTS = 5  # of a merge, when others write the same secret meanwhile
_OWN_TOOLS = "own-tools"  # the name under which a person's own tools get a token


class Secrets:
    """Secrets of projects.

    `address` (`http://host:port`) and `mount` (of the KV engine) are what a person's own tools
    need to reach the same store.
    """

    def __init__(self, *, store: SecretStore, address: str, mount: str = "kv") -> None:
        self.address = address
        self._store = store
        self._mount = mount

    async def folder(self, actor: Actor, project: str, path: str = "") -> SecretFolder:
        """Return one folder; names that begin with a dot are hidden."""
        place = authorised_project(actor, project)
        return await self._store.list_folder(
            username=actor.username, project=place, path=checked_folder(path)
        )

    async def read(self, actor: Actor, project: str, path: str) -> SecretSet:
        """Raises SecretNotFoundError."""
        place = authorised_project(actor, project)
        return await self._store.read(
            username=actor.username, project=place, path=checked_path(path)
        )

    async def write(
        self,
        actor: Actor,
        project: str,
        path: str,
        entries: Mapping[str, Secret],
        *,
        expected_version: int | None = None,
    ) -> Done[SecretSet]:
        """Store the whole set as a new version.

        `expected_version` 0 means that it must be new. Raises SecretConflictError.
        """
        place = authorised_project(actor, project)
        checked = {checked_secret_key(key): value for key, value in entries.items()}
        written = await self._store.write(
            username=actor.username,
            project=place,
            path=checked_path(path),
            entries=checked,
            expected_version=expected_version,
        )
        return Done(
            written,
            commands.write_commands(self._place(actor, place, path), tuple(checked), whole=True),
        )

    async def set_keys(
        self,
        actor: Actor,
        project: str,
        path: str,
        entries: Mapping[str, Secret],
        *,
        expected_version: int | None = None,
    ) -> Done[SecretSet]:
        """Set some keys and leave the others; the secret is made when it is missing."""
        return await self.change(actor, project, path, entries, expected_version=expected_version)

    async def remove_key(
        self,
        actor: Actor,
        project: str,
        path: str,
        key: str,
        *,
        expected_version: int | None = None,
    ) -> Done[SecretSet]:
        """Remove one key; the set stays, though it may be empty. Raises SecretNotFoundError."""
        return await self.change(
            actor, project, path, {}, remove=(key,), expected_version=expected_version
        )

    async def change(
        self,
        actor: Actor,
        project: str,
        path: str,
        entries: Mapping[str, Secret],
        *,
        remove: Sequence[str] = (),
        expected_version: int | None = None,
    ) -> Done[SecretSet]:
        """Set `entries`, remove the keys `remove`, leave the others: one new version.

        Raises SecretNotFoundError when a key to remove is not there, SecretConflictError.
        """
        place = authorised_project(actor, project)
        checked = {checked_secret_key(key): value for key, value in entries.items()}

        def changed(found: dict[str, Secret]) -> dict[str, Secret]:
            for key in remove:
                if key not in found:
                    raise SecretNotFoundError(path=f"{path}: {key}", field="key")
            left = {key: value for key, value in found.items() if key not in remove}
            return {**left, **checked}

        written = await self._changed(
            actor, place, checked_path(path), changed, expected_version, create=not remove
        )
        where = self._place(actor, place, path)
        if remove:
            shown = commands.remove_keys_commands(
                where, remove, left=tuple(written.entries), given=tuple(checked)
            )
        else:
            shown = commands.write_commands(where, tuple(checked), whole=False)
        return Done(written, shown)

    async def delete(self, actor: Actor, project: str, path: str) -> Done[None]:
        """Delete the secret with all its versions. Raises SecretNotFoundError."""
        place = authorised_project(actor, project)
        await self._store.delete(username=actor.username, project=place, path=checked_path(path))
        return Done(None, commands.delete_commands(self._place(actor, place, path)))

    def folder_commands(self, actor: Actor, project: str, path: str = "") -> Commands:
        """Return the commands that list a folder."""
        place = authorised_project(actor, project)
        return commands.listing_commands(self._place(actor, place, checked_folder(path)))

    def read_commands(self, actor: Actor, project: str, path: str) -> Commands:
        """Return the commands that show a secret."""
        place = authorised_project(actor, project)
        return commands.read_commands(self._place(actor, place, checked_path(path)))

    async def token(self, actor: Actor, project: str) -> Secret:
        """Return a token for the person's own tools, limited to the project's folder."""
        place = authorised_project(actor, project)
        return await self._store.service_token(
            username=actor.username, project=place, service=_OWN_TOOLS
        )

    async def _changed(
        self,
        actor: Actor,
        project: Project,
        path: str,
        change: Callable[[dict[str, Secret]], dict[str, Secret]],
        expected_version: int | None,
        *,
        create: bool,
    ) -> SecretSet:
        """Write `change` of what is there, so that no other's write is lost in between."""
        attempt = 1
        while True:
            try:
                found = await self._store.read(username=actor.username, project=project, path=path)
            except SecretNotFoundError:
                if not create:
                    raise
                found = SecretSet(path=path, entries={}, version=0)
            if expected_version not in (None, found.version):
                raise SecretConflictError(
                    path=path, current=found.version, expected=expected_version or 0
                )
            try:
                return await self._store.write(
                    username=actor.username,
                    project=project,
                    path=path,
                    entries=change(dict(found.entries)),
                    expected_version=found.version,
                )
            except SecretConflictError:
                if expected_version is not None or attempt == _ATTEMPTS:
                    raise
                attempt += 1

    def _place(self, actor: Actor, project: Project, path: str) -> Place:
        own = project == actor.default_project
        return Place(
            mount=self._mount,
            folder=project.secrets_folder,
            path=path,
            project=None if own else project.id,
        )
