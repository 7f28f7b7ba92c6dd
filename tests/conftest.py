"""What all tests share: the real storage and secrets, started once for a test process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from sardonyx.adapters.processes.home import Home
from sardonyx.testing.parts import RunningParts, running_parts

# A busy machine is no failure: nothing here is judged by its time.
settings.register_profile("sardonyx", deadline=None)
settings.load_profile("sardonyx")


@pytest.fixture(scope="session")
def real_parts() -> Iterator[RunningParts]:
    """Keys, SeaweedFS and OpenBao of a home of their own, in a path short enough for sockets."""
    with TemporaryDirectory(prefix="sx") as folder, running_parts(Home(Path(folder))) as parts:
        yield parts
