"""Run the platform on a cluster: the pages on one port, the figures on another.

The process ends by a signal, in order: no new connection, answers under way are given their
time, watches and queue are ended. A fault at the start ends it with an exit code other than 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import signal
import socket
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol, cast

import structlog
import uvicorn
from starlette.types import ASGIApp

from sardonyx.adapters.prometheus.meters import Meters
from sardonyx.deployment import ClusterSettings
from sardonyx.deployment_file import load_settings
from sardonyx.logs import configure_logs
from sardonyx.platform import Platform
from sardonyx.setup.errors import ListenError, ServeStartError
from sardonyx.setup.models import Check
from sardonyx.setup.service import SetupChecks
from sardonyx.web.observing import Observed, figures_application
from sardonyx.web.portal import create_portal

_BACKLOG = 512
# Below the 30 s that Kubernetes gives a pod; a launch under way is taken up by the next holder.
_GRACE_SECONDS = 20
_log = structlog.get_logger(__name__)


def serve(file: Path) -> None:
    """Serve until a signal ends the process.

    Raises SettingsFileUnreadableError, SettingsFileError, ListenError, ServeStartError.
    """
    settings = load_settings(file)
    configure_logs()
    meters = Meters()
    run(settings, _wiring().cluster_platform(settings, meters), meters)


class _Wiring(Protocol):
    """What `sardonyx.cluster` offers."""

    def cluster_platform(self, settings: ClusterSettings, meters: Meters) -> Platform:
        """Return the platform of a cluster."""

    def cluster_setup(self, settings: ClusterSettings) -> AbstractAsyncContextManager[SetupChecks]:
        """Return its set-up checks alone: nothing is watched or served."""


def _wiring() -> _Wiring:
    """Load the wiring late: it brings every adapter, and a wrong setting is told without them."""
    return cast("_Wiring", importlib.import_module("sardonyx.cluster"))


async def setup_checks(settings: ClusterSettings) -> tuple[Check, ...]:
    """Look at every area of the set-up once, without serving anything."""
    async with _wiring().cluster_setup(settings) as checks:
        return await checks.all()


def run(settings: ClusterSettings, platform: Platform, meters: Meters) -> None:
    """Serve `platform` as `settings` say, until a signal."""
    pages = Observed(create_portal(platform, hosts=settings.hosts), meters)
    servers = [_server(pages, settings.host, settings.port, lifespan=True)]
    if settings.metrics_port:
        figures = figures_application(meters)
        servers.append(_server(figures, settings.host, settings.metrics_port, lifespan=False))
    _log.info("listening", host=settings.host, port=settings.port, metrics=settings.metrics_port)
    if not asyncio.run(_together(servers)):
        raise ServeStartError
    _log.info("ended")


def _server(app: ASGIApp, host: str, port: int, *, lifespan: bool) -> tuple[_Server, socket.socket]:
    config = uvicorn.Config(
        app,
        access_log=False,
        server_header=False,
        ws="none",
        log_config=None,
        lifespan="on" if lifespan else "off",
        # The proxies before us are named nowhere: a header that says who calls is not believed.
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return _Server(config), _listening(host, port)


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _together(servers: list[tuple[_Server, socket.socket]]) -> bool:
    """Run all until a signal, or until one of them ends: then end the others too.

    Returns False when one of them did not even start.
    """

    def end() -> None:
        for server, _ in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)

    async def one(server: _Server, listener: socket.socket) -> None:
        try:
            # uvicorn's word for a start that failed; the fault itself is in the log by then.
            with contextlib.suppress(SystemExit):
                await server.serve(sockets=[listener])
        finally:
            end()

    async with asyncio.TaskGroup() as group:
        for server, listener in servers:
            group.create_task(one(server, listener))
    return all(server.started for server, _ in servers)


def _listening(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises ListenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(host=host, port=port, reason=error.strerror or str(error)) from error
    return listener
