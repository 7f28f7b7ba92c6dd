"""An HTTP server before an API server that cuts, delays, refuses or freezes as it is told.

It speaks plain HTTP on loopback and asks the API server as its administrator, unless a request
brings a token of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from lightkube.config.client_adapter import user_auth, verify_cluster
from lightkube.config.kubeconfig import KubeConfig
from lightkube.config.models import User
from tests.runtime.world import until

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_KEPT = {b"content-type", b"retry-after"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered in the API server's place. status 0: the connection is cut."""

    status: int
    body: bytes = b"{}"
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(slots=True)
class FaultProxy:
    """fault: of a method and an address (with its query), what is answered instead; None: pass.

    watch_life: seconds after which every watch is cut, None for never. frozen: nothing passes
    while it is not set. asked: every request so far.
    """

    kubeconfig: Path
    fault: Callable[[str, str], Answer | None] = lambda _method, _address: None
    watch_life: float | None = None
    asked: list[str] = field(default_factory=list)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    _streams: set[asyncio.Task[object]] = field(default_factory=set)
    _admin: httpx2.AsyncClient | None = None
    _bare: httpx2.AsyncClient | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FaultProxy]:
        self.flowing.set()
        config = KubeConfig.from_file(self.kubeconfig).get()
        assert config is not None
        self._admin = self._client(config, config.user or User())
        self._bare = self._client(config, User())
        settings = uvicorn.Config(
            self._serve,
            port=0,
            lifespan="off",
            interface="asgi3",
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(settings)
        task = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        self.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.flowing.set()
            self.cut()
            server.should_exit = True
            await task
            await self._admin.aclose()
            await self._bare.aclose()

    def kubeconfig_for(self, folder: Path) -> Path:
        """Return a kubeconfig that leads through here."""
        file = folder / "proxied.kubeconfig"
        file.write_text(
            f"""apiVersion: v1
kind: Config
current-context: proxied
clusters: [{{name: proxied, cluster: {{server: "http://127.0.0.1:{self.port}"}}}}]
users: [{{name: proxied, user: {{}}}}]
contexts: [{{name: proxied, context: {{cluster: proxied, user: proxied}}}}]
"""
        )
        return file

    def cut(self) -> None:
        """Cut every watch that is open."""
        for stream in list(self._streams):
            stream.cancel()

    def watches(self) -> int:
        """Return how many watches are open."""
        return len(self._streams)

    # -- inside

    def _client(self, config: Any, user: User) -> httpx2.AsyncClient:
        verify: ssl.SSLContext = verify_cluster(config.cluster, user, config.abs_file)
        return httpx2.AsyncClient(
            base_url=config.cluster.server,
            verify=verify,
            auth=user_auth(user),
            timeout=None,
            trust_env=False,
            limits=httpx2.Limits(max_connections=None),
        )

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode()
        address = scope["raw_path"].decode() + (f"?{query}" if query else "")
        method: str = scope["method"]
        self.asked.append(f"{method} {address}")
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await self.flowing.wait()
        instead = self.fault(method, address)
        if instead is not None:
            if instead.status:
                await _send(send, instead.status, list(instead.headers), instead.body)
            else:  # begun and left: the connection is cut
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"{", "more_body": True})
            return
        kept = [(name, value) for name, value in scope["headers"] if _passes(name)]
        assert self._admin is not None
        assert self._bare is not None
        own = any(name == b"authorization" for name, _ in kept)
        client = self._bare if own else self._admin
        request = client.build_request(method, address, headers=kept, content=body)
        answer = await client.send(request, stream=True)
        try:
            await self._pass(answer, send, watch="watch=true" in query)
        finally:
            await answer.aclose()

    async def _pass(self, answer: httpx2.Response, send: Send, *, watch: bool) -> None:
        headers = [(name, value) for name, value in answer.headers.raw if name.lower() in _KEPT]
        if not watch:
            await _send(send, answer.status_code, headers, await answer.aread())
            return
        task = asyncio.create_task(self._stream(answer, headers, send))
        self._streams.add(task)
        try:
            async with asyncio.timeout(self.watch_life):
                await asyncio.wait({task})
        except TimeoutError:
            pass
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, httpx2.HTTPError, OSError):
                await task
            self._streams.discard(task)
            # Not ended, but left: the chunked answer is cut in its middle.

    async def _stream(
        self, answer: httpx2.Response, headers: list[tuple[bytes, bytes]], send: Send
    ) -> None:
        start = {"type": "http.response.start", "status": answer.status_code, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        async for part in answer.aiter_raw():
            await self.flowing.wait()
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _passes(name: bytes) -> bool:
    return name in (b"content-type", b"accept", b"authorization") or name.startswith(b"impersonate")
