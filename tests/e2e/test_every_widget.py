"""A chart with every widget, in both views and both languages, gives the same values each way."""

from __future__ import annotations

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext
from tests.e2e.every_widget import CATALOG, Runtime, assert_same_each_way, two_readers
from tests.e2e.light import call, project
from tests.e2e.platform import TestPlatform

from sardonyx.adapters.processes.plan_file import read_plan
from sardonyx.services.commands import without
from sardonyx.services.models import LaunchPlan
from sardonyx.values import JsonObject

pytestmark = pytest.mark.heavy


def test_form_text_link_and_saved_configuration_give_the_same_values(
    light: TestPlatform, browser: Browser
) -> None:
    def plan(name: str) -> LaunchPlan:
        return read_plan(light.home / "services" / name / "plan.json")

    def comparable(name: str) -> JsonObject:
        found = plan(name)
        return without(found.values, found.secret_paths | {("preferences",)})

    def below(method: str, path: str, *, json: JsonObject | None) -> httpx2.Response:
        return call(light, method, f"{project(light)}{path}", json=json)

    def enter(context: BrowserContext) -> None:
        context.new_page().goto(light.link())

    runtime = Runtime(
        base=light.base,
        catalog=CATALOG,
        call=below,
        launched=lambda name: plan(name).values,
        comparable=comparable,
    )
    with two_readers(browser, enter) as (english, french):
        assert_same_each_way(runtime, english, french)
