"""Sign-in against a provider whose tokens are forged, old, or meant for another.

Over 400 lines: every way to lie to us stands beside the others.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.adapters.oidc.forger import CLIENT, Forger, forging, made_key, other_kind, unsigned

from sardonyx.account.models import AuditFilter
from sardonyx.adapters.oidc.provider import OpenIdClient, OpenIdProvider
from sardonyx.adapters.oidc.sealing import SealBrokenError, Sealer
from sardonyx.adapters.sql.repositories import SqlRecords, sqlite_database
from sardonyx.projects.claims import ClaimNames, ProjectRules
from sardonyx.projects.errors import (
    IdentityProviderUnavailableError,
    IdentityTokenRefusedError,
    KeyFileError,
    NoIdentityTokenError,
    SignInAgainError,
    SignInFlowError,
    SignInRefusedError,
    SignInRequiredError,
    UsernameUnusableError,
)
from sardonyx.projects.models import Actor
from sardonyx.projects.ports import SignInFinished

KEY = b"k" * 32


class _Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def forger() -> Iterator[Forger]:
    with forging() as made:
        yield made


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[SqlRecords]:
    made = SqlRecords(sqlite_database(tmp_path / "portal.sqlite"))
    yield made
    made.close()


def provider_of(forger: Forger, records: SqlRecords, clock: _Clock) -> OpenIdProvider:
    return OpenIdProvider(
        client=OpenIdClient(
            issuer=forger.issuer,
            client_id=CLIENT,
            redirect_uri="http://localhost:8000/sign-in/callback",
        ),
        records=records,
        audit=records,
        sealer=Sealer(KEY),
        names=ClaimNames(),
        rules=ProjectRules.of_region({"services": {"singleNamespace": False}}),
        stale=timedelta(days=7),
        clock=clock,
    )


@pytest.fixture
async def provider(
    forger: Forger, records: SqlRecords, clock: _Clock
) -> AsyncIterator[OpenIdProvider]:
    made = provider_of(forger, records, clock)
    yield made
    await made.close()


async def finished(provider: OpenIdProvider, forger: Forger, **claims: Any) -> SignInFinished:
    """Sign in; the forger's token has the flow's nonce unless `claims` say another."""
    begun = await provider.begin(wanted="/files/")
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.address).query).items()}
    forger.claims = forger.usual(**{"nonce": query["nonce"], **claims})
    answer = {"state": query["state"], "code": "a-code"}
    assert provider.flow_name(answer) == begun.name
    return await provider.finish(kept=begun.kept.reveal(), answer=answer)


async def test_a_sign_in_gives_the_person_and_the_wanted_page(
    provider: OpenIdProvider, forger: Forger
) -> None:
    done = await finished(provider, forger)
    assert done.wanted == "/files/"
    assert [project.id for project in done.actor.projects] == ["user-ada", "projet-prices"]
    assert "nonce" not in done.actor.claims
    sent = forger.seen[-1]
    assert sent["grant_type"] == "authorization_code"
    assert sent["code_verifier"]


async def test_the_address_asks_with_pkce_state_and_nonce(
    provider: OpenIdProvider, forger: Forger
) -> None:
    begun = await provider.begin(wanted="/")
    query = parse_qs(urlsplit(begun.address).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["response_type"] == ["code"]
    assert len(query["state"][0]) >= 43 and len(query["nonce"][0]) >= 43
    assert query["code_challenge"][0] not in begun.kept.reveal()
    other = await provider.begin(wanted="/")
    assert parse_qs(urlsplit(other.address).query)["state"] != query["state"]


def _with(**other: Any) -> Callable[[Forger], dict[str, Any]]:
    return lambda forger: other


@pytest.mark.parametrize(
    ("reason", "claims"),
    [
        ("issuer", {"iss": "https://other.example"}),
        ("audience", {"aud": "another-client"}),
        ("audience", {"aud": [CLIENT, "another"], "azp": "another"}),
        ("audience", {"aud": [CLIENT, "another"]}),
        ("audience", {"azp": "another"}),
        ("expired", {"exp": 1_000_000_000}),
        ("expired", {"exp": None}),
        ("time", {"iat": 4_000_000_000, "exp": 4_000_000_300}),
        ("time", {"nbf": 4_000_000_000}),
        ("nonce", {"nonce": "of-another-flow"}),
        ("nonce", {"nonce": None}),
        ("subject", {"sub": None}),
        ("subject", {"sub": 17}),
    ],
)
async def test_a_token_that_claims_wrongly_is_refused(
    provider: OpenIdProvider,
    forger: Forger,
    records: SqlRecords,
    reason: str,
    claims: dict[str, Any],
) -> None:
    forger.sign = lambda given: jwt.encode(
        {"alg": "RS256", "kid": "one"},
        {name: value for name, value in given.items() if value is not None},
        forger.key,
    )
    with pytest.raises(IdentityTokenRefusedError) as caught:
        await finished(provider, forger, **claims)
    assert caught.value.values["reason"] == reason
    assert await records.person("ada") is None


def _none(forger: Forger) -> Callable[[dict[str, Any]], str]:
    return lambda claims: unsigned(claims, {"alg": "none", "kid": "one"})


def _none_in_capitals(forger: Forger) -> Callable[[dict[str, Any]], str]:
    return lambda claims: unsigned(claims, {"alg": "nOnE", "kid": "one"})


def _public_key_as_shared_secret(forger: Forger) -> Callable[[dict[str, Any]], str]:
    """Sign by HMAC with the text of the public key, which everybody has."""
    public = forger.key.as_pem(private=False)

    def sign(claims: dict[str, Any]) -> str:
        head = unsigned(claims, {"alg": "HS256", "kid": "one"}).removesuffix(".")
        made = hmac.new(public, head.encode(), "sha256").digest()
        return f"{head}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"

    return sign


def _own_key_under_its_name(forger: Forger) -> Callable[[dict[str, Any]], str]:
    key = made_key("one")
    return lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


def _unknown_key(forger: Forger) -> Callable[[dict[str, Any]], str]:
    key = made_key("two")
    return lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, key)


def _key_inside(forger: Forger) -> Callable[[dict[str, Any]], str]:
    """The token brings the key to check it with."""
    key = made_key("one")
    header = {"alg": "RS256", "kid": "three", "jwk": key.as_dict(private=False)}
    return lambda claims: jwt.encode(header, claims, key)


def _other_algorithm(forger: Forger) -> Callable[[dict[str, Any]], str]:
    key = other_kind()
    return lambda claims: jwt.encode({"alg": "ES256", "kid": "one"}, claims, key)


def _changed(forger: Forger) -> Callable[[dict[str, Any]], str]:
    def sign(claims: dict[str, Any]) -> str:
        honest = jwt.encode({"alg": "RS256", "kid": "one"}, claims, forger.key)
        head, _, signature = honest.split(".")
        theirs = unsigned({**claims, "preferred_username": "bob"}, {}).split(".")[1]
        return f"{head}.{theirs}.{signature}"

    return sign


def _nonsense(forger: Forger) -> Callable[[dict[str, Any]], str]:
    return lambda claims: "no.token"


def _long(forger: Forger) -> Callable[[dict[str, Any]], str]:
    return lambda claims: jwt.encode(
        {"alg": "RS256", "kid": "one"}, {**claims, "x": "y" * 70_000}, forger.key
    )


@pytest.mark.parametrize(
    ("reason", "forgery"),
    [
        ("algorithm", _none),
        ("algorithm", _none_in_capitals),
        ("algorithm", _public_key_as_shared_secret),
        ("signature", _own_key_under_its_name),
        ("key", _unknown_key),
        ("form", _key_inside),
        ("algorithm", _other_algorithm),
        ("signature", _changed),
        ("form", _nonsense),
        ("form", _long),
    ],
)
async def test_a_forged_token_is_refused(
    provider: OpenIdProvider,
    forger: Forger,
    records: SqlRecords,
    reason: str,
    forgery: Callable[[Forger], Callable[[dict[str, Any]], str]],
) -> None:
    forger.sign = forgery(forger)
    with pytest.raises(IdentityTokenRefusedError) as caught:
        await finished(provider, forger)
    assert caught.value.values["reason"] == reason
    assert await records.person("ada") is None


async def test_a_key_for_encryption_or_shared_is_no_key(
    provider: OpenIdProvider, forger: Forger
) -> None:
    shared = OctKey.generate_key(256, parameters={"kid": "one"})
    forger.published = [
        dict(shared.as_dict(private=True)),
        {**forger.key.as_dict(private=False), "use": "enc"},
    ]
    with pytest.raises(IdentityTokenRefusedError):
        await finished(provider, forger)


async def test_a_changed_key_is_asked_for(
    provider: OpenIdProvider, forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await finished(provider, forger)
    forger.key = made_key("two")
    forger.published.append(dict(forger.key.as_dict(private=False)))
    with pytest.raises(IdentityTokenRefusedError):  # strangers cannot make us ask all the time
        await finished(provider, forger)
    provider._discovery._keys_at -= 11
    assert (await finished(provider, forger)).actor.username == "ada"


async def test_state_is_bound_to_the_browser(provider: OpenIdProvider, forger: Forger) -> None:
    mine = await provider.begin(wanted="/")
    theirs = await provider.begin(wanted="/")
    query = parse_qs(urlsplit(theirs.address).query)
    forger.claims = forger.usual(nonce=query["nonce"][0])
    answer = {"state": query["state"][0], "code": "code-of-a-thief"}
    with pytest.raises(SignInFlowError):
        await provider.finish(kept=mine.kept.reveal(), answer=answer)
    for kept in ("", "nonsense", "é", theirs.kept.reveal()[:-4] + "AAAA"):
        with pytest.raises(SignInFlowError):
            await provider.finish(kept=kept, answer=answer)
    assert forger.seen == []


async def test_a_sign_in_begun_long_ago_is_not_finished(
    provider: OpenIdProvider, forger: Forger, clock: _Clock
) -> None:
    begun = await provider.begin(wanted="/")
    state = parse_qs(urlsplit(begun.address).query)["state"][0]
    clock.now += timedelta(minutes=11)
    with pytest.raises(SignInFlowError):
        await provider.finish(kept=begun.kept.reveal(), answer={"state": state, "code": "c"})


async def test_an_answer_of_another_issuer_is_refused(
    provider: OpenIdProvider, forger: Forger
) -> None:
    begun = await provider.begin(wanted="/")
    state = parse_qs(urlsplit(begun.address).query)["state"][0]
    answer = {"state": state, "code": "c", "iss": "https://other.example"}
    with pytest.raises(IdentityTokenRefusedError):
        await provider.finish(kept=begun.kept.reveal(), answer=answer)


async def test_the_providers_refusal_is_told(provider: OpenIdProvider, forger: Forger) -> None:
    begun = await provider.begin(wanted="/")
    state = parse_qs(urlsplit(begun.address).query)["state"][0]
    answer = {"state": state, "error": "access_denied\x1b[2J"}
    with pytest.raises(SignInRefusedError) as caught:
        await provider.finish(kept=begun.kept.reveal(), answer=answer)
    assert "access_denied" in str(caught.value) and "\x1b" not in str(caught.value)
    forger.error = "invalid_grant"
    with pytest.raises(SignInRefusedError):
        await finished(provider, forger)


async def test_a_provider_that_is_away_is_told_with_a_next_step(
    forger: Forger, records: SqlRecords, clock: _Clock
) -> None:
    away = replace(forger, issuer="http://127.0.0.1:1")
    provider = provider_of(away, records, clock)
    with pytest.raises(IdentityProviderUnavailableError) as caught:
        await provider.begin(wanted="/")
    assert caught.value.next_step
    assert await provider.end_address() is None


async def test_a_provider_that_names_another_issuer_is_not_believed(
    provider: OpenIdProvider, forger: Forger
) -> None:
    forger.named = "https://other.example"
    with pytest.raises(IdentityProviderUnavailableError):
        await provider.begin(wanted="/")


async def test_a_token_without_a_usable_name_is_refused(
    provider: OpenIdProvider, forger: Forger
) -> None:
    for name in ("", "system:admin", "a\nb", None):
        with pytest.raises(UsernameUnusableError):
            await finished(provider, forger, preferred_username=name)


async def test_what_only_userinfo_tells_is_added_and_only_of_the_same_subject(
    provider: OpenIdProvider, forger: Forger
) -> None:
    forger.userinfo = {"sub": "1234", "roles": ["sardonyx-admin"], "preferred_username": "eve"}
    done = await finished(provider, forger)
    assert done.actor.is_admin and done.actor.username == "ada"
    forger.userinfo = {"sub": "other", "roles": ["sardonyx-admin"]}
    assert not (await finished(provider, forger)).actor.is_admin


async def test_people_are_known_after_a_restart(
    provider: OpenIdProvider, forger: Forger, records: SqlRecords, clock: _Clock
) -> None:
    await finished(provider, forger)
    again = provider_of(replace(forger, issuer="http://127.0.0.1:1"), records, clock)
    known: Actor = await again.actor("ada")
    assert [project.id for project in known.projects] == ["user-ada", "projet-prices"]
    with pytest.raises(SignInRequiredError):
        await again.actor("bob")
    await again.close()


async def test_an_identity_is_given_again_while_it_is_good_and_renewed_after(
    provider: OpenIdProvider, forger: Forger, clock: _Clock
) -> None:
    await finished(provider, forger)
    first = await provider.web_identity("ada")
    assert (await provider.web_identity("ada")).reveal() == first.reveal()
    assert len(forger.seen) == 1
    clock.now += timedelta(minutes=5)
    forger.claims = forger.usual(exp=int(clock.now.timestamp()) + 300, groups=["wages"])
    second = await provider.web_identity("ada")
    assert second.reveal() != first.reveal()
    assert forger.seen[-1]["refresh_token"] == "refresh-1"
    # The groups of the new token count from now on.
    assert (await provider.actor("ada")).groups == ("wages",)
    clock.now += timedelta(minutes=5)
    forger.claims = forger.usual(exp=int(clock.now.timestamp()) + 300)
    await provider.web_identity("ada")
    assert forger.seen[-1]["refresh_token"] == "refresh-2"


async def test_two_replicas_renew_one_after_the_other(
    provider: OpenIdProvider, forger: Forger, records: SqlRecords, clock: _Clock
) -> None:
    """A refresh token works once: the second replica takes what the first one got."""
    import asyncio

    await finished(provider, forger)
    other = provider_of(forger, records, clock)
    clock.now += timedelta(minutes=5)
    forger.claims = forger.usual(exp=int(clock.now.timestamp()) + 300)
    asked = (one.web_identity("ada") for one in (provider, other, provider, other))
    found = await asyncio.gather(*asked)
    assert len({token.reveal() for token in found}) == 1
    assert [sent["grant_type"] for sent in forger.seen].count("refresh_token") == 1
    await other.close()


async def test_an_ended_sign_in_ends_the_sessions(
    provider: OpenIdProvider, forger: Forger, records: SqlRecords, clock: _Clock
) -> None:
    from sardonyx.projects.sign_in import PORTAL, Grant

    await finished(provider, forger)
    await records.add_session("digest", Grant("ada", PORTAL, clock.now + timedelta(days=1)))
    await records.add_session("other", Grant("bob", PORTAL, clock.now + timedelta(days=1)))
    clock.now += timedelta(minutes=5)
    forger.error = "invalid_grant"
    with pytest.raises(SignInAgainError):
        await provider.web_identity("ada")
    assert await records.session("digest", clock.now) is None
    assert await records.session("other", clock.now) is not None
    told = await records.entries(AuditFilter())
    assert told[0].action == "sign_in.ended"
    with pytest.raises(SignInAgainError):  # and the provider is asked no more
        await provider.web_identity("ada")
    assert len(forger.seen) == 2


async def test_a_provider_that_is_away_later_ends_nothing(
    provider: OpenIdProvider, forger: Forger, records: SqlRecords, clock: _Clock
) -> None:
    await finished(provider, forger)
    clock.now += timedelta(minutes=30)
    forger.error = "temporarily_unavailable"
    with pytest.raises(IdentityProviderUnavailableError):
        await provider.web_identity("ada")
    assert (await provider.actor("ada")).username == "ada"
    forger.error = None
    forger.claims = forger.usual(exp=int(clock.now.timestamp()) + 300)
    assert await provider.web_identity("ada")


async def test_a_removed_group_is_noticed_behind(
    provider: OpenIdProvider, forger: Forger, clock: _Clock
) -> None:
    await finished(provider, forger)
    clock.now += timedelta(minutes=11)
    forger.claims = forger.usual(exp=int(clock.now.timestamp()) + 300, groups=[])
    assert len((await provider.actor("ada")).projects) == 2
    await provider._renewing["ada"]
    assert len((await provider.actor("ada")).projects) == 1


async def test_claims_of_which_nobody_vouches_any_more_count_for_nothing(
    provider: OpenIdProvider, forger: Forger, clock: _Clock
) -> None:
    await finished(provider, forger)
    clock.now += timedelta(days=8)
    with pytest.raises(SignInRequiredError):
        await provider.actor("ada")


async def test_another_person_of_the_same_name_inherits_nothing(
    provider: OpenIdProvider, forger: Forger, records: SqlRecords, clock: _Clock
) -> None:
    from sardonyx.projects.sign_in import PORTAL, Grant

    await finished(provider, forger)
    await records.add_session("digest", Grant("ada", PORTAL, clock.now + timedelta(days=1)))
    await finished(provider, forger, sub="5678")
    assert await records.session("digest", clock.now) is None
    assert "person.replaced" in [one.action for one in await records.entries(AuditFilter())]


async def test_a_renewal_for_another_subject_is_refused(
    provider: OpenIdProvider, forger: Forger, clock: _Clock
) -> None:
    await finished(provider, forger)
    clock.now += timedelta(minutes=5)
    forger.claims = forger.usual(exp=int(clock.now.timestamp()) + 300, sub="5678")
    with pytest.raises(IdentityTokenRefusedError):
        await provider.web_identity("ada")


async def test_a_provider_that_renews_no_identity_is_told_and_its_token_kept(
    provider: OpenIdProvider, forger: Forger, clock: _Clock
) -> None:
    await finished(provider, forger)
    clock.now += timedelta(minutes=5)
    forger.refresh_gives_identity = False
    for number in (1, 2):
        with pytest.raises(NoIdentityTokenError):
            await provider.web_identity("ada")
        assert forger.seen[-1]["refresh_token"] == f"refresh-{number}"


async def test_the_database_holds_no_token(
    provider: OpenIdProvider, forger: Forger, tmp_path: Path
) -> None:
    await finished(provider, forger)
    identity = (await provider.web_identity("ada")).reveal()
    content = b"".join(file.read_bytes() for file in tmp_path.glob("portal.sqlite*"))
    assert identity.encode() not in content
    assert b"refresh-1" not in content


async def test_another_key_file_asks_people_to_sign_in_again(
    provider: OpenIdProvider, forger: Forger, records: SqlRecords, clock: _Clock
) -> None:
    await finished(provider, forger)
    other = provider_of(forger, records, clock)
    other._sealer = Sealer(b"o" * 32)
    assert (await other.actor("ada")).username == "ada"
    with pytest.raises(SignInAgainError):
        await other.web_identity("ada")
    other._sealer = Sealer(b"o" * 32, KEY)  # the old key stands below the new one
    assert await other.web_identity("ada")


def test_a_sealed_text_cannot_be_moved() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal("refresh", about="person ada")
    assert sealer.open(sealed, about="person ada") == "refresh"
    with pytest.raises(SealBrokenError):
        sealer.open(sealed, about="person bob")


@pytest.mark.parametrize("content", ["", "short", "é", base64.b64encode(b"x" * 31).decode()])
def test_a_file_without_a_key_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    with pytest.raises(KeyFileError):
        Sealer.of_file(file)
    with pytest.raises(KeyFileError):
        Sealer.of_file(tmp_path / "missing")
    file.write_text(base64.b64encode(KEY).decode() + "\n")
    assert Sealer.of_file(file).open(Sealer(KEY).seal("x", about="y"), about="y") == "x"
