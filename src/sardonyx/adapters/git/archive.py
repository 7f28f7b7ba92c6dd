"""Take a folder of a Git repository as an archive, by the `git` program; nothing of it runs.

No working tree is made: history of depth one, then `git archive`, so that neither hooks, filters,
links nor submodules of the repository are ever followed. Git asks for nothing and reads no
configuration of the machine; a private repository is reached by the person's own SSH keys.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from sardonyx.adapters.processes.bounded import Bounds, run_bounded
from sardonyx.catalog.faults import RepositoryError
from sardonyx.text import N_

_SECONDS = 120.0
# Bytes of any one file that git writes: the pack, the archive.
_MOST = 100 * 1024 * 1024
# A repository may be made so that reading it takes any amount; larger files are streamed.
_MEMORY = 512 * 1024 * 1024
_PRINTED = 64 * 1024
_GRACE = 2.0
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_FOLDER = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._ /-]{0,299}")
_SAFE = (
    *("-c", "protocol.allow=never", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "http.followRedirects=false", "-c", "credential.helper=", "-c", "gc.auto=0"),
    *("-c", "core.bigFileThreshold=1m"),
)
_SCHEMES = ("https", "ssh")
_MAX_SAID = 300


async def git_archive(
    address: str,
    to: Path,
    *,
    folder: str = "",
    branch: str = "",
    schemes: tuple[str, ...] = _SCHEMES,
    seconds: float = _SECONDS,
) -> None:
    """Write the folder's archive (tar.gz, one top folder) to `to`. Raises RepositoryError."""
    _check(address, folder, branch, schemes)
    allowed = [word for name in schemes for word in ("-c", f"protocol.{name}.allow=always")]
    with TemporaryDirectory(dir=to.parent) as work:
        place = str(Path(work) / "repository.git")
        asked = ("--branch", branch) if branch else ()
        await _git(
            *(*_SAFE, *allowed, "clone", "--quiet", "--bare", "--depth", "1", "--single-branch"),
            *("--no-tags", "--no-recurse-submodules", "--template=", *asked),
            *("--", address, place),
            home=work,
            seconds=seconds,
        )
        tree = f"HEAD:{folder.strip('/')}" if folder.strip("/") else "HEAD"
        await _git(
            *(*_SAFE, "--git-dir", place, "archive", "--format=tar.gz", "--prefix=chart/"),
            *("--output", str(to), tree),
            home=work,
            seconds=seconds,
        )


def _check(address: str, folder: str, branch: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(address)
        keys = parts.password is not None or (parts.scheme == "https" and parts.username)
        good = parts.scheme in schemes and (parts.hostname or parts.scheme == "file") and not keys
    except ValueError:
        good = False
    if not good or not address.isprintable() or any(sign in address for sign in " ?#"):
        template = N_(
            "Only https:// and ssh:// addresses without a password, “?” and “#” are taken."
        )
        raise RepositoryError("git_address", template)
    if branch and (not _BRANCH.fullmatch(branch) or ".." in branch):
        raise RepositoryError("git_branch", N_("This is no name of a branch or tag."))
    if folder and (not _FOLDER.fullmatch(folder) or ".." in folder.split("/")):
        raise RepositoryError("git_folder", N_("This is no folder of a repository."))


async def _git(*arguments: str, home: str, seconds: float) -> None:
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": os.environ.get("HOME", home),
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes -oConnectTimeout=20",
    }
    if authorities := os.environ.get("SSL_CERT_FILE"):
        environment["GIT_SSL_CAINFO"] = authorities  # as all else here is fetched by
    program = shutil.which("git", path=environment["PATH"])
    if program is None:
        raise RepositoryError("git_missing", N_("The program git is not installed."))
    bounds = Bounds(seconds=seconds, grace=_GRACE, memory=_MEMORY, out=_PRINTED, file=_MOST)
    ended = await run_bounded(
        (program, *arguments), bounds, environment=environment, place=Path(home)
    )
    if ended.code is None:
        template = N_("Git took more than {seconds} seconds.")
        raise RepositoryError("git_slow", template, {"seconds": int(seconds)})
    if ended.code != 0:
        lines = [line for line in ended.said.splitlines() if line.strip()]
        reason = (lines[-1] if lines else "?")[:_MAX_SAID]
        raise RepositoryError("git_failed", N_("Git says: {reason}"), {"reason": reason})
