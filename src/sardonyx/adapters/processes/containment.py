"""Wrap every program of the supervisor so that nothing outlives it.

Under bubblewrap with its own process namespace all descendants end when the program, or the
supervisor above it, is killed. Where bubblewrap cannot run, `setpriv` ends at least the program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from enum import StrEnum
from functools import cache

from sardonyx.adapters.processes.programs import ProgramMissingError, find_program

# bubblewrap itself must not die of the supervisor's SIGTERM, or it would take the program with
# it before the program could end in order: an ignored signal stays ignored across exec, and
# every program we start installs a handler of its own.
_DEAF = ("/bin/sh", "-c", 'trap "" TERM INT; exec "$@"', "sh")
_TRIAL_SECONDS = 20.0


class Containment(StrEnum):
    """How descendants are ended with their program, best first."""

    NAMESPACE = "namespace"
    PARENT_DEATH = "parent_death"
    NONE = "none"


@cache
def containment() -> Containment:
    """Return what this machine allows; found by a trial, once in the life of the process."""
    bwrap = bubblewrap()
    if bwrap is not None and trial((*_namespace(bwrap), "/bin/true")):
        return Containment.NAMESPACE
    return Containment.PARENT_DEATH if shutil.which("setpriv") else Containment.NONE


def contained(command: Sequence[str], *, nests: bool = False) -> tuple[str, ...]:
    """Return `command` wrapped for the supervisor.

    nests: the program makes sandboxes of its own. As root bubblewrap covers parts of a new
    /proc, and the kernel then refuses a fresh /proc to an unprivileged sandbox inside: such a
    program keeps the machine's /proc and mounts its own (`runner`).
    """
    match containment():
        case Containment.NAMESPACE:
            bwrap = bubblewrap()
            assert bwrap is not None  # noqa: S101 - containment() found it
            keep_proc = nests and os.geteuid() == 0
            return (*_DEAF, *_namespace(bwrap, fresh_proc=not keep_proc), *command)
        case Containment.PARENT_DEATH:
            return ("setpriv", "--pdeathsig", "KILL", "--", *command)
        case Containment.NONE:
            return tuple(command)


def bubblewrap() -> str | None:
    """Return bubblewrap's path, None where it is missing."""
    try:
        return str(find_program("bwrap").path)
    except ProgramMissingError:
        return None


def _namespace(bwrap: str, *, fresh_proc: bool = True) -> tuple[str, ...]:
    proc = ("--proc", "/proc") if fresh_proc else ()
    return (bwrap, "--dev-bind", "/", "/", *proc, "--unshare-pid", "--die-with-parent", "--")


def trial(command: Sequence[str]) -> bool:
    """Tell whether a harmless command ends well."""
    try:
        answer = subprocess.run(
            command, capture_output=True, timeout=_TRIAL_SECONDS, check=False, env={}
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0
