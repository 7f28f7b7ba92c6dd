"""Give releases their credentials: at launch into their values, later when their pods ask.

Everything is asked in the name of the release's owner and for its project alone; a token of a
release opens that and dies with the release.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.credentials.errors import (
    NoSecretStoreError,
    OwnerAwayError,
    OwnerLeftError,
    ReleaseTokenError,
)
from sardonyx.credentials.models import (
    Issued,
    KeyPlace,
    Reissued,
    ReleaseGrant,
    SecretsToken,
)
from sardonyx.credentials.ports import KnownReleases, ReleaseGrants, SecretsTokens
from sardonyx.credentials.stand_ins import (
    S3_VARIABLES,
    VAULT_TOKEN,
    Given,
    filled,
    read_stand_in,
    replaced,
    stand_ins,
    text_at,
    wanted_at,
)
from sardonyx.credentials.storage_keys import keys_of
from sardonyx.errors import UserError
from sardonyx.files.models import S3Credentials
from sardonyx.files.ports import CredentialBroker
from sardonyx.launcher.s3_profiles import store_host
from sardonyx.projects.errors import SignInRequiredError
from sardonyx.projects.models import Project
from sardonyx.projects.ports import IdentityProvider
from sardonyx.services.models import LaunchPlan
from sardonyx.values import Json, JsonObject, Path

# The block of our charts' values that the renewing sidecar reads.
BLOCK = "renewal"
_TOKEN: Path = (BLOCK, "token")
# Revisions that can be rolled back to; Helm's history is pruned to about as many.
_DIGESTS = 20
# Where charts of Onyxia's convention hold plain keys (charts.md 2).
_USUAL_PLACES: tuple[tuple[Path, Given], ...] = (
    (("s3", "accessKeyId"), Given("AWS_ACCESS_KEY_ID")),
    (("s3", "secretAccessKey"), Given("AWS_SECRET_ACCESS_KEY")),
    (("s3", "sessionToken"), Given("AWS_SESSION_TOKEN")),
    (("vault", "token"), Given(VAULT_TOKEN)),
)


class Credentials:
    """The ReleaseCredentials of a cluster, and what its pods ask for later."""

    def __init__(
        self,
        *,
        grants: ReleaseGrants,
        identity: IdentityProvider,
        broker: CredentialBroker,
        secret_store: SecretsTokens | None,
        find_chart: Callable[[ChartRef], Chart],
        address: str,
        authorities: str = "",
        releases: KnownReleases | None = None,
        stores: frozenset[str] | None = None,
    ) -> None:
        """`address`: the platform as pods reach it, no slash at the end.

        authorities: PEM text of those that vouch for it, empty for the image's own. releases:
        asked at each renewal, as a release may be removed without us. stores: the hosts that
        our keys are for; None for any.
        """
        self._grants = grants
        self._identity = identity
        self._broker = broker
        self._secret_store = secret_store
        self._find_chart = find_chart
        self._address = address
        self._authorities = authorities
        self._releases = releases
        self._stores = stores

    async def issue(self, plan: LaunchPlan) -> Issued:
        """Return the plan to send, its stand-ins replaced; see `ReleaseCredentials`."""
        if self._renews(plan):
            return await self._renewing(plan)
        grant = await self._grants.of_release(plan.project, plan.release)
        # An edit starts from the values the release has: keys given before stand among them.
        fresh = dict(stand_ins(plan.values))
        places = {**_given_before(grant, plan.values), **fresh}
        if not places:
            return Issued(plan)
        release = ReleaseGrant(plan.project, plan.release, plan.owner, profile=_used(plan, grant))
        needed = _needed(plan, release.profile, wanted_at(plan.values, fresh))
        wanted = wanted_at(plan.values, places)
        given, until = await self._keys(plan.owner, plan.project, wanted, needed)
        texts = _texts(plan.values, places.items(), given)
        await self._keep_places(release, grant, places, texts)
        made = replace(
            plan,
            values=replaced(plan.values, texts),
            merged=replaced(plan.merged, texts),
            secret_paths=plan.secret_paths | texts.keys(),
        )
        return Issued(made, until)

    async def reissue(
        self, *, project: str, release: str, owner: str, values: JsonObject, s3_profile: str = ""
    ) -> Reissued:
        """Return what to lay over `values` when the release is resumed."""
        grant = await self._grants.of_release(project, release)
        profile = s3_profile if grant is None else grant.profile
        same = ReleaseGrant(project, release, owner, profile=profile)
        block = values.get(BLOCK)
        if isinstance(block, dict) and block.get("enabled") is True:
            if grant is not None and _digest(text_at(values, _TOKEN)) == grant.token_sha256:
                return Reissued()
            return Reissued({BLOCK: await self._block(same)}, frozenset({_TOKEN}))
        places = _given_before(grant, values)
        places = places or _made_elsewhere(grant, values, self._stores, profile)
        if not places:
            return Reissued()
        wanted = wanted_at(values, places)
        given, until = await self._keys(owner, project, wanted, {profile})
        texts = _texts(values, places.items(), given)
        await self._keep_places(same, grant, places, texts)
        touched = {path[0] for path in texts}
        changed = replaced(values, texts)
        over: JsonObject = {key: value for key, value in changed.items() if key in touched}
        return Reissued(over, frozenset(texts), until)

    async def revoke(self, *, project: str, release: str) -> None:
        """Make the release's token worthless."""
        await self._grants.drop(project, release)

    async def s3_keys(self, token: str) -> S3Credentials:
        """Return fresh keys to the project of the release that has `token`.

        They are of the storage profile it was launched with. Raises ReleaseTokenError,
        OwnerAwayError, OwnerLeftError, StorageProfileGoneError, StoreUnavailableError,
        AccessRefusedError.
        """
        grant = await self._grant(token)
        project = await self._project(grant.owner, grant.project)
        return await self._storage(grant.owner, project, grant.profile)

    async def secrets_token(self, token: str) -> SecretsToken:
        """Return a fresh token to the project's secrets.

        Raises as `s3_keys`, SecretStoreUnavailableError, SecretRefusedError, NoSecretStoreError.
        """
        grant = await self._grant(token)
        project = await self._project(grant.owner, grant.project)
        made = await self._secrets(grant.owner, project)
        if made is None:
            raise NoSecretStoreError(project=grant.project)
        return made

    def _renews(self, plan: LaunchPlan) -> bool:
        try:
            return self._find_chart(plan.chart).renewing
        except UserError:  # it left the catalogue: its values still say what it knows
            return isinstance(plan.merged.get(BLOCK), dict)

    async def _renewing(self, plan: LaunchPlan) -> Issued:
        """Return the plan of a chart that renews: an address and a token, and no keys."""
        places = dict(stand_ins(plan.values))
        texts = _texts(plan.values, places.items(), {})
        values, merged = replaced(plan.values, texts), replaced(plan.merged, texts)
        if not any(_is_on(merged, block) for block in ("s3", "vault")):
            return Issued(replace(plan, values=values, merged=merged))
        grant = await self._grants.of_release(plan.project, plan.release)
        present = text_at(plan.values, _TOKEN)
        if grant is not None and present and _digest(present) == grant.token_sha256:
            block = self._made_block(present)
        else:
            profile = _used(plan, grant)
            block = await self._block(
                ReleaseGrant(plan.project, plan.release, plan.owner, profile=profile)
            )
            if _has_own_storage(plan):
                block["s3"] = False
        made = replace(
            plan,
            values=_with_block(values, block),
            merged=_with_block(merged, block),
            secret_paths=plan.secret_paths | {_TOKEN},
        )
        return Issued(made)

    async def _keep_places(
        self,
        grant: ReleaseGrant,
        before: ReleaseGrant | None,
        places: Mapping[Path, Given | None],
        texts: Mapping[Path, str],
    ) -> None:
        """Remember where keys stand now, and what stood there before."""
        older = {(one.path, _given(one)): one for one in before.key_places} if before else {}
        kept = []
        for path, one in places.items():
            if one is not None:
                former = older.pop((path, one), None)
                digests = (_digest(texts[path]), *(former.digests if former else ()))[:_DIGESTS]
                kept.append(KeyPlace(path, one.variable, digests, one.profile))
        # Of a revision before in which the key of another profile stood at that place.
        kept += [place for (path, _), place in older.items() if places.get(path) is not None]
        await self._grants.save(replace(grant, key_places=tuple(kept)))

    async def _block(self, grant: ReleaseGrant) -> JsonObject:
        """Draw a token for the release; an older one dies."""
        await self._project(grant.owner, grant.project)
        token = secrets.token_urlsafe(32)
        await self._grants.save(replace(grant, token_sha256=_digest(token)))
        return self._made_block(token)

    def _made_block(self, token: str) -> JsonObject:
        return {
            "enabled": True,
            "url": self._address,
            "token": token,
            "authorities": self._authorities,
        }

    async def _grant(self, token: str) -> ReleaseGrant:
        grant = await self._grants.of_token(_digest(token)) if token else None
        if grant is None:
            raise ReleaseTokenError
        known = self._releases
        if known is not None and not await known.exists(grant.project, grant.release):
            await self._grants.drop(grant.project, grant.release)
            raise ReleaseTokenError
        return grant

    async def _project(self, owner: str, project: str) -> Project:
        """Return the project if the owner is in it now."""
        try:
            actor = await self._identity.actor(owner)
        except SignInRequiredError as error:
            raise OwnerAwayError(owner=owner) from error
        for place in actor.projects:
            if place.id == project:
                return place
        raise OwnerLeftError(owner=owner, project=project)

    async def _keys(
        self, owner: str, project: str, wanted: set[Given], needed: set[str]
    ) -> tuple[dict[Given, str], datetime | None]:
        """Return the texts of what is wanted, and when the first of them ends.

        needed: the storage profiles without whose keys there is no launch; see `keys_of`.
        """
        place = await self._project(owner, project)
        given: dict[Given, str] = {}
        ends: list[datetime] = []
        token = Given(VAULT_TOKEN)
        asked = {one.profile for one in wanted - {token}}
        ask = partial(self._storage, owner, place)
        for profile, keys in (await keys_of(asked, ask, needed=needed)).items():
            texts = (
                keys.access_key_id,
                keys.secret_access_key.reveal(),
                keys.session_token.reveal(),
            )
            for variable, text in zip(S3_VARIABLES, texts, strict=True):
                given[Given(variable, profile)] = text
            ends.append(keys.expiration)
        if token in wanted and (made := await self._secrets(owner, place)) is not None:
            given[token] = made.token.reveal()
            ends.append(made.expires)
        return given, min(ends, default=None)

    async def _storage(self, owner: str, project: Project, profile: str) -> S3Credentials:
        try:
            return await self._broker.credentials(
                username=owner, project=project, profile=profile or None
            )
        except SignInRequiredError as error:
            raise OwnerAwayError(owner=owner) from error

    async def _secrets(self, owner: str, project: Project) -> SecretsToken | None:
        if self._secret_store is None:
            return None
        try:
            return await self._secret_store.secrets_token(username=owner, project=project)
        except SignInRequiredError as error:
            raise OwnerAwayError(owner=owner) from error


