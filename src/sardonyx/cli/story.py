"""Own how a service's timeline is told in a terminal, whole or as it goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from sardonyx.client.models import Service, TimelineEvent


def print_steps(events: Iterable[TimelineEvent]) -> None:
    """Write steps on standard output, one a line."""
    for event in events:
        print(_line(event), flush=True)


class Story:
    """Tells each step once, when it has ended; at a terminal what goes on is a moving line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told = 0
        self._moving = stream.isatty()

    def tell(self, service: Service) -> None:
        """Write what is new of a service's timeline."""
        for event in service.timeline[self._told :]:
            self.step(event)
            if event.status == "started":
                break
            self._told += 1

    def step(self, event: TimelineEvent) -> None:
        """Write one step as it is now."""
        if event.status != "started":
            self._write(f"{_line(event)}\n")
        elif self._moving:
            self._write(_line(event))

    def _write(self, text: str) -> None:
        print(f"\r\x1b[K{text}" if self._moving else text, end="", file=self._stream, flush=True)


def _line(event: TimelineEvent) -> str:
    facts = " ".join(f"{key}={value}" for key, value in event.detail.items())
    share = "" if event.progress is None else f" {event.progress:.0%}"
    at = event.at.astimezone().strftime("%H:%M:%S")
    return f"{at}  {event.step:<14} {event.status}{share}  {facts}".rstrip()
