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
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Concatenate,
    Generic,
    ParamSpec,
    Self,
    TypeAlias,
    TypeVar,
    overload,
)

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


class _Described(Generic[P, T]):
    """A method of an area that says what to ask: the client of the area asks it."""

    _by: ClassVar[str]  # the client's method that does

    def __init__(self, describe: Callable[Concatenate[Any, P], object]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, area: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, area: Area[Client], owner: type[Any]) -> Callable[P, T]: ...

    @overload
    def __get__(
        self, area: Area[AsyncClient], owner: type[Any]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, area: Area[Any] | None, owner: type[Any]) -> object:
        if area is None:
            return self
        ask = getattr(area._client, self._by)

        @wraps(self._describe)
        def asking(*args: P.args, **named: P.kwargs) -> object:
            return ask(self._describe(area, *args, **named))

        return asking


class operation(_Described[P, T]):  # noqa: N801 - used as a decorator
    """Make a method that sends the `Call` which the decorated one describes."""

    _by = "send"

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T]]) -> None:
        super().__init__(describe)


class procedure(_Described[P, T]):  # noqa: N801 - used as a decorator
    """Make a method that carries out the calls which the decorated one yields."""

    _by = "carry_out"

    def __init__(self, describe: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        super().__init__(describe)
