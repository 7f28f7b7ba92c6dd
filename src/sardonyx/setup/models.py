"""What is checked of a platform's set-up, what was found, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sardonyx.text import Text


class Area(StrEnum):
    """A part of the set-up, in the order in which people set it up."""

    IDENTITY = "identity"
    DATABASE = "database"
    RIGHTS = "rights"
    STORAGE = "storage"
    SECRETS = "secrets"
    EXPOSURE = "exposure"
    CATALOGS = "catalogs"
    IMAGES = "images"


class Verdict(StrEnum):
    """READY; EVALUATION: works, not for daily use; FAILING; OFF: not set, its pages are hidden."""

    READY = "ready"
    EVALUATION = "evaluation"
    FAILING = "failing"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Check:
    """What is said of one area.

    reason: one sentence. setting: the dotted place in the settings file that mends it, empty
    for none; value: what to write there, an example or the value itself. found: what was seen,
    name -> text (addresses, versions; never a secret). seconds: how long looking took.
    """

    area: Area
    verdict: Verdict
    reason: Text
    setting: str = ""
    value: str = ""
    found: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered. status 0: nothing did, and `fault` says why (the system's words).

    json: the members of a JSON object that the question was about, as texts.
    """

    url: str
    status: int = 0
    fault: str = ""
    json: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdentityFacts:
    """The provider's discovery document and key set.

    pkce: whether `S256` is named; None when the document does not say.
    """

    discovery: Answer
    keys: Answer | None = None
    pkce: bool | None = None


@dataclass(frozen=True, slots=True)
class StorageFacts:
    """The store at the region's address. sts: the answer to a forged token, which must be refused.

    None where the region names no STS.
    """

    store: Answer
    sts: Answer | None = None


@dataclass(frozen=True, slots=True)
class SecretsFacts:
    """The secret store's health, and its answer to a forged sign-in with the region's role."""

    health: Answer
    login: Answer | None = None


@dataclass(frozen=True, slots=True)
class ExposureFacts:
    """Ways from outside. kinds: those the cluster knows (`HTTPRoute`, `Ingress`, `Route`).

    resolved: addresses that a made-up host of the domain has in DNS, empty for none. fault: why
    the cluster could not be asked, empty when it was.
    """

    kinds: frozenset[str]
    resolved: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class CatalogFacts:
    """One catalogue: its charts, and why it or some could not be read (empty: all were)."""

    id: str
    charts: int
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Right:
    """A right the platform needs. namespace: empty for the whole cluster; name: for any."""

    verb: str
    resource: str
    namespace: str = ""
    group: str = ""
    name: str = ""

    def __str__(self) -> str:
        kind = f"{self.resource}.{self.group}" if self.group else self.resource
        named = f" “{self.name}”" if self.name else ""
        place = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {kind}{named}{place}"


@dataclass(frozen=True, slots=True)
class RightsFacts:
    """Which rights were refused; fault: why the cluster could not be asked, empty when it was."""

    refused: tuple[Right, ...] = ()
    version: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ImagesFacts:
    """Images that our own charts name, and what the registries of those answered.

    images: names with versions. Those of the registry `localhost` are on the nodes already.
    """

    images: tuple[str, ...] = ()
    registries: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The database. engine: `sqlite` or `postgresql`; fault: why it does not answer."""

    engine: str
    version: str = ""
    fault: str = ""
