"""Keep one password for the services of each project, among the project's own secrets.

20 base-36 characters, drawn when it is first needed, shared by the project's members
(launcher.md 16). Databases are launched with it: their volumes outlive them, and the next one on
the same volume must know it. So it changes only when somebody renews it.
"""

from __future__ import annotations

import secrets
import string
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from sardonyx.account import kept
from sardonyx.account.commands import renew_password_commands, show_password_commands
from sardonyx.account.kept import Entries
from sardonyx.done import Commands, Done
from sardonyx.projects.audit import Audit, audited
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.service import authorised_project
from sardonyx.secrets.commands import Place
from sardonyx.secrets.ports import KeptSecrets
from sardonyx.values import Secret

# Hidden from the secrets page by its leading dot, as Onyxia hides `.onyxia`.
PASSWORD_PATH = ".sardonyx/services"  # noqa: S105 - a place
PASSWORD_KEY = "PASSWORD"  # noqa: S105 - a key's name
_BASE_36 = string.digits + string.ascii_lowercase
_LENGTH = 20
_KEPT_PROJECTS = 1_000
# Every keystroke in a launch form asks. A renewal counts here at once; another replica of the
# platform knows it this much later.
_KEPT_SECONDS = 15.0


class ServicePasswords:
    """The service passwords of projects."""

    def __init__(
        self,
        *,
        secret_store: KeptSecrets,
        audit: Audit,
        mount: str | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secrets = secret_store
        self._audit = audit
        self._mount = mount
        self._now = now
        self._kept: OrderedDict[str, tuple[float, Secret]] = OrderedDict()

    async def show(self, actor: Actor, project: str) -> Done[Secret]:
        """Return the project's password. Raises ProjectNotFoundError."""
        place = authorised_project(actor, project)
        password = await self._read_or_drawn(actor, place)
        return Done(password, self.commands(actor, project))

    def commands(self, actor: Actor, project: str) -> Commands:
        """Return the commands that show the password."""
        place = self._place(actor, authorised_project(actor, project))
        return show_password_commands(place, PASSWORD_KEY)

    async def renew(self, actor: Actor, project: str) -> Done[Secret]:
        """Draw another password; services that run keep the one they were launched with.

        Raises ProjectNotFoundError.
        """
        place = authorised_project(actor, project)
        async with audited(self._audit, actor.username, "project.renew_password", place.id):
            drawn = await self._drawn(actor, place, replace=True)
        return Done(drawn, renew_password_commands(self._place(actor, place), PASSWORD_KEY))

    async def current(self, actor: Actor, project: Project) -> Secret:
        """Return the password for a launch in a project where `actor` was found to act."""
        found = self._kept.get(project.id)
        if found is not None and self._now() < found[0] + _KEPT_SECONDS:
            return found[1]
        return await self._read_or_drawn(actor, project)

    async def _read_or_drawn(self, actor: Actor, project: Project) -> Secret:
        found = await kept.read(self._secrets, actor, project, PASSWORD_PATH)
        password = found.entries.get(PASSWORD_KEY)
        if password is None:
            return await self._drawn(actor, project, replace=False)
        return self._keep(project, password)

    async def _drawn(self, actor: Actor, project: Project, *, replace: bool) -> Secret:
        """Write a new password beside what else is there.

        replace: whether one that is there goes. Else, as when two portals draw the first one at
        once, the one that is there counts.
        """
        drawn = Secret("".join(secrets.choice(_BASE_36) for _ in range(_LENGTH)))

        def with_password(entries: Mapping[str, Secret]) -> Entries:
            return {**entries, PASSWORD_KEY: drawn} if replace else {PASSWORD_KEY: drawn, **entries}

        written = await kept.changed(self._secrets, actor, project, PASSWORD_PATH, with_password)
        return self._keep(project, written[PASSWORD_KEY])

    def _keep(self, project: Project, password: Secret) -> Secret:
        self._kept[project.id] = (self._now(), password)
        self._kept.move_to_end(project.id)
        while len(self._kept) > _KEPT_PROJECTS:
            self._kept.popitem(last=False)
        return password

    def _place(self, actor: Actor, project: Project) -> Place:
        own = project == actor.default_project
        return Place(
            mount=self._mount or "",
            folder=project.secrets_folder,
            path=PASSWORD_PATH,
            project=None if own else project.id,
        )
