"""A whole platform of a test's own, driven as a person does: by its command line and pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sardonyx.adapters.processes.home import free_ports

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
# Packages are downloaded once for all test platforms, and an environment is built by the first
# that needs it: its folder is named by its content. tests/runtime builds and spoils its own.
CACHE = ROOT / "build" / "test-cache"


@dataclass(frozen=True, eq=False)
class TestPlatform:
    """A running platform: its home, its port, and its command line."""

    __test__ = False
    home: Path
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def project(self) -> str:
        projects = self.json("projects", "list")
        return str(projects[0]["id"])

    def run(
        self, *words: str, given: str | None = None, check: bool = True, seconds: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run `sardonyx WORDS`; fail with what it said unless `check` is false."""
        done = subprocess.run(
            [sys.executable, "-m", "sardonyx", *words],
            env={
                **os.environ,
                "LANG": "C.UTF-8",
                **self.environment,
                "SARDONYX_HOME": str(self.home),
            },
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"sardonyx {' '.join(words)}: {done.returncode}\n{done.stderr}")
        return done

    def json(self, *words: str) -> Any:
        """Return the JSON document a command prints."""
        return json.loads(self.run(*words, "--json").stdout)

    def link(self) -> str:
        """Return a fresh one-time address."""
        return self.run("open", "--print").stdout.strip()

    def launch(self, chart: str, *words: str) -> str:
        """Launch a chart, wait until it answers, return its name."""
        made = json.loads(
            self.run(
                "launch", chart, "--wait", "--timeout", "400", "--json", *words, seconds=420
            ).stdout
        )
        return str(made["name"])

    def state(self, name: str) -> str:
        return str(self.json("services", "show", name)["state"])


@contextmanager
def running_platform(**environment: str) -> Iterator[TestPlatform]:
    """Start a platform in a home of its own; end it and look that nothing is left."""
    with TemporaryDirectory(prefix="sx") as folder:
        home = Path(folder) / "h"
        home.mkdir(mode=0o700)
        for shared in ("uv", "environments"):
            (CACHE / shared).mkdir(parents=True, exist_ok=True)
        (home / "cache").symlink_to(CACHE)
        (home / "environments").symlink_to(CACHE / "environments")
        (port,) = free_ports(1)
        # Building every environment ahead would cost each test platform half a minute of work.
        platform = TestPlatform(home, port, {"SARDONYX_PREPARE": "false", **environment})
        platform.run("up", "--detach", "--no-browser", "--port", str(port))
        try:
            yield platform
        finally:
            platform.run("down", check=False)
            subprocess.run(["chmod", "-R", "u+rwX", str(home)], check=False)


def until(condition: Callable[[], T | None], *, seconds: float = 60, what: str = "") -> T:
    """Return what `condition` gives once it gives something; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        time.sleep(0.1)
