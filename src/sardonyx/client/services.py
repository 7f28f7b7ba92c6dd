"""Running services, and drafts of new ones, from Python."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import datetime
from typing import TypedDict, Unpack

from sardonyx.client import calls, changes, cluster_events, drafts
from sardonyx.client.calls import Call, ServicePage
from sardonyx.client.changes import ChangePreview, QuotaUse, Revision
from sardonyx.client.cluster_events import ClusterEvents
from sardonyx.client.drafts import Draft, Preview
from sardonyx.client.errors import WaitTimeoutError
from sardonyx.client.models import Credential, Loss, Service
from sardonyx.client.operations import Area, C_co, Pause, Steps, asked, operation, procedure
from sardonyx.values import JsonObject

_LOOK_EVERY_SECONDS = 0.25


class LaunchSettings(TypedDict, total=False):
    """What a launch may say of a chart; what is not given is as the launch page has it.

    settings: `PATH=VALUE` texts. link: a launcher's address; all else wins over it. s3_profile:
    the storage the service works with, None for the usual one.
    """

    catalog: str | None
    version: str | None
    name: str | None
    friendly_name: str | None
    shared: bool | None
    values: JsonObject | None
    settings: Collection[str]
    link: str | None
    s3_profile: str | None


class ServiceArea(Area[C_co]):
    """Running services. `project` is one's own project when it is not given."""

    @operation
    def page(
        self,
        *,
        cursor: str | None = None,
        limit: int = calls.LONGEST_PAGE,
        project: str | None = None,
    ) -> Call[ServicePage]:
        """Return a page of the services one may see, newest start first."""
        return calls.services(project, cursor=cursor, limit=limit)

    @procedure
    def list(self, *, project: str | None = None) -> Steps[tuple[Service, ...]]:
        """Return the services one may see, newest start first: of all pages, each once."""
        page = yield from asked(calls.services(project))
        found = {one.name: one for one in page.services}
        while page.cursor is not None:
            page = yield from asked(calls.services(project, cursor=page.cursor))
            found.update({one.name: one for one in page.services})
        return tuple(found.values())

    @operation
    def launch(
        self,
        chart: str = "",
        *,
        project: str | None = None,
        idempotency_key: str | None = None,
        **what: Unpack[LaunchSettings],
    ) -> Call[Service]:
        """Launch a service and return at once; see `wait`.

        what: catalog, version, name, friendly_name, shared, values, settings, link, s3_profile, as
        `LaunchSettings` says; another name raises TypeError.
        """
        body = launch_body(chart, **what)
        return calls.launch(project, body, idempotency_key=idempotency_key)

    @operation
    def submit(
        self, body: JsonObject, *, project: str | None = None, idempotency_key: str | None = None
    ) -> Call[Service]:
        """Launch what `body` (see `launch_body`) asks and return at once."""
        return calls.launch(project, body, idempotency_key=idempotency_key)

    @operation
    def preview(self, body: JsonObject, *, project: str | None = None) -> Call[Preview]:
        """Say what a launch would do; `body` as `launch_body` makes it."""
        return drafts.preview_call(project, body)

    @operation
    def draft(
        self, body: JsonObject, *, project: str | None = None, draft: str | None = None
    ) -> Call[Draft]:
        """Return all that the launch page would show of `body`, its form included.

        draft: the id of an earlier one, whose random items go on.
        """
        return drafts.draft_call(project, body if draft is None else {**body, "draft": draft})

    @operation
    def schema(self, body: JsonObject, *, project: str | None = None) -> Call[JsonObject]:
        """Return the JSON Schema of the values of `body`'s chart, as editors take it.

        With references followed, and the person's own choices and defaults; without secrets.
        """
        return drafts.schema_call(project, body)

    @operation
    def show(self, name: str, *, project: str | None = None) -> Call[Service]:
        """Return one service with its story, notes and commands."""
        return calls.service(project, name)

    @operation
    def pause(self, name: str, *, project: str | None = None) -> Call[Service]:
        """Stop the program and keep its files."""
        return calls.change(project, name, "pause")

    @operation
    def resume(self, name: str, *, project: str | None = None) -> Call[Service]:
        """Start again what is paused, stopped or failed."""
        return calls.change(project, name, "resume")

    @operation
    def restart(self, name: str, *, project: str | None = None) -> Call[Service]:
        """Stop and start again."""
        return calls.change(project, name, "restart")

    @operation
    def adopt(self, name: str, *, project: str | None = None) -> Call[Service]:
        """Become the owner of a service that has none; for administrators."""
        return calls.change(project, name, "adopt")

    @operation
    def rename(
        self, name: str, friendly_name: str, *, project: str | None = None, etag: str | None = None
    ) -> Call[Service]:
        """Give the service other words, if it is still as `etag` says."""
        return calls.rename(project, name, friendly_name, etag=etag)

    @operation
    def edit(
        self, name: str, body: JsonObject, *, project: str | None = None, etag: str | None = None
    ) -> Call[Service]:
        """Change values or version. body: version, values, set, patch.

        etag: of the state it was looked at, so that nobody else's change is lost.
        """
        return calls.edit(project, name, body, etag=etag)

    @operation
    def preview_edit(
        self, name: str, body: JsonObject, *, project: str | None = None
    ) -> Call[ChangePreview]:
        """Say what a change would make different."""
        return changes.preview_edit(project, name, body)

    @operation
    def values(self, name: str, *, project: str | None = None) -> Call[JsonObject]:
        """Return the values it was launched with; secrets stand as `$VAR`."""
        return calls.values(project, name)

    @operation
    def history(self, name: str, *, project: str | None = None) -> Call[tuple[Revision, ...]]:
        """Return its earlier states, newest first."""
        return changes.history(project, name)

    @operation
    def roll_back(
        self, name: str, revision: int, *, project: str | None = None, etag: str | None = None
    ) -> Call[Service]:
        """Return to an earlier state."""
        return calls.roll_back(project, name, revision, etag=etag)

    @operation
    def preview_roll_back(
        self, name: str, revision: int, *, project: str | None = None
    ) -> Call[ChangePreview]:
        """Say what returning to an earlier state would make different."""
        return changes.preview_roll_back(project, name, revision)

    @operation
    def share(self, name: str, *, shared: bool, project: str | None = None) -> Call[Service]:
        """Let the group see the service, or its owner alone."""
        return calls.share(project, name, shared=shared)

    @operation
    def duplicate(
        self, name: str, *, friendly_name: str | None = None, project: str | None = None
    ) -> Call[Service]:
        """Launch a service with the same settings, and secrets of its own."""
        return calls.duplicate(project, name, friendly_name)

    @operation
    def quota(self, *, project: str | None = None) -> Call[tuple[QuotaUse, ...]]:
        """Return what the project may use, and what is used of it."""
        return changes.quota(project)

    @operation
    def cluster_events(
        self, *, limit: int = 200, project: str | None = None
    ) -> Call[ClusterEvents]:
        """Return what the cluster said of the services one may see, the newest first."""
        return cluster_events.cluster_events(project, limit=limit)

    @operation
    def read_cluster_events(
        self, until: datetime | None = None, *, project: str | None = None
    ) -> Call[int]:
        """Count events as read, up to a list's `until` or now; return how many are unread yet."""
        return cluster_events.read_cluster_events(project, until)

    @operation
    def losses(self, name: str, *, project: str | None = None) -> Call[tuple[Loss, ...]]:
        """Return what deleting would lose."""
        return calls.losses(project, name)

    @operation
    def delete(self, name: str, *, project: str | None = None) -> Call[JsonObject]:
        """Stop the service and remove its files."""
        return calls.delete(project, name)

    @operation
    def logs(
        self, name: str, *, project: str | None = None, lines: int = 200, previous: bool = False
    ) -> Call[str]:
        """Return the last lines of the log; previous: of the run before the present one."""
        return calls.logs(project, name, lines=lines, previous=previous)

    @operation
    def credential(self, name: str, *, project: str | None = None) -> Call[Credential]:
        """Return a short-lived credential for the service's address."""
        return calls.credential(project, name)

    @operation
    def open_address(
        self, name: str, *, project: str | None = None, wanted: str = "/"
    ) -> Call[str]:
        """Return an address that opens the service once."""
        return calls.open_address(project, name, wanted=wanted)

    @procedure
    def wait(
        self,
        name: str,
        *,
        until: Collection[str],
        seconds: float,
        project: str | None = None,
        tell: Callable[[Service], None] | None = None,
    ) -> Steps[Service]:
        """Return the service once its state is one of `until`; `failed` always ends the wait.

        tell: called with the service each time it was looked at.

        Raises WaitTimeoutError after `seconds`. It looks again and again rather than holding
        a stream, so that it goes on when the portal restarts meanwhile.
        """
        deadline = time.monotonic() + seconds
        while True:
            seen = yield from asked(calls.service(project, name))
            if tell is not None:
                tell(seen)
            if seen.state in until or seen.state == "failed":
                return seen
            if time.monotonic() >= deadline:
                raise WaitTimeoutError(name=name, state=seen.state, seconds=round(seconds))
            yield Pause(_LOOK_EVERY_SECONDS)


def launch_body(chart: str = "", **what: Unpack[LaunchSettings]) -> JsonObject:
    """Return the body of a launch: only what is given. Without a chart, `link` names it.

    what: see `ServiceArea.launch`; a name that is not in it raises TypeError.
    """
    if unknown := sorted(what.keys() - LaunchSettings.__annotations__.keys()):
        raise TypeError(f"a launch takes no argument named {', '.join(unknown)}")
    body: JsonObject = {}
    for key, value in (
        ("chart", chart or None),
        ("catalog", what.get("catalog")),
        ("version", what.get("version")),
        ("name", what.get("name")),
        ("friendlyName", what.get("friendly_name")),
        ("shared", what.get("shared")),
        ("link", what.get("link")),
        ("s3Profile", what.get("s3_profile")),
    ):
        if value is not None:
            body[key] = value
    if values := what.get("values"):
        body["values"] = values
    if changed := what.get("settings"):
        body["set"] = list(changed)
    return body
