"""Tell which values are secret: built from a password, token or key of the context.

Told by the name of the variable that a template reads, so that a person's own token typed
over the default is secret too. Source: launcher.md 15.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from sardonyx.launcher.models import Maybe
from sardonyx.launcher.references import texts
from sardonyx.values import Json, Path

_SECRET_NAME = re.compile(
    r"(?:password|passwd|passphrase|token|secret|credentials?|access_?key(?:_?id)?|(?:^|[_-])key"
    r"|api_?key|private_?key)$|secret_?access",
    re.IGNORECASE,
)
_PASSWORD_NAME = re.compile(r"password$", re.IGNORECASE)
# Narrower than the names of the context: `existingSecret` and `sort_key` name, and hide nothing.
_FREE_NAME = re.compile(
    r"(?:passwd|passphrase|token|api_?key|access_?key(?:_?id)?|secret_?(?:access_?)?key|private_?key)$",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_secret_name(path: tuple[str, ...]) -> bool:
    """Tell whether a context variable is a password, a token or a key."""
    if not path:
        return False
    last = next((name for name in reversed(path) if not name.isdigit()), "")
    # The claims of a token are no token; `project.basic` is the password in another dress.
    if last == "decodedIdToken":
        return False
    return path[-2:] == ("project", "basic") or _SECRET_NAME.search(last) is not None


def is_password_key(name: str | int) -> bool:
    """Tell whether a key of the values names a password by itself (launcher.md 16)."""
    return isinstance(name, str) and _PASSWORD_NAME.search(name) is not None


def is_secret_key(name: str | int) -> bool:
    """Tell whether a key that no schema describes names a password, a token or a key."""
    return is_password_key(name) or (isinstance(name, str) and _FREE_NAME.search(name) is not None)


def reads_secret(template: Json) -> bool:
    """Tell whether a template, as a whole, is built from a secret of the context.

    A list or an object is not secret as a whole: `secret_places` names its parts.
    """
    return isinstance(template, str) and any(
        is_secret_name(reference)
        for parsed, _ in texts(template)
        for reference in parsed.references()
    )


def secret_places(template: Json, value: Maybe) -> Iterator[Path]:
    """Yield the places, relative to a templated value, that hold a secret."""
    for parsed, path in texts(template):
        if any(is_secret_name(reference) for reference in parsed.references()):
            yield path
        elif parsed.alone and isinstance(value, (dict, list)):
            yield from _named_secrets(_at(value, path), path)


def _at(value: Json, path: Path) -> Json:
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _named_secrets(value: Json, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (dict, list)):
                yield from _named_secrets(item, (*path, key))
            elif is_secret_name((key,)):
                yield (*path, key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _named_secrets(item, (*path, index))
