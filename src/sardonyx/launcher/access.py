"""Find what opens a service: its password and its address, in its notes and values.

Source: launcher.md 16. Neither is checked here: the person's browser does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from sardonyx.launcher.yaml_text import text_of
from sardonyx.values import Json, JsonObject

_SAID = re.compile(r"password: ?(\S+)", re.IGNORECASE)
_WRAPPING = "\"'`*"
_URL = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]+\])?[^\s<>\"'`\[\]]*")
_CLOSING = ".,;:!?)]}*_"


def find_password(notes: str, values: JsonObject, *, project_password: str) -> str | None:
    """Return the password a person needs to open the service, None when there is none to show."""
    if project_password and project_password in notes:
        return project_password
    for said in _SAID.finditer(notes):
        word = said[1].strip(_WRAPPING)
        if word:
            return word
    leaves = [(key, text) for key, text in _flattened(values, "") if text]
    if project_password and any(project_password in text for _, text in leaves):
        return project_password
    exact = [text for key, text in leaves if key.endswith("password")]
    any_case = [text for key, text in leaves if key.lower().endswith("password")]
    return next(iter((*exact[::-1], *any_case[::-1])), None)


def _flattened(value: Json, key: str) -> Iterator[tuple[str, str]]:
    """Yield each text and number as its last key and its text."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flattened(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _flattened(item, "")
    elif value is not None and not isinstance(value, bool):  # `generatePassword: true` is none
        yield key, text_of(value)


def find_address(urls: Sequence[str], notes: str, *, port: int | None = None) -> str | None:
    """Return the address of the open button, None for no button.

    The first address of the notes that begins with one of `urls`, else the first of these in
    the alphabet. port: the region's `ingressPort`, put where no port is written.
    """
    if not urls:
        return None
    noted = (_without_closing(found[0]) for found in _URL.finditer(notes))
    chosen = next((one for one in noted if _is_below(one, urls)), min(urls))
    return with_port(chosen, port)


def notes_with_port(urls: Sequence[str], notes: str, *, port: int | None) -> str:
    """Return the notes with the region's port in each address of the service."""
    if port is None:
        return notes

    def ported(found: re.Match[str]) -> str:
        address = _without_closing(found[0])
        if not _is_below(address, urls):
            return found[0]
        return with_port(address, port) + found[0][len(address) :]

    return _URL.sub(ported, notes)


def with_port(address: str, port: int | None) -> str:
    """Return the address with the port, unless one is written or the address is none."""
    try:
        parts = urlsplit(address)
        if port is None or not parts.hostname or parts.port is not None:
            return address
    except ValueError:  # an address of a chart may be anything
        return address
    return parts._replace(netloc=f"{parts.netloc.removesuffix(':')}:{port}").geturl()


def _without_closing(address: str) -> str:
    """Return an address of running text without the punctuation that closes its sentence."""
    return address.rstrip(_CLOSING)


def _is_below(address: str, urls: Sequence[str]) -> bool:
    """Tell whether an address begins with one of `urls`, and then ends or goes on below it."""
    return any(
        address.startswith(url)
        and (url.endswith("/") or address[len(url) : len(url) + 1] in ("", "/", "?", "#", ":"))
        # `https://a.lab:x@other` begins so too, and leads elsewhere.
        and _host(address) == _host(url)
        for url in urls
    )


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
