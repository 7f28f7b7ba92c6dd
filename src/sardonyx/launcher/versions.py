"""Choose the version of a chart that a link, a configuration or nobody asks for.

Source: launcher.md 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sardonyx.catalog.versions import is_prerelease, is_version, order
from sardonyx.errors import Problem
from sardonyx.launcher.models import warning
from sardonyx.text import N_


@dataclass(frozen=True, slots=True)
class ChosenVersion:
    """The version to open, None when there is none at all; and what to say when another was asked.

    The notice has no pointer: it is about no value.
    """

    version: str | None
    notice: Problem | None = None


def choose_version(asked: str | None, listed: Sequence[str]) -> ChosenVersion:
    """Return the version asked for where it is listed, else the default with a notice.

    Default: the newest that is no pre-release, else the newest. What is no SemVer comes last.
    """
    if asked is not None and asked in listed:
        return ChosenVersion(asked)
    default = _default(listed)
    if asked is None or default is None:
        return ChosenVersion(default)
    text = N_("Version {asked} is no longer offered; {version} is used.")
    notice = warning((), "version_not_listed", text, asked=asked[:80], version=default)
    return ChosenVersion(default, notice)


def _default(listed: Sequence[str]) -> str | None:
    newest = sorted(filter(is_version, listed), key=order, reverse=True)
    stable = next((one for one in newest if not is_prerelease(one)), None)
    return stable or next(iter(newest), None) or max(listed, default=None)
