"""Serve the sample platform in a process of its own: `python -m tests.setup.served FILE`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from tests.web.stub_platform import stub_platform

from sardonyx.adapters.prometheus.meters import Meters
from sardonyx.cli.output import error
from sardonyx.deployment_file import load_settings
from sardonyx.errors import PlatformError
from sardonyx.logs import configure_logs
from sardonyx.serve import run


def main() -> int:
    platform = stub_platform()
    platform.public_url = "https://lab.example.org"

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        if "broken" in sys.argv:
            raise RuntimeError("password=hunter2 cannot be used")
        yield

    platform.running = running
    configure_logs()
    try:
        run(load_settings(Path(sys.argv[1])), cast("Any", platform), Meters())
    except PlatformError as failure:
        return error(failure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
