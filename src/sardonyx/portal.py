"""Run the portal's process: `python -m sardonyx.portal --home DIR --port PORT`.

It listens on an owner-only Unix socket; the front door brings the browser to it.
"""

# ruff: noqa: E402
from __future__ import annotations

import gc

# Loading 1,500 modules leaves nothing to collect; looking for it takes a tenth of the start.
gc.disable()

import argparse
import os
import socket
from pathlib import Path

import uvicorn

from sardonyx.adapters.processes.home import Home
from sardonyx.app import build_platform
from sardonyx.settings import Settings
from sardonyx.web.portal import create_portal

_BACKLOG = 512


def main() -> None:
    """Serve until a signal ends the process."""
    parser = argparse.ArgumentParser(prog="sardonyx-portal")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    settings = Settings(home=asked.home, port=asked.port)
    portal = create_portal(build_platform(settings), rest_later=True)
    gc.freeze()  # what is loaded by now stays until the end
    gc.enable()
    config = uvicorn.Config(
        portal,
        access_log=False,
        server_header=False,
        ws="none",
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[_owner_only(Home(settings.home).portal_socket)])


def _owner_only(path: Path) -> socket.socket:
    """Return a listening Unix socket of mode 0600 from its first moment."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    return listener


if __name__ == "__main__":
    main()
