"""Tokens of programs, on their SQL records: shown once, ended, revoked, only digests kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sardonyx.account.models import AuditFilter
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.projects.errors import ApiTokenInvalidError, ApiTokenNotFoundError
from sardonyx.projects.tokens import MOST_TOKENS, ApiTokens


class _Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[SqlRecords]:
    made = SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))
    yield made
    made.close()


@pytest.fixture
def tokens(records: SqlRecords, clock: _Clock) -> ApiTokens:
    return ApiTokens(records=records, audit=records, clock=clock)


async def test_a_token_speaks_for_its_person_and_notes_its_use(tokens: ApiTokens) -> None:
    made, text = await tokens.make("ada", "laptop")
    spoken = await tokens.speaker(text.reveal())
    assert spoken is not None
    assert (spoken.username, spoken.number) == ("ada", made.number)
    assert (await tokens.listed("ada"))[0].last_used is not None
    assert await tokens.listed("bob") == []


async def test_a_token_ends(tokens: ApiTokens, clock: _Clock) -> None:
    _, text = await tokens.make("ada", "laptop", life=timedelta(days=1))
    clock.now += timedelta(days=1)
    assert await tokens.speaker(text.reveal()) is None


async def test_a_revoked_token_is_worthless_at_once(tokens: ApiTokens) -> None:
    made, text = await tokens.make("ada", "laptop")
    with pytest.raises(ApiTokenNotFoundError):
        await tokens.revoke("bob", made.number)
    assert await tokens.speaker(text.reveal()) is not None
    await tokens.revoke("ada", made.number)
    assert await tokens.speaker(text.reveal()) is None
    with pytest.raises(ApiTokenNotFoundError):
        await tokens.revoke("ada", made.number)


async def test_the_database_holds_no_token(tokens: ApiTokens, tmp_path: Path) -> None:
    _, text = await tokens.make("ada", "laptop")
    content = b"".join(file.read_bytes() for file in tmp_path.glob("portal.sqlite*"))
    assert text.reveal().encode() not in content
    assert text.reveal().removeprefix("sxp_").encode() not in content


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\x1b[2J"])
async def test_a_name_of_no_or_several_lines_is_refused(tokens: ApiTokens, name: str) -> None:
    with pytest.raises(ApiTokenInvalidError):
        await tokens.make("ada", name)


@pytest.mark.parametrize("days", [0, -1, 366])
async def test_a_life_without_end_is_refused(tokens: ApiTokens, days: int) -> None:
    with pytest.raises(ApiTokenInvalidError):
        await tokens.make("ada", "laptop", life=timedelta(days=days))


async def test_nobody_hoards_tokens(tokens: ApiTokens) -> None:
    for number in range(MOST_TOKENS):
        await tokens.make("ada", f"laptop {number}")
    with pytest.raises(ApiTokenInvalidError):
        await tokens.make("ada", "one more")


async def test_making_and_revoking_are_told(tokens: ApiTokens, records: SqlRecords) -> None:
    made, text = await tokens.make("ada", "laptop")
    await tokens.revoke("ada", made.number)
    told = await records.entries(AuditFilter(action="token."))
    assert [entry.action for entry in told] == ["token.revoke", "token.make"]
    assert all("laptop" in entry.target and text.reveal() not in entry.target for entry in told)


async def test_ending_access_ends_tokens_too(tokens: ApiTokens, records: SqlRecords) -> None:
    _, text = await tokens.make("ada", "laptop")
    _, other = await tokens.make("bob", "laptop")
    await records.end_access("ada")
    assert await tokens.speaker(text.reveal()) is None
    assert await tokens.speaker(other.reveal()) is not None
