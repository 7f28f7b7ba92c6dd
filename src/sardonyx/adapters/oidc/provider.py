"""Let people sign in by an organisation's OpenID Connect provider, and vouch for them later.

The flow is `endpoints`', tokens are verified by `verification`. What a sign-in gave is kept in
SQL: the claims, which say who somebody is and where they may act, and their tokens, sealed. So a
restarted platform, or another replica, knows everybody who is signed in.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog

from sardonyx.adapters.oidc.discovery import Discovery
from sardonyx.adapters.oidc.endpoints import (
    OpenIdClient,
    ProviderEndpoints,
    TokenRefusedError,
    one_line,
)
from sardonyx.adapters.oidc.sealing import SealBrokenError, Sealer
from sardonyx.adapters.oidc.verification import IdTokenVerifier
from sardonyx.projects.audit import Audit
from sardonyx.projects.claims import ClaimNames, ProjectRules, actor_of_claims, username_of
from sardonyx.projects.errors import (
    IdentityProviderUnavailableError,
    IdentityTokenRefusedError,
    NoIdentityTokenError,
    SignInAgainError,
    SignInFlowError,
    SignInRefusedError,
    SignInRequiredError,
)
from sardonyx.projects.models import Actor
from sardonyx.projects.people import KeptPerson, PeopleRecords
from sardonyx.projects.ports import SignInBegun, SignInFinished
from sardonyx.values import JsonObject, Secret

__all__ = ["OpenIdClient", "OpenIdProvider"]

CALLBACK = "/sign-in/callback"
FLOW_LIFE = timedelta(minutes=10)
# A token handed out must live long enough to be swapped for keys.
_MARGIN = timedelta(minutes=1)
# How often the provider is asked whether what we know of somebody still holds.
_LOOKED_AT_EVERY = timedelta(minutes=10)
_LEASE = timedelta(seconds=30)
_QUIET = timedelta(seconds=30)  # a provider that is away is not asked behind each page
_LOOK_SECONDS = 0.1
# Of the protocol, not of the person.
_PROTOCOL_CLAIMS = frozenset(
    {"nonce", "at_hash", "c_hash", "s_hash", "jti", "iat", "nbf", "exp", "aud", "azp", "typ"}
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What is sealed of a person. expires: when the ID token ends, seconds since 1970."""

    refresh: str
    identity: str
    expires: int


