"""Run code in a JupyterLab by its API alone, as a program of the person would."""

from __future__ import annotations

import json
import socket
import uuid
from contextlib import ExitStack
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx2
from websockets.sync.client import ClientConnection, connect

from sardonyx.testing.parts import wait_until

SECONDS = 120.0


class Kernel:
    """One kernel of a running JupyterLab, reached at the service's address.

    through: host to connect to, where this machine does not resolve the address's name. The
    platform could not ask then whether the address answers, so it is waited for here.
    """

    def __init__(self, address: str, header: tuple[str, str], *, through: str = "") -> None:
        name = urlsplit(address).netloc
        self._client = httpx2.Client(
            base_url=f"http://{through}" if through else address,
            headers=[header, ("host", name)],
            timeout=60,
            trust_env=False,
        )
        self._address = address
        self._through = through
        self._header = header

    def __enter__(self) -> Kernel:
        if self._through:
            wait_until(lambda: not self._client.get("/api").is_server_error, self._address)
        made = self._client.post("/api/kernels", json={"name": "python3"})
        made.raise_for_status()
        self._id = made.json()["id"]
        self._session = uuid.uuid4().hex
        opening = connect(
            f"{self._address.replace('http', 'ws', 1)}/api/kernels/{self._id}/channels"
            f"?session_id={self._session}",
            additional_headers=[self._header],
            sock=socket.create_connection((self._through, 80), 60) if self._through else None,
            open_timeout=60,
            max_size=None,
        )
        self._open = ExitStack()
        self._open.callback(self._client.close)
        self._channel: ClientConnection = self._open.enter_context(opening)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.delete(f"/api/kernels/{self._id}")
        self._open.close()

    def run(self, code: str) -> str:
        """Return what the code printed. Raises AssertionError with its traceback."""
        message = uuid.uuid4().hex
        header = {
            "msg_id": message,
            "msg_type": "execute_request",
            "username": "test",
            "session": self._session,
            "version": "5.3",
        }
        content = {"code": code, "silent": False, "store_history": False, "stop_on_error": True}
        self._channel.send(
            json.dumps(
                {
                    "header": header,
                    "parent_header": {},
                    "metadata": {},
                    "content": content,
                    "channel": "shell",
                }
            )
        )
        printed: list[str] = []
        while True:
            answer: dict[str, Any] = json.loads(self._channel.recv(timeout=SECONDS))
            if answer["parent_header"].get("msg_id") != message:
                continue
            kind, said = answer["msg_type"], answer["content"]
            if kind == "stream":
                printed.append(said["text"])
            elif kind == "execute_result":
                printed.append(said["data"]["text/plain"])
            elif kind == "error":
                raise AssertionError("\n".join(said["traceback"]))
            elif kind == "status" and said["execution_state"] == "idle":
                return "".join(printed)
