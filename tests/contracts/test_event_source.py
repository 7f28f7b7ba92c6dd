"""Run the contract of events on the fake, and on the watch cache fed as its watches feed it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from tests.contracts.event_source import AT, PROJECT, EventSourceContract, Told

from sardonyx.adapters.kubernetes.cache import ClusterCache
from sardonyx.adapters.kubernetes.client import ClusterClient
from sardonyx.adapters.kubernetes.event_source import ClusterEventSource
from sardonyx.services.evidence import EventEvidence
from sardonyx.testing import cluster_objects as made
from sardonyx.testing.events import MemoryEvents


class TestMemory(EventSourceContract):
    @pytest.fixture
    def told(self) -> Told:
        source = MemoryEvents()

        def say(uid: str, seconds: int, project: str, release: str) -> None:
            at = AT + timedelta(seconds=seconds)
            event = EventEvidence("Pod", "p", True, "r", "m", 1, at, uid=uid, created=at)
            source.tell(project, event, release)

        return Told(source, say, lambda: source.refused.add(PROJECT))


class TestWatchCache(EventSourceContract):
    @pytest.fixture
    async def told(self) -> AsyncIterator[Told]:
        async with httpx2.AsyncClient(base_url="http://127.0.0.1:9") as nobody:
            cache = ClusterCache(ClusterClient(nobody))

            def say(uid: str, seconds: int, project: str, release: str) -> None:
                name = f"of-{release or 'nobody'}"
                if release:
                    pod = made.pod(project, name, labels={"app.kubernetes.io/instance": release})
                    assert cache.store.put("Pod", made.raw(pod))
                at = AT + timedelta(seconds=seconds)
                event = made.event(project, uid, ("Pod", name), "r", "m", warning=True, at=at)
                metadata = event["metadata"]
                assert isinstance(metadata, dict)
                event["metadata"] = {**metadata, "uid": uid}
                assert cache.store.put("Event", made.raw(event))

            def refuse() -> None:
                cache._scopes.stands(("Event", PROJECT), "forbidden")

            yield Told(ClusterEventSource(cache, str), say, refuse)
