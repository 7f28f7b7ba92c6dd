"""A chart with every widget, in both views and both languages, gives the same values each way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.every_widget import (
    ADDRESS,
    CATALOG,
    SECRET,
    as_text,
    assert_filled,
    fill,
    launch,
    link,
    type_text,
)
from tests.e2e.light import call, project
from tests.e2e.platform import TestPlatform

from sardonyx.adapters.processes.plan_file import read_plan
from sardonyx.services.commands import without
from sardonyx.values import JsonObject


@pytest.fixture
def pages(browser: Browser, light: TestPlatform) -> Iterator[tuple[Page, Page]]:
    """A page in English and one in French, signed in."""
    contexts = [
        browser.new_context(viewport={"width": 1280, "height": 900}, locale=locale)
        for locale in ("en-GB", "fr-FR")
    ]
    opened = []
    for context in contexts:
        context.set_default_timeout(60_000)
        opened.append(context.new_page())
        opened[-1].goto(light.link())
    expect.set_options(timeout=60_000)
    yield opened[0], opened[1]
    for context in contexts:
        context.close()


def values(platform: TestPlatform, name: str) -> JsonObject:
    """Return what a service was launched with; not what is secret or the reader's language."""
    plan = read_plan(platform.home / "services" / name / "plan.json")
    return without(plan.values, plan.secret_paths | {("preferences",)})


def test_form_text_link_and_saved_configuration_give_the_same_values(
    light: TestPlatform, pages: tuple[Page, Page]
) -> None:
    english, french = pages
    english.goto(light.base + ADDRESS)
    fill(english)
    address = link(english)
    assert SECRET not in address
    text = as_text(english)
    assert link(english) == address  # one draft, whichever view
    assert "$TEXTS_SECRET" in text and SECRET not in text
    first = launch(english)
    plan = read_plan(light.home / "services" / first / "plan.json")
    assert_filled(plan.values)
    assert plan.values["texts"]["secret"] == SECRET  # type: ignore[index,call-overload]

    # The link, followed by somebody who reads French, and looked at as text.
    french.goto(light.base + address)
    expect(french.get_by_role("heading", name="Réglages")).to_be_visible()
    assert as_text(french).startswith("greeting: good evening\n")
    by_link = launch(french)

    # Typed as text where nothing was filled in.
    french.goto(light.base + ADDRESS)
    type_text(french, text)
    by_text = launch(french)

    saved = call(
        light,
        "POST",
        f"{project(light)}/configurations",
        json={
            "friendlyName": "night run",
            "catalog": CATALOG,
            "chart": "everything",
            "values": values(light, first),
        },
    )
    assert saved.status_code == 201, saved.text
    number = saved.json()["configuration"]["id"]
    launched = call(light, "POST", f"{project(light)}/configurations/{number}/launch")
    assert launched.is_success, launched.text
    by_configuration = launched.json()["service"]["name"]

    wanted = values(light, first)
    for other in (by_link, by_text, by_configuration):
        assert values(light, other) == wanted
