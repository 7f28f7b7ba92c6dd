"""Run Helm (3.15 or later, or 4), and kubectl, by argument list, confined and bounded.

What it is given goes by owner-only files: values, and a kubeconfig that holds one account's
short-lived token. It sees private homes, no plugins and none of our environment. It decides
nothing: what to run is `commands`' affair, when `queue`'s. Source: charts.md 9, wire-api.md 9.5.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sardonyx.adapters.processes.bounded import Bounds, run_bounded
from sardonyx.services.errors import HelmUnavailableError
from sardonyx.values import JsonObject, Secret

_GRACE_SECONDS = 20.0
_SHORT_SECONDS = 30.0
_OUTPUT_BYTES = 24_000_000
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_OLDEST = (3, 15)
# Helm lives for a second: a quarter of its work is to collect memory that it could as well leave.
# Measured: `helm template` of our JupyterLab takes 122 ms of processor by itself, 90 ms so.
_LESS_COLLECTING = {"GOGC": "400"}
# Bytes. A template may ask for any amount, and a pod that runs out of memory is ended whole: the
# portal too. Measured: our JupyterLab takes 52 MB. Near the bound it collects all the same.
_MEMORY = 512 * 2**20
_BOUND = {"GOMEMLIMIT": str(_MEMORY * 3 // 4)}
_NO_MEMORY = re.compile(r"^fatal error: .*(out of memory|cannot allocate memory)", re.MULTILINE)
# What of our environment Helm may know: how to reach the network, nothing that is ours.
_PASSED = ("PATH", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class HelmOutput:
    """What a Helm that ended well has printed."""

    out: str
    err: str


class HelmFailedError(Exception):
    """Helm ended otherwise than well. said: the end of its stderr. timed_out: our limit."""

    def __init__(self, said: str, *, exit_code: int | None, timed_out: bool = False) -> None:
        self.said = said.strip()
        self.exit_code = exit_code
        self.timed_out = timed_out
        super().__init__(f"helm ended with {exit_code}")


class ConfinedProgram:
    """A program that works on the cluster, with its homes in `folder` (owner-only)."""

    def __init__(self, *, program: str, folder: Path, grace: float = _GRACE_SECONDS) -> None:
        self._wanted = program
        self._folder = folder
        self._grace = grace

    async def run(
        self,
        arguments: Sequence[str],
        *,
        limit: timedelta,
        kubeconfig: Secret | None = None,
        values: JsonObject | None = None,
        stdin: bytes | None = None,
    ) -> HelmOutput:
        """Run the program with `arguments` and return what it printed.

        kubeconfig: text of the file with the account to use. values are given as a file, stdin
        as what the program reads. At `limit`, and when the caller is cancelled, it is told to
        end (TERM) and given time to finish. Raises HelmFailedError, HelmUnavailableError.
        """
        async with self._place() as place:
            words = [self._program(), *arguments]
            environment = self._environment()
            if kubeconfig is not None:
                _write(place / "kubeconfig", kubeconfig.reveal())
                environment["KUBECONFIG"] = str(place / "kubeconfig")
            if values is not None:
                _write(place / "values.yaml", json.dumps(values))
                words[2:2] = ["--values", str(place / "values.yaml")]
            (place / "stdin").write_bytes(stdin or b"")
            return await self._ended(words, environment, place, limit)

    async def _ended(
        self, words: Sequence[str], environment: dict[str, str], place: Path, limit: timedelta
    ) -> HelmOutput:
        bounds = Bounds(
            seconds=limit.total_seconds(), grace=self._grace, memory=_MEMORY, out=_OUTPUT_BYTES
        )
        try:
            with (place / "stdin").open("rb") as given:
                ended = await run_bounded(
                    words, bounds, environment=environment, place=place, stdin=given
                )
        except OSError as fault:
            reason = fault.strerror or str(fault)
            raise HelmUnavailableError(program=self._wanted, reason=reason) from fault
        if ended.code is None:
            raise HelmFailedError(ended.said, exit_code=None, timed_out=True)
        if ended.is_too_much:
            raise HelmFailedError(
                f"it printed more than {_OUTPUT_BYTES} bytes", exit_code=ended.code
            )
        if ended.code != 0:
            said = ended.said
            if _NO_MEMORY.search(said):
                said = f"it took more than {_MEMORY // 2**20} MB of memory"
            raise HelmFailedError(said, exit_code=ended.code)
        return HelmOutput(ended.out.decode(errors="replace"), ended.said)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[Path]:
        """Give an empty folder only we can read, gone afterwards."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="run-", dir=self._folder))
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _program(self) -> str:
        found = shutil.which(self._wanted)
        if found is None:
            raise HelmUnavailableError(program=self._wanted, reason="not found")
        return found

    def _environment(self) -> dict[str, str]:
        """Return Helm's whole environment: private homes, and no folder with plugins.

        The home is shared by all runs: it holds the cluster's list of kinds, nothing else.
        """
        home = self._folder / "home"
        home.mkdir(mode=0o700, exist_ok=True)
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        return passed | {
            **_LESS_COLLECTING,
            **_BOUND,
            "HOME": str(home),
            "HELM_CACHE_HOME": str(home / "cache"),
            "HELM_CONFIG_HOME": str(home / "config"),
            "HELM_DATA_HOME": str(home / "data"),
            "HELM_PLUGINS": str(home / "no-plugins"),
            "HELM_REGISTRY_CONFIG": str(home / "no-registry.json"),
            "HELM_REPOSITORY_CONFIG": str(home / "no-repositories.yaml"),
        }


class Helm(ConfinedProgram):
    """The Helm program."""

    def __init__(self, *, program: str, folder: Path, grace: float = _GRACE_SECONDS) -> None:
        super().__init__(program=program, folder=folder, grace=grace)
        self._version: tuple[int, int, int] | None = None

    async def version(self) -> tuple[int, int, int]:
        """Return the program's version, asked once. Raises HelmUnavailableError."""
        if self._version is None:
            arguments = ("version", "--template", "{{.Version}}")
            try:
                output = await self.run(arguments, limit=timedelta(seconds=_SHORT_SECONDS))
            except HelmFailedError as fault:
                raise HelmUnavailableError(program=self._wanted, reason=fault.said) from fault
            found = _VERSION.match(output.out.strip())
            if found is None:
                raise HelmUnavailableError(program=self._wanted, reason=output.out.strip()[:100])
            version = (int(found[1]), int(found[2]), int(found[3]))
            if version[:2] < _OLDEST:
                text = ".".join(str(part) for part in version)
                raise HelmUnavailableError(program=self._wanted, reason=f"version {text} < 3.15")
            self._version = version
        return self._version


def _write(path: Path, text: str) -> None:
    """Write a file only we can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
