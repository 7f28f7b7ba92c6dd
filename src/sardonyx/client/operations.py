"""Describe what a client can do once, for the synchronous and the asynchronous one.

An area of the API is one class of descriptions. `@operation` makes of a method that returns a
`Call` one that sends it; `@procedure` of one that yields several calls one that carries them out.
The synchronous client gives the answer, the asynchronous one something to `await`; type checkers
see which by the client that the area belongs to:

    class AccountArea(Area[C_co]):
        @operation
        def profile(self) -> Call[Profile]: ...

    AccountArea[Client]: profile() -> Profile
    AccountArea[AsyncClient]: profile() -> Coroutine[Any, Any, Profile]
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

from sardonyx.client.calls import Call

if TYPE_CHECKING:
    from sardonyx.client.aio import AsyncClient
    from sardonyx.client.client import Client

C_co = TypeVar("C_co", "Client", "AsyncClient", covariant=True)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pause:
    """A step of a procedure: nothing for so many seconds."""

    seconds: float


Steps: TypeAlias = Generator["Call[Any] | Pause", Any, T]


def asked(call: Call[T]) -> Steps[T]:
    """Yield one call, and return its answer: `service = yield from asked(calls.service(…))`."""
    answer: T = yield call
    return answer


class Area(Generic[C_co]):
    """The operations of one area of the API, over the client that sends them."""

    def __init__(self, client: C_co) -> None:
        self._client: C_co = client


class operation(Generic[P, T]):  # noqa: N801 - used as a decorator
    """Make a method that sends the `Call` which the decorated one describes."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, area: None, owner: type[Any]) -> operation[P, T]: ...

    @overload
    def __get__(self, area: Area[Client], owner: type[Any]) -> Callable[P, T]: ...

    @overload
    def __get__(
        self, area: Area[AsyncClient], owner: type[Any]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, area: Area[Any] | None, owner: type[Any]) -> object:
        if area is None:
            return self
        client = area._client

        @wraps(self._describe)
        def sent(*args: P.args, **named: P.kwargs) -> object:
            return client.send(self._describe(area, *args, **named))

        return sent


class procedure(Generic[P, T]):  # noqa: N801 - used as a decorator
    """Make a method that carries out the calls which the decorated one yields."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, area: None, owner: type[Any]) -> procedure[P, T]: ...

    @overload
    def __get__(self, area: Area[Client], owner: type[Any]) -> Callable[P, T]: ...

    @overload
    def __get__(
        self, area: Area[AsyncClient], owner: type[Any]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, area: Area[Any] | None, owner: type[Any]) -> object:
        if area is None:
            return self
        client = area._client

        @wraps(self._describe)
        def carried_out(*args: P.args, **named: P.kwargs) -> object:
            return client.carry_out(self._describe(area, *args, **named))

        return carried_out
