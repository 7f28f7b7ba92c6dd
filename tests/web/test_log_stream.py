"""The log of a service's page: its stream begins with what the page may have missed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from types import SimpleNamespace
from typing import cast

from tests.web.stub_platform import ADA, PROJECT, stub_platform, usual_releases

from sardonyx.services.live import BEGIN, service_changes
from sardonyx.web.views import Viewer

NAME = "jupyter-python-73105"


def viewer_of(platform: SimpleNamespace) -> Viewer:
    made = SimpleNamespace(
        platform=platform,
        actor=ADA,
        project=PROJECT,
        language="en",
        fragment=lambda *_, **__: "",
        say=str,
    )
    return cast(Viewer, made)


async def first_of_log(platform: SimpleNamespace, count: int) -> list[str]:
    logs: list[str] = []
    async with asyncio.timeout(20), aclosing(service_changes(viewer_of(platform), NAME)) as changes:
        async for event in changes:
            if event["event"] == "log":
                logs.append(event["data"])
            if len(logs) == count:
                break
    return logs


async def test_the_log_begins_anew_with_its_end_then_grows() -> None:
    platform = stub_platform(usual_releases())
    first, more = await first_of_log(platform, 2)
    assert first == BEGIN + platform.runtime.log
    assert more.endswith("&lt;b&gt;Kernel started&lt;/b&gt;\n")
    assert BEGIN not in more


async def test_a_service_cannot_wipe_what_its_page_shows() -> None:
    platform = stub_platform(usual_releases())
    platform.runtime.log = f"secretly{BEGIN}gone\n"
    assert await first_of_log(platform, 1) == [f"{BEGIN}secretly gone\n"]
