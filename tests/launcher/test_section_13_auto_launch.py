"""Launcher 13: auto-launch."""

from __future__ import annotations

from typing import Any

import pytest

from sardonyx.launcher.auto_launch import AutoLaunch, Source, decide, is_allowed
from sardonyx.launcher.links import read_query
from sardonyx.launcher.models import PatchEntry, error, warning

CORES = (PatchEntry(("cpu", "cores"), 3),)
SCRIPT = (PatchEntry(("init", "script"), "rm"),)
ERROR = (error(("a",), "type", "x"),)
WARNING = (warning(("a",), "type", "x"),)
ALLOWED = ("cpu.cores",)


@pytest.mark.parametrize(
    ("source", "patch", "more", "outcome"),
    [
        # The table, row by row.
        (Source.CONFIGURATION, SCRIPT, {}, AutoLaunch.LAUNCH),
        (Source.ELSEWHERE, CORES, {"allowed": ALLOWED}, AutoLaunch.LAUNCH),
        (Source.ELSEWHERE, SCRIPT, {"allowed": ALLOWED}, AutoLaunch.CONFIRM),
        (Source.ELSEWHERE, CORES, {"disabled": True, "allowed": ALLOWED}, AutoLaunch.FORM),
        (Source.CONFIGURATION, (), {"problems": ERROR}, AutoLaunch.FORM),
        (Source.PLATFORM, (), {"problems": ERROR, "allowed": ()}, AutoLaunch.FORM),
        (Source.ELSEWHERE, (), {"problems": ERROR, "allowed": ()}, AutoLaunch.FORM),
        # The text around it.
        (Source.CONFIGURATION, SCRIPT, {"disabled": True}, AutoLaunch.LAUNCH),
        (Source.PLATFORM, CORES, {"disabled": True}, AutoLaunch.CONFIRM),
        (Source.PLATFORM, CORES, {"disabled": True, "allowed": ALLOWED}, AutoLaunch.LAUNCH),
        (Source.ELSEWHERE, CORES + SCRIPT, {"allowed": ALLOWED}, AutoLaunch.CONFIRM),
        (Source.ELSEWHERE, (), {}, AutoLaunch.CONFIRM),
        (Source.ELSEWHERE, (), {"allowed": ()}, AutoLaunch.LAUNCH),
        (Source.CONFIGURATION, (), {"problems": WARNING}, AutoLaunch.LAUNCH),
        (Source.CONFIGURATION, (), {"switched": True}, AutoLaunch.FORM),
        (Source.ELSEWHERE, (), {"switched": True, "allowed": ()}, AutoLaunch.FORM),
    ],
)
def test_a_link_does(source: Source, patch: Any, more: Any, outcome: AutoLaunch) -> None:
    decided = decide(asked=True, source=source, patch=patch, **more)
    assert decided.outcome is outcome
    told = more.get("disabled") and outcome is AutoLaunch.FORM
    assert (decided.warning is not None) == bool(told)


def test_without_the_parameter_nothing_is_launched() -> None:
    decided = decide(asked=False, source=Source.CONFIGURATION)
    assert (decided.outcome, decided.warning) == (AutoLaunch.FORM, None)


def test_a_link_that_is_partly_not_understood_is_shown() -> None:
    read = read_query("cpu.cores=3Gi&autoLaunch=true")
    decided = decide(
        asked=read.link.auto_launch,
        source=Source.ELSEWHERE,
        patch=read.link.patch,
        problems=read.problems,
        allowed=("**",),
    )
    assert decided.outcome is AutoLaunch.FORM


@pytest.mark.parametrize(
    ("pattern", "path", "allowed"),
    [
        ("cpu.cores", ("cpu", "cores"), True),
        ("cpu.cores", ("cpu",), False),
        ("cpu.cores", ("cpu", "cores", "x"), False),
        ("cpu", ("cpu", "cores"), False),
        ("cpu.*", ("cpu", "cores"), True),
        ("cpu.*", ("cpu", "a", "b"), False),
        ("cpu.**", ("cpu", "a", "b"), True),
        ("cpu.**", ("cpu",), False),
        ("cpu.**", ("cpux", "a"), False),
        ("**", ("init",), True),
        ("env[0].value", ("env", 0, "value"), True),
        ("env[0].value", ("env", "0", "value"), False),
        ("env[*].value", ("env", 7, "value"), True),
        ("env[*].value", ("env", 7, "name"), False),
        (r"labels.app\.kind", ("labels", "app.kind"), True),
        ("", ("a",), False),
        ("a..b", ("a", "b"), False),
    ],
)
def test_a_pattern_of_the_allow_list(pattern: str, path: Any, allowed: bool) -> None:
    assert is_allowed(path, (pattern,)) is allowed
