"""What the cluster said, on pages: the button with its count, the list, toasts, allowances."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.web.stub_platform import (
    ADA,
    EVENTS,
    PROJECT,
    cluster_event,
    fill,
    stub_platform,
    usual_releases,
)
from tests.web.test_pages import client

from sardonyx.services.live import event_changes, list_changes, service_changes
from sardonyx.services.models import QuotaUse
from sardonyx.web.views import Viewer

STARTING = "jupyter-python-9041"


@pytest.fixture
async def platform() -> SimpleNamespace:
    made = stub_platform(usual_releases())
    await made.files.listing(ADA, PROJECT.id)
    await fill(made)
    return made


def viewer_of(platform: SimpleNamespace, language: str = "en") -> Viewer:
    return Viewer(
        request=cast("Any", None),
        platform=cast("Any", platform),
        actor=ADA,
        project=PROJECT,
        language=language,
        preferences=cast("Any", None),
    )


def warn(platform: SimpleNamespace, uid: str, message: str = "Back-off", seconds: int = 0) -> None:
    event = cluster_event(uid, "Warning", "BackOff", message, timedelta(seconds=seconds))
    platform.told.tell(PROJECT.id, event, STARTING)


def counted(page: str) -> str:
    """Return what the button “Events” counts, empty for nothing."""
    button = re.search(r'href="/events">.*?</a>', page, re.DOTALL)
    assert button is not None
    found = re.search(r'class="count num">([^<]+)', button.group())
    return found.group(1) if found else ""


async def test_the_button_counts_warnings_and_errors_until_they_are_read(
    platform: SimpleNamespace,
) -> None:
    async with client(platform) as browser:
        assert counted((await browser.get("/services")).text) == "2"
        page = (await browser.get("/events")).text
        assert page.count('class="badge plain new"') == 2
        # A look alone reads nothing: browsers fetch pages that nobody opens.
        assert counted((await browser.get("/services")).text) == "2"
        until = html.unescape(re.findall(r'name="until" value="([^"]+)"', page)[0])
        answer = await browser.post("/events/read", data={"until": until})
        assert answer.status_code == 303
        read = (await browser.get(answer.headers["location"])).text
        assert "These events count as read." in read
        assert "sardonyx projects events --mark-read" in read
        assert "Mark as read" not in read and 'class="badge plain new"' not in read
        assert counted((await browser.get("/services")).text) == ""
        warn(platform, "new")
        assert counted((await browser.get("/services")).text) == "1"


async def test_a_script_reads_without_a_page(platform: SimpleNamespace) -> None:
    async with client(platform, **{"hx-request": "true"}) as browser:
        answer = await browser.post("/events/read", data={"until": "2999-01-01T00:00:00+00:00"})
        assert (answer.status_code, answer.text) == (204, "")
        for wrong in ("", "now", "2999-01-01"):
            assert (await browser.post("/events/read", data={"until": wrong})).status_code == 422
    assert await platform.events.unread(ADA, PROJECT.id) == 0


async def test_the_list_says_how_grave_what_about_and_of_which_service(
    platform: SimpleNamespace,
) -> None:
    warn(platform, "again")
    platform.told.tell(
        PROJECT.id,
        cluster_event("again", "Warning", "BackOff", "Back-off", timedelta(0), count=1_204),
        STARTING,
    )
    async with client(platform) as browser:
        page = (await browser.get("/events")).text
    rows = re.findall(r'<li class="event".*?</li>', page, re.DOTALL)
    assert len(rows) == len(EVENTS) + 1
    first, second, third, *_, last = rows
    assert "1,204 times, last just now" in first
    assert f'<a href="/services/{STARTING}">Labour survey</a>' in second
    assert '<code translate="no">Pod told-0-0</code>' in second
    words = [re.findall(r"</svg><span>([^<]+)", row) for row in rows]
    assert [one[0] for one in words] == ["Warning", "Warning", "Error", *["Information"] * 3]
    assert "&lt;script&gt;alert" in third and "<script>alert" not in page
    assert "<a " not in last  # of no service
    assert "kubectl get events" in page


async def test_a_long_list_ends(platform: SimpleNamespace) -> None:
    for number in range(300):
        warn(platform, f"e{number}", "x" * 2_000, seconds=number)
    async with client(platform) as browser:
        page = (await browser.get("/events")).text
        assert counted((await browser.get("/services")).text) == "99+"
    assert page.count('<li class="event"') == 200
    assert "Older ones are not shown." in page


async def test_nothing_said_is_told() -> None:
    async with client(stub_platform(usual_releases())) as browser:
        page = (await browser.get("/events")).text
        assert counted((await browser.get("/services")).text) == ""
    assert "Nothing was said lately" in page
    assert "Mark as read" not in page


async def test_on_one_machine_there_is_no_button(platform: SimpleNamespace) -> None:
    platform.events = None
    async with client(platform) as browser:
        for page in ("/services", f"/services/{STARTING}", "/"):
            assert '"/events' not in (await browser.get(page)).text
        absent = await browser.get("/events")
        assert absent.status_code == 404
        assert "There are no events here" in absent.text
        assert (await browser.get("/events/stream")).status_code == 404
        assert (await browser.post("/events/read", data={})).status_code in (404, 422)
    async with aclosing(list_changes(viewer_of(platform), cursor=None, limit=100)) as changes:
        told = {one["event"]: one["data"] for one in [await anext(changes) for _ in range(4)]}
    assert list(told) == ["list", "all", "quota", "events"]
    assert told["events"].strip() == ""
    assert 'href="/services/-/delete"' in told["all"]


async def test_events_that_may_not_be_read_are_hidden_with_a_reason(
    platform: SimpleNamespace,
) -> None:
    platform.told.refused.add(PROJECT.id)
    async with client(platform) as browser:
        services = await browser.get("/services")
        refused = await browser.get("/events")
        assert (await browser.get("/events/stream")).status_code == 403
    assert services.status_code == 200
    assert "may not read the events of the namespace" in services.text
    assert 'href="/events"' not in services.text
    assert refused.status_code == 403
    assert "let it get, list and watch events" in refused.text


async def test_every_word_is_french(platform: SimpleNamespace) -> None:
    warn(platform, "again")
    async with client(platform, **{"accept-language": "fr"}) as browser:
        page = (await browser.get("/events")).text
    for word in ("Événements", "Avertissement", "Erreur", "Information", "nouveau", "Marquer"):
        assert word in page, word


# -- streams


async def until_told(
    changes: AsyncIterator[dict[str, str]], name: str, holding: str = ""
) -> tuple[str, list[str]]:
    """Return the data of the first event `name` with `holding`, and the names of all before."""
    before: list[str] = []
    async with asyncio.timeout(20):
        async for event in changes:
            if event["event"] == name and holding in event["data"]:
                return event["data"], before
            before.append(event["event"])
    raise AssertionError(f"the stream ended after {before}")


def opened(platform: SimpleNamespace) -> Any:
    return aclosing(list_changes(viewer_of(platform), cursor=None, limit=100))


async def test_a_warning_that_comes_is_counted_and_told_once(platform: SimpleNamespace) -> None:
    async with opened(platform) as changes:
        await until_told(changes, "events")
        warn(platform, "new", "Back-off <b>restarting</b> failed container")
        toast, _ = await until_told(changes, "toast")
        button, _ = await until_told(changes, "events")
        assert counted(button) == "3"
        assert "Back-off &lt;b&gt;restarting" in toast and "Labour survey" in toast
        assert 'aria-label="Dismiss"' in toast
        warn(platform, "another")
        toast, before = await until_told(changes, "toast")
        assert "toast" not in before
        assert "restarting" not in toast


async def test_what_was_said_before_the_page_was_opened_makes_no_toast(
    platform: SimpleNamespace,
) -> None:
    warn(platform, "old", "old", seconds=8)
    event = cluster_event("info", "Normal", "Pulled", "info", timedelta(0))
    platform.told.tell(PROJECT.id, event, STARTING)
    warn(platform, "young", "young", seconds=1)
    async with opened(platform) as changes:
        toast, before = await until_told(changes, "toast")
    assert "young" in toast
    assert "toast" not in before


async def test_few_toasts_come_at_once(platform: SimpleNamespace) -> None:
    for number in range(50):
        warn(platform, f"e{number}", f"message {number}." + "x" * 2_000)
    async with opened(platform) as changes:
        toasts = [(await until_told(changes, "toast"))[0] for _ in range(3)]
        warn(platform, "last", "the last")
        last, _ = await until_told(changes, "toast")
    assert "the last" in last
    assert all(len(toast) < 1_500 for toast in toasts)


async def test_a_service_s_page_tells_warnings_too(platform: SimpleNamespace) -> None:
    changes = service_changes(viewer_of(platform), STARTING)
    async with aclosing(changes):
        await until_told(changes, "story")
        warn(platform, "new", "Back-off")
        toast, _ = await until_told(changes, "toast")
    assert "Back-off" in toast


@pytest.mark.parametrize("page", ["list", "service", "events"])
async def test_a_page_whose_events_are_watched_no_more_ends_and_is_asked_for_again(
    platform: SimpleNamespace, page: str
) -> None:
    viewer = viewer_of(platform)
    stream: Any = {
        "list": lambda: list_changes(viewer, cursor=None, limit=100),
        "service": lambda: service_changes(viewer, STARTING),
        "events": lambda: event_changes(viewer),
    }[page]()
    async with aclosing(stream) as changes, asyncio.timeout(20):
        await anext(changes)
        platform.told.fail(RuntimeError("the watch broke"))
        async for _ in changes:
            pass


async def test_a_look_in_another_tab_clears_the_count(platform: SimpleNamespace) -> None:
    async with opened(platform) as changes:
        button, _ = await until_told(changes, "events")
        assert counted(button) == "2"
        await platform.events.look(ADA, PROJECT.id)
        button, _ = await until_told(changes, "events")
        assert counted(button) == ""


async def test_the_list_grows_and_keeps_marked_what_is_new(platform: SimpleNamespace) -> None:
    async with aclosing(event_changes(viewer_of(platform))) as changes:
        rows, _ = await until_told(changes, "rows")
        assert rows.count('class="badge plain new"') == 2
        await platform.events.look(ADA, PROJECT.id)
        warn(platform, "new")
        rows, _ = await until_told(changes, "rows", "event-new")
        assert rows.count('class="badge plain new"') == 3


async def test_allowances_move_while_the_page_is_open(platform: SimpleNamespace) -> None:
    async with opened(platform) as changes:
        quota, _ = await until_told(changes, "quota")
        assert "15Gi of 16Gi" in quota
        platform.runtime.limits = [QuotaUse("limits.memory", "2Gi", "16Gi")]
        platform.told.change(PROJECT.id)
        quota, _ = await until_told(changes, "quota")
        assert "2Gi of 16Gi" in quota


async def test_a_right_that_goes_takes_the_button_along(platform: SimpleNamespace) -> None:
    async with opened(platform) as changes:
        await until_told(changes, "events")
        platform.told.refused.add(PROJECT.id)
        platform.told.change(PROJECT.id)
        reason, _ = await until_told(changes, "events")
    assert "may not read" in reason
