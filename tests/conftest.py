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


# Each is one process's own from begin to end, the longest first: begun last, one would have the
# other processes wait.
_GROUPS = ("platform", "light", "pages")


@pytest.hookimpl(trylast=True)  # after they were shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long groups first, so that what is short fills the end."""
    items.sort(key=_place)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Stop where groups would be torn apart in silence: pytest-xdist reads them from the ids."""
    if hasattr(session.config, "workerinput"):
        for item in session.items:
            if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
                pytest.exit(f"no group in the id of {item.nodeid}: see pytest in pyproject.toml", 4)


def _place(item: pytest.Item) -> int:
    group = item.get_closest_marker("xdist_group")
    name = group.args[0] if group is not None else ""
    return _GROUPS.index(name) if name in _GROUPS else len(_GROUPS)


@pytest.fixture(scope="session")
def real_parts() -> Iterator[RunningParts]:
    """Keys, SeaweedFS and OpenBao of a home of their own, in a path short enough for sockets."""
    with TemporaryDirectory(prefix="sx") as folder, running_parts(Home(Path(folder))) as parts:
        yield parts
