"""Let people sign in by an organisation's OpenID Connect provider, and vouch for them later.

Code flow with PKCE by Authlib, tokens verified by `verification`. What a sign-in gave is kept in
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
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from sardonyx.adapters.oidc.discovery import ANSWER_SECONDS, Discovery
from sardonyx.adapters.oidc.sealing import SealBrokenError, Sealer
from sardonyx.adapters.oidc.verification import IdTokenVerifier
from sardonyx.projects.audit import Audit
from sardonyx.projects.claims import ClaimNames, ProjectRules, actor_of_claims, claim, username_of
from sardonyx.projects.errors import (
    IdentityProviderUnavailableError,
    IdentityTokenRefusedError,
    KeyFileError,
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
class OpenIdClient:
    """What the provider knows us as. query: added to its sign-in address (`a=b&c=d`)."""

    issuer: str
    client_id: str
    redirect_uri: str
    secret_file: Path | None = None
    scope: str = "openid profile email offline_access"
    query: str = ""
    ca_file: Path | None = None


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
        endpoint = await self._discovery.needed("authorization_endpoint")
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        async with self._http("none", scope=self._client.scope) as http:
            address, _ = http.create_authorization_url(
                endpoint,
                state=state,
                code_verifier=verifier,
                nonce=nonce,
                **dict(parse_qsl(self._client.query)),
            )
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
            raise SignInRefusedError(answer=_told(answer["error"]))
        if not answer.get("code"):
            raise SignInFlowError
        token = await self._exchange(answer["code"], verifier=flow["verifier"])
        identity = token.get("id_token")
        if not isinstance(identity, str):
            raise NoIdentityTokenError(issuer=self._client.issuer)
        verified = await self._verifier.verified(identity, nonce=flow["nonce"])
        claims = await self._completed(verified, token)
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

    async def _exchange(self, code: str, *, verifier: str) -> dict[str, Any]:
        endpoint = await self._discovery.needed("token_endpoint")
        try:
            async with self._http(await self._method(), scope=None) as http:
                found: dict[str, Any] = await http.fetch_token(
                    endpoint, code=code, code_verifier=verifier, grant_type="authorization_code"
                )
        except OAuthError as error:
            raise SignInRefusedError(answer=_told(error.error)) from error
        except (httpx2.HTTPError, ValueError) as error:
            raise self._discovery.unavailable(type(error).__name__) from error
        return found

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
        endpoint = await self._discovery.needed("token_endpoint")
        try:
            # Without a scope: what was granted. To ask for more than that is refused.
            async with self._http(await self._method(), scope=None) as http:
                token: dict[str, Any] = await http.refresh_token(
                    endpoint, refresh_token=tokens.refresh
                )
        except OAuthError as error:
            if error.error != "invalid_grant":
                raise self._discovery.unavailable(_told(error.error)) from error
            await self._records.end_sessions(username)
            await self._audit.record(username, "sign_in.ended", self.title, "done")
            raise SignInAgainError from error
        except (httpx2.HTTPError, ValueError) as error:
            raise self._discovery.unavailable(type(error).__name__) from error
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
        claims = await self._completed(verified, token)
        if username_of(claims, self._names) != person.username:
            # Renamed at the provider: this name's sign-in is over, the other one is new.
            await self._records.end_access(person.username)
            raise SignInAgainError
        renewed = self._kept(person.username, claims, identity, verified, refresh)
        await self._records.keep_person(renewed)
        return renewed

    async def _completed(self, verified: JsonObject, token: Mapping[str, Any]) -> JsonObject:
        """Return the claims, with what only the provider's userinfo tells."""
        wanted = (self._names.username, self._names.groups, self._names.roles)
        missing = [name for name in wanted if claim(verified, name) is None]
        access = token.get("access_token")
        if not missing or not isinstance(access, str):
            return verified
        address = await self._discovery.address("userinfo_endpoint")
        if address is None:
            return verified
        try:
            async with httpx2.AsyncClient(
                verify=self._discovery.context, timeout=ANSWER_SECONDS, trust_env=False
            ) as http:
                answer = await http.get(address, headers={"authorization": f"Bearer {access}"})
            told = answer.json() if answer.is_success else None
        except (httpx2.HTTPError, ValueError):
            told = None
        if not isinstance(told, dict) or told.get("sub") != verified["sub"]:
            return verified
        return {**told, **verified}

    async def _method(self) -> str:
        """Return how we prove to be the client: as the provider takes it, the header first."""
        if self._client.secret_file is None:
            return "none"
        known = (await self._discovery.document()).get("token_endpoint_auth_methods_supported")
        is_post = isinstance(known, list) and "client_secret_basic" not in known
        return "client_secret_post" if is_post else "client_secret_basic"

    def _http(self, method: str, *, scope: str | None) -> AsyncOAuth2Client:
        secret = None
        if self._client.secret_file is not None:
            secret = _secret(self._client.secret_file)
        return AsyncOAuth2Client(
            client_id=self._client.client_id,
            client_secret=secret,
            token_endpoint_auth_method=method,
            scope=scope,
            redirect_uri=self._client.redirect_uri,
            code_challenge_method="S256",
            verify=self._discovery.context,
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )

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


def _told(answer: object) -> str:
    """Return a provider's word as it may be shown: short, of one line."""
    return "".join(one for one in str(answer)[:100] if one.isprintable()) or "?"


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise KeyFileError(path=str(path), reason=error.strerror or "unreadable") from error
