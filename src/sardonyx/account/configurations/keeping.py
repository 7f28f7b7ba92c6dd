"""Judge what may be kept of a draft: no secret, nothing that cannot be applied again.

Pure. Source: launcher.md 12 (secrets are left out), 13.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sardonyx.account.configurations.models import LARGEST_LIST, KeptConfiguration
from sardonyx.errors import Problem
from sardonyx.launcher.configurations import SavedConfiguration, write_configurations
from sardonyx.launcher.links import Link, without_secrets, write_query
from sardonyx.launcher.models import PatchEntry, path_text, warning
from sardonyx.launcher.patch import apply_with_problems, flattened
from sardonyx.launcher.secret_names import is_secret_name
from sardonyx.services.launching import OpenDraft
from sardonyx.text import N_
from sardonyx.values import Path, pointer

_DEEPEST = 100
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Keepable:
    """The entries of a patch that are kept, and a warning for each that is not."""

    patch: tuple[PatchEntry, ...]
    notices: tuple[Problem, ...]


def keepable(opened: OpenDraft, *, by_name: bool = False) -> Keepable:
    """Return what of a draft's patch may be kept, entry by entry.

    by_name: also leave out what is only called like a secret; for a draft of another version of
    the chart than the patch is of, whose schema does not know all of its settings.
    """
    draft = opened.draft
    defaults, patch = opened.plain()
    entries = tuple(one for entry in patch for one in flattened(entry))
    open_ones = frozenset(one.path for one in without_secrets(entries, draft.secret_paths))
    misfits = {one.pointer for one in apply_with_problems(defaults, entries).problems}
    kept: list[PatchEntry] = []
    notices: list[Problem] = []
    for one in entries:
        if one.path not in open_ones or (by_name and _is_called_secret(one.path)):
            notices.append(_left_out(one.path))
        elif len(one.path) > _DEEPEST or pointer(one.path) in misfits or not _in_a_link(one):
            notices.append(_unusable(one.path))
        else:
            kept.append(one)
    return Keepable(tuple(kept), tuple(notices))


def size_of(configuration: SavedConfiguration) -> int:
    """Return how many bytes it takes, written."""
    written = json.dumps(write_configurations([configuration]), ensure_ascii=False)
    return len(written.encode(errors="surrogatepass"))


def fits(listed: Sequence[KeptConfiguration]) -> bool:
    """Tell whether the list is no larger than what is kept of one project."""
    return sum(size_of(one.configuration) for one in listed) <= LARGEST_LIST


def _is_called_secret(path: Path) -> bool:
    return is_secret_name(tuple(str(part) for part in path))


def _in_a_link(entry: PatchEntry) -> bool:
    """Tell whether a link can hold the entry: a configuration must open as one."""
    return not write_query(Link(patch=(entry,))).left_out


def _left_out(path: Path) -> Problem:
    text = N_("“{path}” is a secret; it was left out.")
    return warning(path, "secret_left_out", text, path=path_text(path))


def _unusable(path: Path) -> Problem:
    text = N_("“{path}” cannot be applied; it was left out.")
    return warning(path[:_SHOWN], "setting_left_out", text, path=path_text(path[:_SHOWN]))
