"""Decide what a link with `autoLaunch=true` does: launch, ask once, or show the form.

Only decides: a GET never installs, whatever comes out here. Source: launcher.md 13.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sardonyx.errors import Problem
from sardonyx.launcher.models import PatchEntry, warning
from sardonyx.launcher.patch import parse_path
from sardonyx.text import N_
from sardonyx.values import Path

_BELOW = "**"
_ANY = "*"


class Source(StrEnum):
    """Where a link was followed.

    CONFIGURATION: a saved configuration of the project one works in. PLATFORM: home or my
    services. ELSEWHERE: any other page.
    """

    CONFIGURATION = "configuration"
    PLATFORM = "platform"
    ELSEWHERE = "elsewhere"


class AutoLaunch(StrEnum):
    """LAUNCH at once; CONFIRM once (patch, profile, namespace); FORM as without `autoLaunch`."""

    LAUNCH = "launch"
    CONFIRM = "confirm"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and what to say of it beside the problems that are known already."""

    outcome: AutoLaunch
    warning: Problem | None = None


def decide(
    *,
    asked: bool,
    source: Source,
    patch: Iterable[PatchEntry] = (),
    problems: Iterable[Problem] = (),
    allowed: Sequence[str] | None = None,
    disabled: bool = False,
    switched: bool = False,
) -> Decision:
    """Return what a link does.

    asked: the link says `autoLaunch=true`. problems: of the link, the version and the draft.
    allowed: the administrator's patterns for this chart (`is_allowed`), None when the chart has
    none: then every link from elsewhere is confirmed, one without any edit too. disabled:
    `DISABLE_AUTO_LAUNCH`. switched: the project was changed since the link was followed.
    """
    if not asked or switched:
        return Decision(AutoLaunch.FORM)
    if disabled and source is Source.ELSEWHERE:
        text = N_("Links of other pages launch nothing here. Check the settings, then launch.")
        return Decision(AutoLaunch.FORM, warning((), "auto_launch_disabled", text))
    if any(problem.level == "error" for problem in problems):
        return Decision(AutoLaunch.FORM)
    if source is Source.CONFIGURATION or (
        allowed is not None and all(is_allowed(entry.path, allowed) for entry in patch)
    ):
        return Decision(AutoLaunch.LAUNCH)
    return Decision(AutoLaunch.CONFIRM)


def is_allowed(path: Path, patterns: Sequence[str]) -> bool:
    """Tell whether a pattern takes `path`.

    A pattern is a path as people write it, `env[0].value`; `*` stands for one name, `[*]` for
    one index, a last `**` for whatever follows. One that is no path takes nothing.
    """
    return any(_takes(pattern, path) for pattern in patterns)


def _takes(pattern: str, path: Path) -> bool:
    segments = parse_path(pattern.replace("[*]", f".{_ANY}"))
    if segments is None:
        return False
    if segments[-1] == _BELOW:
        segments = segments[:-1]
        if len(path) <= len(segments):
            return False
        path = path[: len(segments)]
    return len(segments) == len(path) and all(
        wanted == _ANY or (type(wanted) is type(part) and wanted == part)
        for wanted, part in zip(segments, path, strict=True)
    )
