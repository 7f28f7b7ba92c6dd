"""The platform's own release is no service: not listed, not shown, not changed, not deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from tests.web.stub_platform import JUPYTER, PROJECT, StubRuntime, seen

from sardonyx.adapters.kubernetes.own_release import without_own_release
from sardonyx.services.errors import ServiceExistsError, ServiceNotFoundError
from sardonyx.services.models import LaunchPlan, State
from sardonyx.services.ports import Runtime


@pytest.fixture
def runtime() -> tuple[StubRuntime, Runtime]:
    inner = StubRuntime(
        [
            seen(name, name, JUPYTER, State.RUNNING, timedelta(minutes=1))
            for name in ("sardonyx", "demo")
        ]
    )
    return inner, without_own_release(cast("Any", inner), "sardonyx")


def test_it_is_not_listed(runtime: tuple[StubRuntime, Runtime]) -> None:
    assert [one.release for one in runtime[1].releases(PROJECT.id)] == ["demo"]
    assert runtime[1].release(PROJECT.id, "demo").release == "demo"
    with pytest.raises(ServiceNotFoundError):
        runtime[1].release(PROJECT.id, "sardonyx")


@pytest.mark.parametrize(
    "method",
    ["suspend", "resume", "restart", "uninstall", "rollback", "history", "logs", "rename"],
)
async def test_nothing_is_done_to_it(runtime: tuple[StubRuntime, Runtime], method: str) -> None:
    inner, guarded = runtime
    with pytest.raises(ServiceNotFoundError):
        await getattr(guarded, method)(PROJECT.id, "sardonyx")
    assert inner.kept["sardonyx"].state is State.RUNNING
    with pytest.raises(ServiceNotFoundError):
        await getattr(guarded, method)(PROJECT.id, release="sardonyx")


async def test_its_name_is_taken(runtime: tuple[StubRuntime, Runtime]) -> None:
    plan = cast("LaunchPlan", type("Plan", (), {"release": "sardonyx", "project": PROJECT.id})())
    with pytest.raises(ServiceExistsError):
        await runtime[1].install(plan)
    with pytest.raises(ServiceNotFoundError):
        await runtime[1].upgrade(plan)
    await runtime[1].uninstall(PROJECT.id, "demo")
    assert list(runtime[0].kept) == ["sardonyx"]
