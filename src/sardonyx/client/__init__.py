"""The platform from Python. `Client` and `AsyncClient` speak REST v1."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sardonyx.client.aio import AsyncClient
    from sardonyx.client.client import Client
    from sardonyx.client.errors import RemoteError

__all__ = ["AsyncClient", "Client", "RemoteError"]


def __getattr__(name: str) -> object:
    # Loaded when asked for: `sardonyx --help` needs no HTTP library.
    if name == "Client":
        from sardonyx.client.client import Client  # noqa: PLC0415

        return Client
    if name == "AsyncClient":
        from sardonyx.client.aio import AsyncClient  # noqa: PLC0415

        return AsyncClient
    if name == "RemoteError":
        from sardonyx.client.errors import RemoteError  # noqa: PLC0415

        return RemoteError
    raise AttributeError(name)
