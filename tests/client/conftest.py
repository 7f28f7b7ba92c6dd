"""A portal on the socket of a home, for the clients to find."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.cli.machine import Served, put_platform, serving
from tests.files.fakes import World as FileWorld
from tests.services.world import World, world


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    with serving() as portal:
        yield portal


@pytest.fixture
def served_world(served: Served) -> World:
    w = world()
    put_platform(served.app, w, FileWorld())
    return w
