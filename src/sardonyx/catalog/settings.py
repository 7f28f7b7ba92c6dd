"""Own what an administrator says of a catalogue: Onyxia's object (wire-api 7), and a few keys more.

Ours: `charts` (an OCI address has no list of its own), `mirrors`, `passwordFile`, `plainHttp`,
`autoLaunch` (chart -> paths that a link may set and be launched without being asked).
Keys that nobody knows are kept out of it: the object may have been written for Onyxia.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic.alias_generators import to_camel

from sardonyx.catalog.errors import CatalogSettingsError
from sardonyx.launcher import patterns
from sardonyx.values import JsonObject

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_UNIT = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_SCHEMES = ("http", "https", "oci", "file")


class Versions(StrEnum):
    """Which versions of a chart are kept (`multipleServicesMode`)."""

    ALL = "all"
    LATEST = "latest"
    SKIP_PATCHES = "skipPatches"
    MAX_NUMBER = "maxNumber"


class Status(StrEnum):
    """What the charts are good for; those that are not for production stand in no list."""

    PROD = "PROD"
    TEST = "TEST"
    INTERNAL = "INTERNAL"


def _duration(value: object) -> object:
    """Return a Helm duration (`10m`, `1m30s`) as a timedelta."""
    if not isinstance(value, str):
        return value
    parts = _DURATION.findall(value)
    if "".join(number + unit for number, unit in parts) != value or not value:
        raise ValueError("a duration is like 30s or 1m30s")
    return timedelta(seconds=sum(float(number) * _UNIT[unit] for number, unit in parts))


def _names(value: object) -> object:
    return () if value is None else value


class _Object(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


class Visible(_Object):
    """In which projects a catalogue is offered."""

    user: bool = True
    project: bool = True


class UserAttribute(_Object):
    """A claim of the person's token, and the pattern its whole text must match."""

    key: str = Field(min_length=1)
    matches: str

    @field_validator("matches")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        if patterns.compiled(pattern) is None:
            raise ValueError("this is no regular expression")
        return pattern


class Restriction(_Object):
    """One thing that must hold of a person."""

    user_attribute: UserAttribute


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Notes = Annotated[Mapping[str, str], BeforeValidator(lambda value: value or {})]
Text = str | Mapping[str, str]


class CatalogSettings(_Object):
    """One catalogue: where it is, what of it is shown, and to whom.

    timeout: of one reading, a Helm duration. ca_file: a name in the folder of authorities.
    """

    id: str = Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?$")
    name: Text = ""
    description: Text = ""
    maintainer: str = ""
    location: str
    type: str = Field(default="helm", pattern="^helm$")
    status: Status | None = None
    charts: Names = ()
    highlighted_charts: Names = ()
    excluded_charts: Names = ()
    include_keywords: Names = ()
    exclude_keywords: Names = ()
    include_annotations: Notes = Field(default_factory=dict)
    exclude_annotations: Notes = Field(default_factory=dict)
    multiple_services_mode: Versions = Versions.LATEST
    max_number_of_versions: int = Field(default=5, ge=1)
    allow_sharing: bool = True
    auto_launch: Annotated[Mapping[str, Names], BeforeValidator(lambda value: value or {})] = Field(
        default_factory=dict
    )
    visible: Visible = Visible()
    restrictions: Annotated[tuple[Restriction, ...], BeforeValidator(_names)] = ()
    skip_tls_verify: bool = False
    ca_file: str | None = None
    timeout: Annotated[timedelta, BeforeValidator(_duration)] = timedelta(minutes=1)
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    mirrors: Names = ()
    plain_http: bool = False

    @property
    def helm_address(self) -> str:
        """Where `helm` finds the charts: a repository, or the registry's folder above them.

        Empty for a folder of this machine.
        """
        if self.location.startswith("file:"):
            return ""
        if self.location.startswith("oci:") and not self.charts:
            return self.location.rpartition("/")[0]
        return self.location

    @property
    def is_listed(self) -> bool:
        """Whether everybody who may see it finds it in lists."""
        return self.status not in {Status.TEST, Status.INTERNAL}

    @field_validator("location")
    @classmethod
    def _address(cls, location: str) -> str:
        return _checked(location)

    @field_validator("mirrors")
    @classmethod
    def _addresses(cls, mirrors: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_checked(mirror) for mirror in mirrors)

    @field_validator("ca_file")
    @classmethod
    def _bare_name(cls, name: str | None) -> str | None:
        if name is not None and (Path(name).name != name or name in {"", ".", ".."}):
            raise ValueError("the name of a file in the folder of authorities, without a path")
        return name or None


def _checked(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in _SCHEMES:
        raise ValueError("an address begins with https://, http://, oci:// or file:")
    if parts.scheme != "file" and not parts.hostname:
        raise ValueError("the address has no host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a password does not belong in an address: use username and passwordFile")
    return address.rstrip("/")


def catalog_settings(written: JsonObject) -> CatalogSettings:
    """Return a catalogue's settings. Raises CatalogSettingsError, which names key and reason."""
    try:
        return CatalogSettings.model_validate(written)
    except ValidationError as error:
        # Told without the values: one of them may be a password. The cause holds them too.
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise CatalogSettingsError(
            catalog=str(written.get("id", "?"))[:60],
            key=".".join(str(part) for part in first["loc"]),
            reason=str(first["msg"]).removeprefix("Value error, "),
        ) from None