def _texts(
    values: JsonObject, places: Iterable[tuple[Path, Given | None]], given: dict[Given, str]
) -> dict[Path, str]:
    """Return the new text of each place: the variable alone, or a longer text around some."""
    return {
        path: filled(text_at(values, path) or "", given) if one is None else given.get(one, "")
        for path, one in places
    }


def _used(plan: LaunchPlan, grant: ReleaseGrant | None) -> str:
    """Return the storage profile of a plan, empty for the project's usual one or a person's own.

    The context of a change has another where that of the release is gone: then it is as before.
    """
    s3 = plan.context.get("s3")
    chosen = s3 if isinstance(s3, dict) else {}
    if plan.s3_profile not in (None, chosen.get("profileName")):
        return plan.s3_profile or "" if grant is None else grant.profile
    asked = read_stand_in(chosen.get("AWS_ACCESS_KEY_ID"))
    return "" if asked is None else asked.profile


def _needed(plan: LaunchPlan, used: str, fresh: set[Given]) -> set[str]:
    """Return the profiles without whose keys there is no launch: the one it uses, and those typed.

    fresh: what stand-ins in its values stand for. Nobody asked for what `s3_array` lists besides:
    the place of such a key stays empty where there is none.
    """
    chosen = set() if _has_own_storage(plan) else {used}
    s3_array = plan.context.get("s3_array")
    stores = s3_array if isinstance(s3_array, list) else []
    keys = (one.get("AWS_ACCESS_KEY_ID") for one in stores if isinstance(one, dict))
    listed = {one.profile for key in keys if (one := read_stand_in(key))}
    return chosen | {one.profile for one in fresh} - listed


