"""Sign people in by the adapter, at a real provider."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
from tests.servers.provider import signed_in_by_form

from sardonyx.adapters.oidc.provider import OpenIdClient, OpenIdProvider
from sardonyx.adapters.oidc.sealing import Sealer
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.projects.claims import ClaimNames, ProjectRules
from sardonyx.projects.models import Actor


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def signing(
    folder: Path, client: OpenIdClient, clock: Clock | None = None
) -> AsyncIterator[tuple[OpenIdProvider, SqlRecords]]:
    records = SqlRecords(sqlite_database(folder / "portal.sqlite"))
    provider = OpenIdProvider(
        client=client,
        records=records,
        audit=records,
        sealer=Sealer(b"k" * 32),
        names=ClaimNames(),
        rules=ProjectRules.of_region({"services": {"singleNamespace": False}}),
        stale=timedelta(days=7),
        clock=clock or (lambda: datetime.now(UTC)),
    )
    try:
        yield provider, records
    finally:
        await provider.close()
        records.close()


async def signed_in(provider: OpenIdProvider, name: str, *, verify: str | bool = True) -> Actor:
    begun = await provider.begin(wanted="/")

    def follow() -> str:
        context = ssl.create_default_context(cafile=verify) if isinstance(verify, str) else True
        with httpx2.Client(trust_env=False, verify=context) as browser:
            return str(signed_in_by_form(browser, begun.address, name).headers["location"])

    back = await asyncio.to_thread(follow)
    answer = dict(parse_qsl(urlsplit(back).query))
    return (await provider.finish(kept=begun.kept.reveal(), answer=answer)).actor
