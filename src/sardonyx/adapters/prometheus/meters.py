"""Count what the platform does, in Prometheus' terms; nothing here decides anything.

Labels are bounded: route templates, method names, actions, kinds; never a person, a project, a
release or an address.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from sardonyx.errors import PlatformError, UserError

T = TypeVar("T")
_CALL_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_HELM_SECONDS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 90.0, 180.0, 600.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure as it is now. name: without the prefix, with its unit (`watch_age_seconds`)."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


class Meters:
    """The figures of one process. `text()` is what a scrape gets."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._sources: list[Callable[[], Iterable[Reading]]] = []
        self._requests = Counter(
            "sardonyx_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._request_seconds = Histogram(
            "sardonyx_request_seconds",
            "Seconds until an answer began",
            ("method", "route"),
            buckets=_CALL_SECONDS,
            registry=self._registry,
        )
        self._operations = Counter(
            "sardonyx_operations",
            "Operations on services that ended: install, upgrade, suspend, …",
            ("action", "result"),
            registry=self._registry,
        )
        self._operation_seconds = Histogram(
            "sardonyx_operation_seconds",
            "Seconds from the begin of an operation to its end",
            ("action",),
            buckets=_HELM_SECONDS,
            registry=self._registry,
        )
        self._calls = Counter(
            "sardonyx_port_calls",
            "Calls of a port's methods",
            ("port", "method", "result"),
            registry=self._registry,
        )
        self._call_seconds = Histogram(
            "sardonyx_port_call_seconds",
            "Seconds of a port's method",
            ("port", "method"),
            buckets=_CALL_SECONDS,
            registry=self._registry,
        )
        self._registry.register(_Readings(self._sources))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer. route: the template of the address, never the address itself."""
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def operation(self, action: str, result: str, seconds: float) -> None:
        """Count an operation that ended. result: `done` or `failed`."""
        self._operations.labels(action, result).inc()
        self._operation_seconds.labels(action).observe(seconds)

    def source(self, read: Callable[[], Iterable[Reading]]) -> None:
        """Ask `read` at each scrape: queue length, age of the watches, sizes of caches."""
        self._sources.append(read)

    def metered(self, port: str, adapter: T) -> T:
        """Return `adapter` with each call of its methods counted and timed under `port`."""
        return cast("T", _Metered(port, adapter, self._call))

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def _call(self, port: str, method: str, result: str, seconds: float) -> None:
        self._calls.labels(port, method, result).inc()
        self._call_seconds.labels(port, method).observe(seconds)


class _Metered:
    """Stands before an adapter. Streams are counted when they begin, and not timed."""

    def __init__(
        self, port: str, adapter: object, note: Callable[[str, str, str, float], None]
    ) -> None:
        self._port = port
        self._adapter = adapter
        self._note = note

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the adapter has
        found = getattr(self._adapter, name)
        if name.startswith("_") or not callable(found):
            return found
        if inspect.iscoroutinefunction(found):

            async def waited(*given: object, **named: object) -> object:
                with _timed(self._port, name, self._note):
                    return await found(*given, **named)

            return waited

        def called(*given: object, **named: object) -> object:
            with _timed(self._port, name, self._note):
                return found(*given, **named)

        return called


class _timed:  # noqa: N801 - a context manager, used as a word
    def __init__(
        self, port: str, method: str, note: Callable[[str, str, str, float], None]
    ) -> None:
        self._port, self._method, self._note = port, method, note
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._note(self._port, self._method, _result(error), time.monotonic() - self._began)


def _result(error: BaseException | None) -> str:
    if error is None:
        return "ok"
    if isinstance(error, UserError):
        return "refused"
    return "fault" if isinstance(error, (PlatformError, Exception)) else "cancelled"


class _Readings(Collector):
    """Turns the sources' readings into gauges; a source that fails costs only itself."""

    def __init__(self, sources: list[Callable[[], Iterable[Reading]]]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for reading in self._read():
            name = f"sardonyx_{reading.name}"
            labels = sorted(reading.labels)
            family = families.setdefault(
                name, GaugeMetricFamily(name, reading.name.replace("_", " "), labels=labels)
            )
            family.add_metric([reading.labels[label] for label in labels], reading.value)
        yield from families.values()

    def _read(self) -> Iterator[Reading]:
        for source in self._sources:
            try:
                found = list(source())
            except Exception:  # noqa: BLE001 - figures are told while parts are down
                found = [Reading("source_faults", 1.0)]
            yield from found
