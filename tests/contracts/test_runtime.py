"""Run the contract of runtimes on the fake and on local processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest
from tests.contracts.runtime import Bench, RuntimeContract
from tests.runtime.world import machine, package_registry, short_home

from sardonyx.services.models import LaunchPlan
from sardonyx.testing.runtime import MemoryRuntime
from sardonyx.text import Scalar

_FAULTS: Mapping[str, Mapping[str, Scalar]] = {
    "crash": {"exit_code": 7, "last_lines": "the table is missing", "crashes": 3},
    "missing-package": {"package_error": "not_found", "package": "sardonyx-no-such-package"},
    "slow": {"never_answered": "/", "seconds": 1},
}


def _fault(plan: LaunchPlan) -> Mapping[str, Scalar]:
    return _FAULTS.get(plan.chart.chart, {})


class TestMemory(RuntimeContract):
    @pytest.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        runtime = MemoryRuntime(fault=_fault)
        yield Bench(runtime, runtime.put_file)
        await runtime.close()


@pytest.mark.real
class TestLocalProcesses(RuntimeContract):
    @pytest.fixture
    async def bench(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
        with short_home() as home, package_registry() as address:
            monkeypatch.setenv("UV_DEFAULT_INDEX", address)
            monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
            async with machine(home) as made:

                def put_file(release: str, name: str, size: int) -> None:
                    (home.service(release) / "work" / name).write_bytes(b"x" * size)

                yield Bench(made.runtime, put_file)
