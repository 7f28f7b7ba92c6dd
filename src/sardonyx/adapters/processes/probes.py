"""Ask a service whether it answers: HTTP over its port or socket, TCP, or a command."""

from __future__ import annotations

import http.client
import socket
import subprocess
from dataclasses import replace

from sardonyx.adapters.processes.release_folder import Orders
from sardonyx.adapters.processes.sandbox import Level, Sandbox
from sardonyx.adapters.processes.service_process import SandboxedProcess

_SECONDS = 5.0
# An answer that asks for a sign-in, or knows no such page, comes from a server that works.
_SERVER_FAULT = 500


def answers(sandbox: Sandbox, orders: Orders) -> bool:
    """Ask once."""
    match orders.ready.kind:
        case "http":
            return _http(sandbox, orders)
        case "tcp":
            return _connects(orders.port)
        case _:
            return _command(sandbox, orders)


def port_taken(port: int) -> bool:
    """Tell whether another program holds the loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


class _Connection(http.client.HTTPConnection):
    def __init__(self, opened: socket.socket) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self.sock = opened


def _http(sandbox: Sandbox, orders: Orders) -> bool:
    try:
        if orders.port:
            opened = socket.create_connection(("127.0.0.1", orders.port), timeout=_SECONDS)
        else:
            opened = socket.socket(socket.AF_UNIX)
            opened.settimeout(_SECONDS)
            opened.connect(str(sandbox.folder.socket))
    except OSError:
        return False
    connection = _Connection(opened)
    try:
        connection.request("GET", orders.ready.path, headers={"Host": orders.host})
        return connection.getresponse().status < _SERVER_FAULT
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connects(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS):
            return True
    except OSError:
        return False


def _command(sandbox: Sandbox, orders: Orders) -> bool:
    if sandbox.level is Level.FULL:
        # Two overlays must not share one upper layer; a probe writes nothing.
        sandbox = replace(sandbox, level=Level.NO_OVERLAY)
    probe = SandboxedProcess(sandbox, orders.ready.command, orders.env, stdout=subprocess.DEVNULL)
    try:
        return probe.process.wait(timeout=_SECONDS) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        probe.kill()
