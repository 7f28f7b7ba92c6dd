"""Sign-in on its SQL records: what a token opens, once, and for how long."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.projects.errors import OneTimeLinkError
from sardonyx.projects.models import Actor, Project
from sardonyx.projects.sign_in import SignIn, service_audience
from sardonyx.values import Secret


class _People:
    async def actor(self, username: str) -> Actor:
        project = Project(f"user-{username}", username, f"user-{username}", f"user-{username}")
        return Actor(username, username, "", (project,))

    async def web_identity(self, username: str) -> Secret:
        return Secret("unused")


class _Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
async def sign_in(tmp_path: Path, clock: _Clock) -> AsyncIterator[SignIn]:
    records = SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))
    yield SignIn(
        records=records,
        identities=_People(),
        session_life=timedelta(days=1),
        link_life=timedelta(minutes=5),
        clock=clock,
    )
    records.close()


async def test_a_one_time_link_signs_in_once(sign_in: SignIn) -> None:
    link = await sign_in.one_time_token("ada")
    session = await sign_in.enter(link.reveal())
    actor = await sign_in.actor(session.reveal())
    assert actor is not None
    assert actor.username == "ada"
    with pytest.raises(OneTimeLinkError):
        await sign_in.enter(link.reveal())


async def test_an_old_link_is_refused(sign_in: SignIn, clock: _Clock) -> None:
    link = await sign_in.one_time_token("ada")
    clock.now += timedelta(minutes=6)
    with pytest.raises(OneTimeLinkError):
        await sign_in.enter(link.reveal())


async def test_a_service_token_opens_neither_portal_nor_other_service(sign_in: SignIn) -> None:
    link = await sign_in.one_time_token("ada", audience=service_audience("lab-1"))
    session = await sign_in.enter(link.reveal(), audience=service_audience("lab-1"))
    assert await sign_in.actor(session.reveal()) is None
    assert await sign_in.actor(session.reveal(), audience=service_audience("lab-2")) is None
    assert await sign_in.actor(session.reveal(), audience=service_audience("lab-1")) is not None


async def test_a_link_for_a_service_does_not_enter_the_portal(sign_in: SignIn) -> None:
    link = await sign_in.one_time_token("ada", audience=service_audience("lab-1"))
    with pytest.raises(OneTimeLinkError):
        await sign_in.enter(link.reveal())


async def test_a_session_ends(sign_in: SignIn, clock: _Clock) -> None:
    session = await sign_in.session_token("ada")
    clock.now += timedelta(days=2)
    assert await sign_in.actor(session.reveal()) is None


async def test_signing_out_ends_the_session(sign_in: SignIn) -> None:
    session = await sign_in.session_token("ada")
    await sign_in.sign_out(session.reveal())
    assert await sign_in.actor(session.reveal()) is None


async def test_signing_out_ends_the_services_opened_from_there(sign_in: SignIn) -> None:
    browser = await sign_in.session_token("ada")
    other = await sign_in.session_token("ada")
    audience = service_audience("lab-1")
    opened = []
    for session in (browser, other):
        link = await sign_in.one_time_token("ada", audience=audience, within=session.reveal())
        opened.append(await sign_in.enter(link.reveal(), audience=audience))
    await sign_in.sign_out(browser.reveal())
    assert await sign_in.actor(opened[0].reveal(), audience=audience) is None
    assert await sign_in.actor(opened[1].reveal(), audience=audience) is not None


async def test_signing_out_ends_the_links_that_nobody_has_used_yet(sign_in: SignIn) -> None:
    browser = await sign_in.session_token("ada")
    audience = service_audience("lab-1")
    link = await sign_in.one_time_token("ada", audience=audience, within=browser.reveal())
    await sign_in.sign_out(browser.reveal())
    with pytest.raises(OneTimeLinkError):
        await sign_in.enter(link.reveal(), audience=audience)


async def test_the_database_holds_no_token(sign_in: SignIn, tmp_path: Path) -> None:
    session = await sign_in.session_token("ada")
    content = b"".join(file.read_bytes() for file in tmp_path.glob("portal.sqlite*"))
    assert session.reveal().encode() not in content
    assert (tmp_path / "portal.sqlite").stat().st_mode & 0o077 == 0