class OpenIdProvider:
    """IdentityProvider and SignInProvider over one OpenID Connect provider.

    stale: how long somebody's claims hold without a word of the provider, for their programs'
    tokens too: who is no longer there cannot go on for a year.
    """

    def __init__(
        self,
        *,
        client: OpenIdClient,
        records: PeopleRecords,
        audit: Audit,
        sealer: Sealer,
        names: ClaimNames,
        rules: ProjectRules,
        stale: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._records = records
        self._audit = audit
        self._sealer = sealer
        self._names = names
        self._rules = rules
        self._stale = stale
        self._clock = clock
        self._discovery = Discovery(issuer=client.issuer, ca_file=client.ca_file)
        self._endpoints = ProviderEndpoints(client=client, discovery=self._discovery)
        self._told_by = (names.username, names.groups, names.roles)
        self._verifier = IdTokenVerifier(
            issuer=client.issuer,
            client_id=client.client_id,
            keys=self._discovery.keys,
            now=lambda: clock().timestamp(),
        )
        self._renewing: dict[str, asyncio.Task[KeptPerson]] = {}
        self._quiet_until = clock()

    @property
    def title(self) -> str:
        return urlsplit(self._client.issuer).hostname or self._client.issuer

    async def answers(self) -> None:
        """Return when the provider answers. Raises IdentityProviderUnavailableError."""
        await self._discovery.document()

    async def close(self) -> None:
        """End renewals that go on."""
        tasks = list(self._renewing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- signing in

    async def begin(self, *, wanted: str) -> SignInBegun:
        """Begin a sign-in; what it needs at its end goes, sealed, into the browser's cookie."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        address = await self._endpoints.sign_in_address(state=state, nonce=nonce, verifier=verifier)
        flow = {
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "wanted": wanted,
            "until": (self._clock() + FLOW_LIFE).timestamp(),
        }
        kept = self._sealer.seal(json.dumps(flow), about="sign-in")
        return SignInBegun(address, _flow_name(state), Secret(kept))

    def flow_name(self, answer: Mapping[str, str]) -> str:
        return _flow_name(answer.get("state", ""))

    async def finish(self, *, kept: str, answer: Mapping[str, str]) -> SignInFinished:
        """Return who signed in, known from now on."""
        flow = self._flow(kept, answer.get("state", ""))
        issuer = answer.get("iss")
        if issuer is not None and issuer != self._client.issuer:
            raise IdentityTokenRefusedError(reason="issuer")
        if "error" in answer:
            raise SignInRefusedError(answer=one_line(answer["error"]))
        if not answer.get("code"):
            raise SignInFlowError
        try:
            token = await self._endpoints.exchanged(answer["code"], verifier=flow["verifier"])
        except TokenRefusedError as error:
            raise SignInRefusedError(answer=error.answer) from error
        identity = token.get("id_token")
        if not isinstance(identity, str):
            raise NoIdentityTokenError(issuer=self._client.issuer)
        verified = await self._verifier.verified(identity, nonce=flow["nonce"])
        claims = await self._endpoints.completed(verified, token, self._told_by)
        username = username_of(claims, self._names)
        person = self._kept(username, claims, identity, verified, token.get("refresh_token"))
        await self._welcome(person)
        return SignInFinished(self._actor(person), flow["wanted"])

    async def end_address(self) -> str | None:
        try:
            endpoint = await self._discovery.address("end_session_endpoint")
        except IdentityProviderUnavailableError:
            return None
        if endpoint is None:
            return None
        back = self._client.redirect_uri.removesuffix(CALLBACK) + "/sign-in"
        query = urlencode({"client_id": self._client.client_id, "post_logout_redirect_uri": back})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    # -- knowing people

    async def actor(self, username: str) -> Actor:
        """Return the person as the provider last said. Raises SignInRequiredError.

        Never waits for the provider: claims that are some minutes old are looked at behind.
        """
        person = await self._records.person(username)
        age = None if person is None else self._clock() - person.updated
        if person is None or age is None or age > self._stale:
            raise SignInRequiredError
        if age > _LOOKED_AT_EVERY and self._clock() >= self._quiet_until:
            tokens = self._tokens(person)
            if tokens is not None and tokens.refresh:
                self._renewal(username)
        return self._actor(person)

    async def web_identity(self, username: str) -> Secret:
        """Return an ID token of the person that is good for a minute at least.

        Raises SignInRequiredError, SignInAgainError, NoIdentityTokenError,
        IdentityProviderUnavailableError.
        """
        person = await self._records.person(username)
        if person is None:
            raise SignInRequiredError
        tokens = self._tokens(person)
        if tokens is None or not self._is_good(tokens):
            person = await asyncio.shield(self._renewal(username))
            tokens = self._tokens(person)
        if tokens is None or not tokens.identity:
            raise SignInAgainError
        return Secret(tokens.identity)

    # -- tokens

    def _renewal(self, username: str) -> asyncio.Task[KeptPerson]:
        """Return the one renewal of the person's tokens that goes on here."""
        task = self._renewing.get(username)
        if task is None:
            task = asyncio.create_task(self._renewed(username))
            self._renewing[username] = task
            task.add_done_callback(lambda done: self._ended(username, done))
        return task

    def _ended(self, username: str, task: asyncio.Task[KeptPerson]) -> None:
        self._renewing.pop(username, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Told to whoever waits for it; nobody does when claims are looked at behind.
            if isinstance(error, IdentityProviderUnavailableError):
                self._quiet_until = self._clock() + _QUIET
            _log.info("identity_not_renewed", user=username, reason=getattr(error, "code", "fault"))

    async def _renewed(self, username: str) -> KeptPerson:
        """Return the person with fresh tokens, asked for by one replica alone."""
        until = self._clock() + _LEASE
        while True:
            now = self._clock()
            if await self._records.lease_person(username, now=now, until=now + _LEASE):
                break
            person = await self._records.person(username)
            if person is None:
                raise SignInRequiredError
            tokens = self._tokens(person)
            if tokens is not None and self._is_good(tokens):
                return person  # another replica has just renewed them
            if now > until:
                raise self._discovery.unavailable("another renewal does not end")
            await asyncio.sleep(_LOOK_SECONDS)
        try:
            return await self._renew_leased(username)
        finally:
            await self._records.release_person(username)

    async def _renew_leased(self, username: str) -> KeptPerson:
        person = await self._records.person(username)
        tokens = None if person is None else self._tokens(person)
        if person is None or tokens is None or not tokens.refresh:
            raise SignInAgainError
        if self._is_good(tokens) and self._clock() - person.updated < _LOOKED_AT_EVERY:
            return person
        try:
            token = await self._endpoints.renewed(tokens.refresh)
        except TokenRefusedError as error:
            if error.answer != "invalid_grant":
                raise self._discovery.unavailable(error.answer) from error
            await self._records.end_sessions(username)
            await self._audit.record(username, "sign_in.ended", self.title, "done")
            raise SignInAgainError from error
        return await self._keep_renewed(person, tokens, token)

    async def _keep_renewed(
        self, person: KeptPerson, tokens: _Tokens, token: dict[str, Any]
    ) -> KeptPerson:
        refresh = token.get("refresh_token") or tokens.refresh
        identity = token.get("id_token")
        if not isinstance(identity, str):
            # The old refresh token may be worth nothing any more: the new one must be kept.
            kept = _Tokens(refresh, tokens.identity, tokens.expires)
            await self._records.keep_person(self._sealed(person, kept))
            raise NoIdentityTokenError(issuer=self._client.issuer)
        verified = await self._verifier.verified(identity)
        if _subject(verified) != person.subject:
            raise IdentityTokenRefusedError(reason="subject")
        claims = await self._endpoints.completed(verified, token, self._told_by)
        if username_of(claims, self._names) != person.username:
            # Renamed at the provider: this name's sign-in is over, the other one is new.
            await self._records.end_access(person.username)
            raise SignInAgainError
        renewed = self._kept(person.username, claims, identity, verified, refresh)
        await self._records.keep_person(renewed)
        return renewed

    # -- what is kept

    async def _welcome(self, person: KeptPerson) -> None:
        """Keep the person. Another one of that name loses every access that name had."""
        before = await self._records.person(person.username)
        if before is not None and before.subject != person.subject:
            await self._records.end_access(person.username)
            await self._audit.record(person.username, "person.replaced", self.title, "done")
            _log.warning("person_replaced", user=person.username)
        await self._records.keep_person(person)

    def _kept(
        self,
        username: str,
        claims: JsonObject,
        identity: str,
        verified: JsonObject,
        refresh: object,
    ) -> KeptPerson:
        expires = verified["exp"]
        tokens = _Tokens(
            refresh=refresh if isinstance(refresh, str) else "",
            identity=identity,
            expires=int(expires) if isinstance(expires, int | float) else 0,
        )
        person = KeptPerson(
            username=username,
            subject=_subject(verified),
            claims={name: value for name, value in claims.items() if name not in _PROTOCOL_CLAIMS},
            sealed="",
            updated=self._clock(),
        )
        return self._sealed(person, tokens)

    def _sealed(self, person: KeptPerson, tokens: _Tokens) -> KeptPerson:
        text = json.dumps([tokens.refresh, tokens.identity, tokens.expires])
        return replace(person, sealed=self._sealer.seal(text, about=f"person {person.username}"))

    def _tokens(self, person: KeptPerson) -> _Tokens | None:
        if not person.sealed:
            return None
        try:
            text = self._sealer.open(person.sealed, about=f"person {person.username}")
        except SealBrokenError:  # the key was changed: the person signs in again
            _log.warning("seal_broken", user=person.username)
            return None
        return _Tokens(*json.loads(text))

    def _is_good(self, tokens: _Tokens) -> bool:
        return tokens.expires > (self._clock() + _MARGIN).timestamp()

    def _actor(self, person: KeptPerson) -> Actor:
        return actor_of_claims(person.claims, names=self._names, rules=self._rules)

    def _flow(self, kept: str, state: str) -> dict[str, Any]:
        try:
            flow: dict[str, Any] = json.loads(self._sealer.open(kept, about="sign-in"))
        except SealBrokenError as error:
            raise SignInFlowError from error
        if flow["until"] < self._clock().timestamp():
            raise SignInFlowError
        if not hmac.compare_digest(flow["state"].encode(), state.encode("utf-8", "replace")):
            raise SignInFlowError
        return flow


def _flow_name(state: str) -> str:
    return "".join(one for one in state[:8] if one.isascii() and one.isalnum())


def _subject(claims: JsonObject) -> str:
    return f"{claims['iss']} {claims['sub']}"
