"""Say where people's own charts may come from: any address, or those that an administrator wrote.

A pattern is the beginning of an address: `https://charts.example/stable`, `oci://*.example/team`,
`git+https://git.example/`. It ends at a whole part of the path. A host may be `*`, or begin
with `*.`; it stands for hosts outside alone, as what is inside must be named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from sardonyx.catalog.errors import ChartAddressRefusedError, ChartArchiveRefusedError
from sardonyx.text import N_

_PORTS = {"https": 443, "oci": 443, "git+https": 443}
_HOST = re.compile(r"\*|(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_GIT = "git+https"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is taken. addresses: patterns, None for any. archives: whether files may be sent."""

    addresses: tuple[str, ...] | None = None
    archives: bool = True

    @property
    def named(self) -> frozenset[str]:
        """The hosts that stand in a pattern by their name: they may be inside."""
        hosts = (urlsplit(one).hostname or "" for one in self.addresses or ())
        return frozenset(host for host in hosts if "*" not in host)

    def check_address(self, address: str) -> None:
        """Raises ChartAddressRefusedError."""
        if self.addresses is None or any(permits(one, address) for one in self.addresses):
            return
        raise ChartAddressRefusedError(
            address=address.partition("?")[0].rpartition("@")[2][:200], known=self._known()
        )

    def check_archive(self) -> None:
        """Raises ChartArchiveRefusedError."""
        if not self.archives:
            raise ChartArchiveRefusedError(known=self._known())

    def _known(self) -> str:
        return ", ".join(self.addresses or ("–",))


# Of one machine, where the person is the administrator.
ANYWHERE = Allowance()


def permits(pattern: str, address: str) -> bool:
    """Tell whether an address begins as a pattern says. What is not plain is not permitted."""
    asked, wanted = _split(address), _split(pattern)
    if asked is None or wanted is None or asked.scheme != wanted.scheme:
        return False
    if _port(asked) != _port(wanted) or not _is_host(asked.hostname or "", wanted.hostname or ""):
        return False
    # A path that is written in a second way may lead elsewhere once it is read.
    if re.search(r"//|[%\\]|(^|/)\.{1,2}(/|$)", asked.path) or not asked.path.isprintable():
        return False
    top = wanted.path.rstrip("/")
    # The tag of a registry's chart follows a colon.
    rest = asked.path.removeprefix(top)
    return asked.path.startswith(top) and (not top or rest[:1] in ("", "/", ":"))


def fault(pattern: str) -> str:
    """Return what to correct in a pattern, to be translated; empty when nothing is."""
    parts = _split(pattern)
    if parts is None or parts.scheme not in _PORTS:
        return N_("must begin with https://, oci:// or git+https:// and a host")
    host = parts.hostname or ""
    if not _HOST.fullmatch(host):
        return N_("names no host that can be: write a name, * or *.name")
    if parts.scheme == _GIT and "*" in host:
        return N_("must name the host: nothing else guards where Git connects to")
    if parts.username or parts.password or parts.query or parts.fragment:
        return N_("must end with the path, and hold no key: remove the rest")
    return ""


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        return parts if parts.hostname and _port(parts) is not None else None
    except ValueError:
        return None


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)


def _is_host(host: str, wanted: str) -> bool:
    if wanted == "*":
        return True
    if wanted.startswith("*."):
        return host.endswith(wanted[1:])
    return host == wanted
