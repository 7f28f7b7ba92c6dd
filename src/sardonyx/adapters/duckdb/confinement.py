"""Write the command that runs the worker shut in by bubblewrap.

Inside there is the system's `/usr`, this Python, the platform's code, an empty `/tmp` of
bounded size, and a network of its own with nothing in it. No home, no `/etc`, no `/proc`, no
state of the platform, no environment. A socket pair given at the start is the only way out.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import sardonyx

_CODE = "/code"
_SYSTEM_DIRECTORIES = ("bin", "sbin", "lib", "lib32", "lib64")
_START = (
    "import sys; sys.path[:0] = sys.argv[2:]; "
    "from sardonyx.adapters.duckdb.worker import main; main(int(sys.argv[1]))"
)


def confined_command(bwrap: Path, *, control: int, scratch_bytes: int) -> tuple[str, ...]:
    """Return the argument list that starts the worker. control: number of its socket."""
    packages = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    return (
        *confined_python(bwrap, scratch_bytes=scratch_bytes),
        "-c",
        _START,
        str(control),
        _CODE,
        *packages,
    )


def confined_python(bwrap: Path, *, scratch_bytes: int) -> tuple[str, ...]:
    """Return the start of a command: this Python, shut in.

    scratch_bytes: size of `/tmp`, which is memory.
    """
    return (
        str(bwrap),
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        *_system(),
        # Before Python: what is installed below /tmp would else be hidden by it.
        "--size",
        str(scratch_bytes),
        "--tmpfs",
        "/tmp",  # noqa: S108 - the sandbox's own
        *_python(),
        "--ro-bind",
        str(Path(sardonyx.__file__).parent),
        f"{_CODE}/sardonyx",
        "--dev",
        "/dev",
        "--remount-ro",
        "/",
        "--clearenv",
        "--setenv",
        "HOME",
        "/tmp",  # noqa: S108
        "--setenv",
        "TZ",
        "UTC",
        "--chdir",
        "/tmp",  # noqa: S108
        "--",
        sys.executable,
        # Isolated, without site: no path file of the environment is read, it starts sooner.
        "-I",
        "-S",
    )


def _system() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in _SYSTEM_DIRECTORIES:
        place = Path("/") / name
        if place.is_symlink():
            words += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            words += ["--ro-bind", str(place), str(place)]
    return [*words, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]


def _python() -> list[str]:
    """Bind the environment and the Python it stands on, where `/usr` does not hold them."""
    words: list[str] = []
    for place in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not Path(place).is_relative_to("/usr"):
            words += ["--ro-bind", place, place]
    return words
