"""Run the contract of read marks on the fake. `tests/adapters/sql` runs it on both engines."""

from __future__ import annotations

import pytest
from tests.contracts.event_marks import EventMarksContract, Open

from sardonyx.testing.events import MemoryMarks


class TestMemory(EventMarksContract):
    @pytest.fixture
    def opened(self) -> Open:
        made = MemoryMarks()
        return lambda: made
