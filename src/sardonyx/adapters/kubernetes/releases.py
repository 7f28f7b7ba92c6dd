"""Decode what Helm and Onyxia keep of a release in Secrets, whoever wrote them.

Source: wire-api.md 6. A record that is corrupt, too large or of an unknown form is still listed,
with its `fault`: one odd release costs only itself (D5). Manifest and values are kept packed and
unpacked when asked for.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
from msgspec import Raw, Struct, field
from msgspec.json import Decoder

from sardonyx.adapters.kubernetes.objects import EPOCH, Metadata
from sardonyx.adapters.kubernetes.operations import read_paths
from sardonyx.adapters.kubernetes.routes import Exposure, RouteTarget, reached
from sardonyx.values import Json, JsonObject, Path

HELM_TYPE = "helm.sh/release.v1"
ONYXIA_TYPE = "onyxia.sh/release.v1"
ONYXIA_PREFIX = "sh.onyxia.release.v1."
SECRET_PATHS_KEY = "sardonyx-secret-paths"  # noqa: S105 - the name of a key
KEYS_UNTIL_KEY = "sardonyx-keys-until"
S3_PROFILE_KEY = "sardonyx-s3-profile"
# Kubernetes stores no Secret above 1 MiB; what comes out of one is bounded too.
_LARGEST_STORED = 4 * 1024 * 1024
_LARGEST_RECORD = 24 * 1024 * 1024
_LARGEST_CONFIG = 2 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_NAME = re.compile(
    r"sh\.helm\.release\.(?P<form>v\d+)\.(?P<release>.+)\.v(?P<revision>[0-9]{1,9})\Z"
)
_NANOSECONDS = re.compile(r"(\.\d{6})\d+")


def record_name(release: str, revision: int) -> str:
    """Return the name of Helm's Secret for a revision."""
    return f"sh.helm.release.v1.{release}.v{revision}"


def named_record(name: str) -> tuple[str, int] | None:
    """Return the release and revision that the name of a Secret of Helm's names."""
    found = _NAME.match(name)
    return (found["release"], int(found["revision"])) if found else None


class _Wire(Struct, gc=False):
    """Base of what is decoded: unknown fields are skipped without being read."""


class _Info(_Wire):
    first_deployed: str | None = None
    last_deployed: str | None = None
    status: str | None = None
    description: str | None = None
    notes: str | None = None


class _ChartMetadata(_Wire):
    name: str | None = None
    version: str | None = None
    app_version: str | None = field(name="appVersion", default=None)


class _Chart(_Wire):
    metadata: _ChartMetadata | None = None
    values: Raw = Raw(b"null")


class _Hook(_Wire):
    name: str = ""
    kind: str = ""
    events: tuple[str, ...] | None = None


class _Release(_Wire):
    name: str
    version: int
    info: _Info
    chart: _Chart | None = None
    config: Raw = Raw(b"null")
    manifest: str | None = None
    hooks: tuple[_Hook, ...] | None = None


class _Secret(_Wire):
    metadata: Metadata
    type: str = ""
    data: dict[str, str] | None = None


class _Global(_Wire):
    suspend: bool | str | None = None


class _Values(_Wire):
    global_: _Global | None = field(name="global", default=None)


