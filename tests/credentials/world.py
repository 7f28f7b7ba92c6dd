"""People, a broker and charts for the tests of what releases are given."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sardonyx.catalog.errors import ChartNotFoundError
from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.credentials.models import SecretsToken
from sardonyx.credentials.stand_ins import stand_in
from sardonyx.files.errors import StorageProfileGoneError
from sardonyx.files.models import Access, S3Credentials
from sardonyx.projects.errors import SignInRequiredError
from sardonyx.projects.models import Actor, Project
from sardonyx.services.models import LaunchPlan
from sardonyx.values import Secret

NOW = datetime(2026, 11, 2, tzinfo=UTC)
PLAIN, RENEWING = ChartRef("c", "plain", "1.0.0"), ChartRef("c", "renewing", "1.0.0")
KEY, SECRET, SESSION = (
    stand_in(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
)


class People:
    def __init__(self) -> None:
        self.groups = {"ada": ["soil"], "bob": ["soil"]}

    async def actor(self, username: str) -> Actor:
        if username not in self.groups:
            raise SignInRequiredError
        places = [Project(f"user-{username}", "", f"user-{username}", username)]
        places += [Project(f"team-{g}", "", f"team-{g}", g, group=g) for g in self.groups[username]]
        return Actor(username, username, "", tuple(places))

    async def web_identity(self, username: str) -> Secret:
        return Secret("unused")


class Broker:
    """Each call gives other keys, that say for whom they are, and of which profile.

    broken: what the store says of a profile, empty for the usual one.
    """

    def __init__(self, *profiles: str) -> None:
        self.calls: list[tuple[str, str]] = []
        self.profiles = {*profiles}
        self.broken: dict[str, Exception] = {}
        self.most_at_once = self._at_once = 0

    async def credentials(
        self,
        *,
        username: str,
        project: Project,
        access: Access = Access.READ_WRITE,
        profile: str | None = None,
    ) -> S3Credentials:
        if profile is not None and profile not in self.profiles:
            raise StorageProfileGoneError(profile=profile, project=project.id)
        if (profile or "") in self.broken:
            raise self.broken[profile or ""]
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0)
        self._at_once -= 1
        self.calls.append((username, project.id))
        whom = username if profile is None else f"{username}-{profile}"
        mark = f"{project.id}-{whom}-{len(self.calls)}"
        return S3Credentials(
            f"id-{mark}",
            Secret(f"secret-{mark}"),
            Secret(f"session-{mark}"),
            NOW + timedelta(hours=1),
            "https://store.example",
            "us-east-1",
        )


class Vault:
    async def secrets_token(self, *, username: str, project: Project) -> SecretsToken | None:
        if project.group is not None:
            return None
        return SecretsToken(Secret(f"vault-{username}"), NOW + timedelta(minutes=30))


def find_chart(ref: ChartRef) -> Chart:
    if ref not in (PLAIN, RENEWING):
        raise ChartNotFoundError(chart=ref.chart, catalog=ref.catalog)
    return Chart(
        ref=ref,
        folder=Path("/nowhere"),
        title="",
        description="",
        keywords=(),
        app_version="",
        home=None,
        sources=(),
        icon=None,
        dependencies=(),
        local=None,
        values={},
        schema=None,
        readme="",
        renewing=ref == RENEWING,
    )


def plan(values: dict[str, Any], chart: ChartRef = PLAIN, **more: Any) -> LaunchPlan:
    given: dict[str, Any] = {
        "release": "lab",
        "project": "user-ada",
        "owner": "ada",
        "friendly_name": "lab",
        "shared": False,
        "chart": chart,
        "values": values,
        "merged": {"unset": 1, **values},
        "context": {},
        "secret_paths": frozenset({("other",)}),
    }
    return LaunchPlan(**(given | more))


def s3(*, key: str = KEY, secret: str = SECRET, session: str = SESSION) -> dict[str, Any]:
    return {
        "s3": {
            "enabled": True,
            "accessKeyId": key,
            "secretAccessKey": secret,
            "sessionToken": session,
        }
    }
