"""Lists of more services than a page shows."""

from __future__ import annotations

import html
import re
from datetime import timedelta

from tests.web.stub_platform import POSTGRESQL, seen, stub_platform, usual_releases
from tests.web.test_pages import client

from sardonyx.services.models import State


async def test_a_long_list_of_services_is_shown_a_hundred_at_a_time() -> None:
    platform = stub_platform(usual_releases())
    for number in range(150):
        name = f"census-{number}"
        age = timedelta(days=1, seconds=number)
        platform.runtime.kept[name] = seen(name, name, POSTGRESQL, State.RUNNING, age)
    async with client(platform) as browser:
        first = (await browser.get("/services")).text
        following = html.unescape(re.findall(r'<a href="(/services\?cursor=[^"]+)"', first)[0])
        last = (await browser.get(following)).text
    assert "100 of 154 services" in first
    assert "54 of 154 services" in last
    assert "cursor=" not in re.sub(r'sse-connect="[^"]*"', "", last)
    shown = [set(re.findall(r'id="row-([^"]+)"', page)) for page in (first, last)]
    assert shown[0] & shown[1] == set()
    assert shown[0] | shown[1] == set(platform.runtime.kept)
    assert f'sse-connect="{html.escape(following).replace("?", "/-/stream?")}"' in last