_SECRET = Decoder(_Secret)
_RELEASE = Decoder(_Release)
_VALUES = Decoder(_Values)


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook of a release: the object it makes, and when (`post-install`, `test`, …)."""

    kind: str
    name: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """One revision of a release as Helm stored it.

    uid: of its Secret. packed_config, packed_texts: compressed values, and manifest and notes
    (empty for an older revision). fault: empty, or why it could not be read: `corrupt`,
    `too_large`, `unknown_version`.
    """

    namespace: str
    release: str
    revision: int
    status: str
    uid: str
    first_deployed: datetime
    last_deployed: datetime
    description: str = ""
    chart: str = ""
    chart_version: str = ""
    app_version: str = ""
    suspendable: bool = False
    suspended: bool = False
    targets: tuple[RouteTarget, ...] = ()
    address: str | None = None
    hooks: tuple[Hook, ...] = ()
    fault: str = ""
    packed_config: bytes = b""
    packed_texts: bytes = b""

    def config(self) -> JsonObject:
        """Return the values that the user gave."""
        if not self.packed_config:
            return {}
        value = json.loads(zlib.decompress(self.packed_config))
        return value if isinstance(value, dict) else {}

    def manifest(self) -> str:
        return self._texts()[0]

    def notes(self) -> str:
        return self._texts()[1]

    def lean(self) -> ReleaseRecord:
        """Return the record without manifest and notes: what is kept of an older revision."""
        return replace(self, packed_texts=b"", targets=(), hooks=()) if self.packed_texts else self

    def _texts(self) -> tuple[str, str]:
        if not self.packed_texts:
            return "", ""
        manifest, _, notes = zlib.decompress(self.packed_texts).decode().rpartition("\0")
        return manifest, notes


@dataclass(frozen=True, slots=True)
class OnyxiaRecord:
    """What the platform that made a release keeps of it (`sh.onyxia.release.v1.<name>`).

    asked_at: when its launch was asked: our annotation, else when the Secret was made.
    keys_until: when plain keys in its values end (ISO 8601), empty where none stand there.
    s3_profile: the storage profile it was launched with, empty where nobody kept its name.
    version: the Secret's resourceVersion.
    """

    namespace: str
    release: str
    catalog: str
    owner: str
    friendly_name: str
    shared: bool
    asked_at: datetime
    secret_paths: frozenset[Path] = frozenset()
    keys_until: str = ""
    s3_profile: str = ""
    version: str = ""


def read_release(raw: bytes, exposure: Exposure) -> tuple[Metadata, ReleaseRecord]:
    """Return the record in a Helm Secret. Raises msgspec.MsgspecError when it is no Secret.

    Raises ValueError when not even its name says which release it is of.
    """
    secret = _SECRET.decode(raw)
    metadata = secret.metadata
    labels = metadata.labels or {}
    named = _NAME.match(metadata.name)
    if named is None:
        raise ValueError(f"{metadata.name}: no name of a Helm record")
    created = metadata.creation_timestamp or EPOCH
    shell = ReleaseRecord(
        namespace=sys.intern(metadata.namespace),
        release=sys.intern(named["release"]),
        revision=int(named["revision"]),
        status=sys.intern(labels.get("status", "unknown")),
        uid=metadata.uid,
        first_deployed=created,
        last_deployed=created,
    )
    if named["form"] != "v1" or secret.type not in ("", HELM_TYPE):
        return metadata, replace(shell, fault="unknown_version")
    stored = (secret.data or {}).get("release", "")
    try:
        told = _RELEASE.decode(unpacked(stored))
    except OverflowError:
        return metadata, replace(shell, fault="too_large")
    except (ValueError, binascii.Error, zlib.error, RecursionError):
        return metadata, replace(shell, fault="corrupt")
    return metadata, _filled(shell, told, exposure)


def _filled(shell: ReleaseRecord, told: _Release, exposure: Exposure) -> ReleaseRecord:
    config, too_large = bytes(told.config), len(told.config) > _LARGEST_CONFIG
    whole = told.chart or _Chart()
    chart = whole.metadata or _ChartMetadata()
    default, given = _suspend(bytes(whole.values)), _suspend(config)
    manifest, info = told.manifest or "", told.info
    ways = reached(manifest, shell.namespace, shell.release, exposure)
    texts = f"{manifest}\0{info.notes or ''}".encode(errors="replace")
    return replace(
        shell,
        status=sys.intern(info.status or shell.status),
        first_deployed=_moment(info.first_deployed) or shell.first_deployed,
        last_deployed=_moment(info.last_deployed) or shell.last_deployed,
        description=(info.description or "")[:2_000],
        chart=sys.intern(chart.name or ""),
        chart_version=sys.intern(chart.version or ""),
        app_version=sys.intern(chart.app_version or ""),
        suspendable=default is not None or given is not None,
        suspended=given if given is not None else default is True,
        targets=ways.targets,
        address=ways.address,
        hooks=tuple(Hook(one.kind, one.name, one.events or ()) for one in told.hooks or ()),
        fault="too_large" if too_large else "",
        packed_config=b"" if too_large else zlib.compress(config),
        packed_texts=zlib.compress(texts),
    )


def unpacked(stored: str) -> bytes:
    """Return the JSON in `stored`. Raises OverflowError for a bomb, ValueError or zlib.error."""
    if len(stored) > _LARGEST_STORED:
        raise OverflowError("stored record")
    packed = base64.b64decode(base64.b64decode(stored, validate=True), validate=True)
    if not packed.startswith(_GZIP):
        return packed  # older writers did not compress
    opened = zlib.decompressobj(zlib.MAX_WBITS | 16)
    content = opened.decompress(packed, _LARGEST_RECORD)
    if opened.unconsumed_tail:
        raise OverflowError("record")
    if not opened.eof:
        raise ValueError("cut")
    return content


def _suspend(values: bytes) -> bool | None:
    """Return `global.suspend`; None when the values have none. Texts count (wire-api.md 3)."""
    try:
        found = _VALUES.decode(values)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if found.global_ is None or found.global_.suspend is None:
        return None
    return found.global_.suspend is True or found.global_.suspend == "true"


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_NANOSECONDS.sub(r"\1", text or ""))
    except ValueError:
        return None
    if moment.year < 1970:  # Go's zero time
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def read_onyxia(raw: bytes) -> tuple[Metadata, OnyxiaRecord]:
    """Return what an Onyxia Secret holds; keys that cannot be read are as if absent.

    Raises msgspec.MsgspecError when it is no Secret, ValueError when its name names no release.
    """
    secret = _SECRET.decode(raw)
    metadata, data = secret.metadata, secret.data or {}
    if not metadata.name.startswith(ONYXIA_PREFIX):
        raise ValueError(f"{metadata.name}: no name of an Onyxia record")
    asked = _moment((metadata.annotations or {}).get("sardonyx.dev/asked-at", ""))
    return metadata, OnyxiaRecord(
        namespace=sys.intern(metadata.namespace),
        release=sys.intern(metadata.name.removeprefix(ONYXIA_PREFIX)),
        catalog=sys.intern(_text(data.get("catalog", ""))),
        owner=sys.intern(_text(data.get("owner", ""))),
        friendly_name=_text(data.get("friendlyName", "")),
        shared=_text(data.get("share", "")).lower() == "true",
        asked_at=asked or metadata.creation_timestamp or EPOCH,
        secret_paths=_paths(_text(data.get(SECRET_PATHS_KEY, ""))),
        keys_until=_text(data.get(KEYS_UNTIL_KEY, ""))[:40],
        s3_profile=_text(data.get(S3_PROFILE_KEY, ""))[:200],
        version=metadata.resource_version,
    )


def _text(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()[:100_000]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _paths(text: str) -> frozenset[Path]:
    try:
        told: Json = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return frozenset()
    return read_paths(told)
