"""Keep which platform elsewhere this person's programs act on, and with which token.

One owner-only file below the user's configuration; `sardonyx login` writes it, `logout` removes
it. The token never stands in an argument, an address or a message.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_config_path

from sardonyx.client.calls import Answer, Call, path
from sardonyx.client.connection import Place
from sardonyx.client.errors import KeptSignInError, PlatformAddressError
from sardonyx.values import Secret

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def checked_address(text: str) -> str:
    """Return a platform's address, without a slash at its end. Raises PlatformAddressError.

    https, or http on the own machine: a token that travels in clear is everybody's.
    """
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise PlatformAddressError(address=text[:200], reason="form") from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise PlatformAddressError(address=text[:200], reason="form")
    if parts.username is not None or parts.password is not None:
        raise PlatformAddressError(address=host, reason="password")
    if parts.scheme == "http" and host not in _LOOPBACK and not host.endswith(".localhost"):
        raise PlatformAddressError(address=text[:200], reason="http")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{'' if port is None else f':{port}'}{parts.path}"


def kept_place() -> Place | None:
    """Return where the person is signed in, None where nowhere. Raises KeptSignInError."""
    file = kept_file()
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise KeptSignInError(path=str(file)) from error
    if not isinstance(kept, dict) or not all(
        isinstance(kept.get(name), str) for name in ("url", "token")
    ):
        raise KeptSignInError(path=str(file))
    authority = kept.get("caFile")
    return Place(
        kept["url"],
        Secret(kept["token"]),
        ca_file=Path(authority) if isinstance(authority, str) else None,
    )


def keep_place(place: Place) -> Path:
    """Keep where the person is signed in, in a file of mode 0600, and return it."""
    file = kept_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {"url": place.url, "token": place.token.reveal()}
    if place.ca_file is not None:
        kept["caFile"] = str(place.ca_file.absolute())
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(kept, out)
    beside.replace(file)
    return file


def forget_place() -> bool:
    """Remove what was kept; return whether there was anything."""
    try:
        kept_file().unlink()
    except FileNotFoundError:
        return False
    return True


def kept_file() -> Path:
    return user_config_path("sardonyx") / "platform.json"


def revoke_current_token() -> Call[None]:
    """Make the very token worthless that the request carries."""

    def read(answer: Answer) -> None:
        return None

    return Call("DELETE", path("account", "tokens", "current"), read)
