"""People for tests: several of them, with real tokens of an issuer that no server publishes."""

from __future__ import annotations

from dataclasses import dataclass, field

from joserfc.jwk import ECKey

from sardonyx.adapters.oidc.identity import local_person
from sardonyx.adapters.oidc.issuer import ALGORITHM, AUDIENCE, Issuer
from sardonyx.projects.errors import SignInRequiredError
from sardonyx.projects.models import Actor
from sardonyx.values import Secret


def memory_issuer(url: str = "http://issuer.test") -> Issuer:
    """Return an issuer whose key exists only here."""
    key = ECKey.generate_key("P-256", parameters={"use": "sig", "alg": ALGORITHM})
    key.ensure_kid()
    return Issuer(url, key)


@dataclass(frozen=True, slots=True)
class People:
    """An IdentityProvider that knows `names`.

    audience and minutes make tokens that must be refused (a negative life: expired).
    """

    issuer: Issuer = field(default_factory=memory_issuer)
    names: tuple[str, ...] = ("ada", "bob")
    audience: str = AUDIENCE
    minutes: float = 5.0

    async def actor(self, username: str) -> Actor:
        if username not in self.names:
            raise SignInRequiredError
        return local_person(username)

    async def web_identity(self, username: str) -> Secret:
        actor = await self.actor(username)
        return self.issuer.mint(actor.username, self.audience, minutes=self.minutes)