def _given(place: KeyPlace) -> Given:
    return Given(place.variable, place.profile)


def _given_before(grant: ReleaseGrant | None, values: JsonObject) -> dict[Path, Given | None]:
    """Return the places where a key of ours stands; what a person wrote there is theirs."""
    return {
        one.path: _given(one)
        for one in (grant.key_places if grant is not None else ())
        if (text := text_at(values, one.path)) and _digest(text) in one.digests
    }


def _made_elsewhere(
    grant: ReleaseGrant | None, values: JsonObject, stores: frozenset[str] | None, profile: str
) -> dict[Path, Given | None]:
    """Return where keys stand that another platform put there: they end with their session.

    Those of storage become keys of `profile`, that of the release.

    A release that we know too may have been edited there since; its other tokens are a person's.
    So are the keys to a store that is none of the region's.
    """
    host = store_host(text_at(values, ("s3", "endpoint")) or "")
    is_ours = stores is None or not host or host in stores
    ends = is_ours and bool(text_at(values, ("s3", "sessionToken")))
    return {
        path: replace(one, profile=profile) if one.variable in S3_VARIABLES else one
        for path, one in _USUAL_PLACES
        if text_at(values, path) and (ends if one.variable in S3_VARIABLES else grant is None)
    }


def _has_own_storage(plan: LaunchPlan) -> bool:
    """Tell whether the launch chose a store of the person's own: its keys are not ours to renew."""
    s3 = plan.context.get("s3")
    if not isinstance(s3, dict) or s3.get("isEnabled") is not True:
        return False
    return read_stand_in(s3.get("AWS_ACCESS_KEY_ID")) is None


def _is_on(values: JsonObject, block: str) -> bool:
    found: Json = values.get(block)
    return isinstance(found, dict) and found.get("enabled") is True


def _with_block(values: JsonObject, block: JsonObject) -> JsonObject:
    present = values.get(BLOCK)
    return {**values, BLOCK: {**(present if isinstance(present, dict) else {}), **block}}


def _digest(token: str | None) -> str:
    return hashlib.sha256((token or "").encode()).hexdigest()
