"""Fixtures of the local runtime: a machine of one's own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.runtime.world import Machine, machine, package_registry, short_home

from sardonyx.adapters.processes.home import Home


@pytest.fixture
def home() -> Iterator[Home]:
    with short_home() as made:
        yield made


@pytest.fixture
def no_packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let uv ask a registry that holds nothing."""
    with package_registry() as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", address)
        monkeypatch.delenv("UV_INDEX_URL", raising=False)
        monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
        yield


@pytest.fixture
async def computer(home: Home, no_packages: None) -> AsyncIterator[Machine]:
    async with machine(home) as made:
        yield made
