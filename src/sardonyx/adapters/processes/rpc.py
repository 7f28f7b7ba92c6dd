"""Talk to supervisord over its owner-only Unix socket (XML-RPC), one short call at a time."""

from __future__ import annotations

import base64
import http.client
import socket
import xmlrpc.client
from contextlib import closing
from pathlib import Path
from typing import cast

from sardonyx.services.errors import RuntimeUnavailableError

USER = "sardonyx"
_CALL_SECONDS = 10.0

# Faults of supervisor.xmlrpc that say that the wanted state is there already.
BAD_NAME, NOT_RUNNING, ALREADY_STARTED, ALREADY_ADDED = 10, 70, 60, 90
# And the one that says that everything is being stopped.
SHUTTING_DOWN = 6


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_CALL_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path, key: str) -> None:
        token = base64.b64encode(f"{USER}:{key}".encode()).decode()
        super().__init__(headers=[("Authorization", f"Basic {token}")])
        self._path = path

    def make_connection(self, host: tuple[str, dict[str, str]] | str) -> http.client.HTTPConnection:
        made = _UnixConnection(self._path)
        # Where the base class looks for it when it closes.
        self._connection = (host, made)
        return made


class RpcFault(Exception):  # noqa: N818 - the word of XML-RPC
    """supervisord refused a call; `code` is one of supervisor.xmlrpc.Faults."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        super().__init__(text)


Answer = object


def call(path: Path, key: str, method: str, *arguments: str | bool) -> Answer:
    """Call `method` (such as `supervisor.getState`) with the socket's key; return its answer.

    Raises RpcFault when it is refused, RuntimeUnavailableError when nobody answers.
    """
    transport = _UnixTransport(path, key)
    with closing(transport):
        proxy = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
        try:
            return cast(Answer, getattr(proxy, method)(*arguments))
        except xmlrpc.client.Fault as fault:
            raise RpcFault(fault.faultCode, fault.faultString) from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as fault:
            raise RuntimeUnavailableError from fault
