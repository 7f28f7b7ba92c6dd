"""The chart that uses every widget, filled in by a browser: shared by both runtimes' journeys."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import Browser, BrowserContext, Page, expect

from sardonyx.launcher.scalars import at
from sardonyx.values import Json, JsonObject
from sardonyx.values import Path as ValuePath

CHART = Path(__file__).parents[1] / "data" / "charts" / "everything"
CATALOG = "every"
SECRET = "tulip"
# What the form was given: a path of the values, and what stands there then.
FILLED: dict[ValuePath, Json] = {
    ("greeting",): "good evening",
    ("verbose",): True,
    ("texts", "long"): "three\nfour",
    ("choices", "enum"): "c",
    ("choices", "yesOrNo"): False,
    ("numbers", "whole"): 5,
    ("sliders", "disk"): "11Gi",
    ("sliders", "count"): 3,
    ("pod", "requests", "memory"): "24Mi",
    ("pod", "limits", "memory"): "72Mi",
    ("lists", "tags"): ["tide", "kelp"],
    ("blocks", "labels"): {"team": "tide"},
    ("database", "mode"): "external",
    ("database", "url"): "db.lab",
    ("extras", "side"): True,
    ("side", "count"): 2,
    ("cache", "size"): 4,
}


class Call(Protocol):
    """Calls REST v1 below the person's project."""

    def __call__(self, method: str, path: str, *, json: JsonObject | None) -> httpx2.Response: ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """A platform of either kind, as its journey needs it.

    base: address of its pages. catalog: that has the chart. launched: all the values that a
    service was launched with; comparable: the same without what is secret or drawn anew.
    """

    base: str
    catalog: str
    call: Call
    launched: Callable[[str], JsonObject]
    comparable: Callable[[str], JsonObject]

    @property
    def launcher(self) -> str:
        return f"/launch/{self.catalog}/everything"


@contextmanager
def two_readers(
    browser: Browser, enter: Callable[[BrowserContext], object]
) -> Iterator[tuple[Page, Page]]:
    """Give a page in English and one in French, each let in by `enter`."""
    expect.set_options(timeout=60_000)
    with ExitStack() as stack:
        pages = []
        for locale in ("en-GB", "fr-FR"):
            context = browser.new_context(viewport={"width": 1280, "height": 900}, locale=locale)
            stack.callback(context.close)
            context.set_default_timeout(60_000)
            enter(context)
            pages.append(context.new_page())
        yield pages[0], pages[1]


def every_widget_catalog(folder: Path) -> Path:
    """Make the chart a catalogue of its own: the folder `every` in `folder`."""
    root = folder / CATALOG
    every_widget_chart(root)
    return root


def every_widget_chart(catalog: Path) -> None:
    """Put the chart into a catalogue's folder."""
    shutil.copytree(CHART, catalog / "everything")


def checked(page: Page, act: Callable[[], object]) -> None:
    """Do something that the server judges, and wait until it did."""
    with page.expect_response("**/check*") as answer:
        act()
    assert answer.value.ok
    expect(page.locator(".htmx-request")).to_have_count(0)  # it was swapped in too


def unfolded(page: Page) -> None:
    folded = page.locator(".settings > details:not([open]) > summary")
    while folded.count():
        folded.first.click()


def fill(page: Page) -> None:
    """Fill in one of each widget, by mouse and by keyboard."""

    def field(name: str) -> str:
        return f"#field-{name}"

    unfolded(page)
    for name, text in (
        ("greeting", "good evening"),
        ("texts-long", "three\nfour"),
        ("texts-secret", SECRET),
        ("numbers-whole", "5"),
        ("blocks-labels", "team: tide\n"),
        ("cache-size", "4"),
    ):
        checked(page, lambda name=name, text=text: page.locator(field(name)).fill(text))  # type: ignore[misc]
    checked(page, lambda: page.locator(field("verbose")).check())
    checked(page, lambda: page.locator(field("choices-enum")).select_option("c"))
    checked(page, lambda: page.locator(field("choices-yesOrNo")).select_option("false"))
    for name in ("sliders-disk", "sliders-count", "pod-requests-memory", "pod-limits-memory"):
        checked(page, lambda name=name: page.locator(field(name)).press("ArrowRight"))  # type: ignore[misc]
    lists = page.locator(field("lists-tags"))
    checked(page, lambda: lists.get_by_role("button", name="Add").click())
    checked(page, lambda: page.locator(field("lists-tags-2")).fill("kelp"))
    checked(page, lists.get_by_role("button", name="Remove").first.click)
    # What a choice hides comes once it is made; a sub-chart comes with its switch.
    expect(page.locator(field("database-url"))).to_have_count(0)
    checked(page, lambda: page.locator(field("database-mode")).select_option("external"))
    checked(page, lambda: page.locator(field("database-url")).fill("db.lab"))
    checked(page, lambda: page.locator(field("extras-side")).check())
    unfolded(page)
    checked(page, lambda: page.locator(field("side-count")).fill("2"))


def as_text(page: Page) -> str:
    """Go to the YAML view, and return what it shows."""
    checked(page, lambda: page.locator(".segment[value=yaml]").click())
    page.locator("sx-editor .cm-content").wait_for()
    return page.locator("sx-editor textarea").input_value()


def type_text(page: Page, text: str) -> None:
    """Put another text into the editor, as one pastes."""
    page.locator("sx-editor .cm-content").click()
    page.keyboard.press("Control+A")
    checked(page, lambda: page.keyboard.insert_text(text))


def link(page: Page) -> str:
    """Return path and query of the address bar."""
    parts = urlsplit(page.url)
    return f"{parts.path}?{parts.query}"


def launch(page: Page) -> str:
    """Launch; return the name of the service."""
    page.locator("#launch-button").click()
    page.wait_for_url("**/services/**")
    return urlsplit(page.url).path.rsplit("/", 1)[1]


def assert_filled(values: JsonObject) -> None:
    other = {
        path: at(values, path) for path, wanted in FILLED.items() if at(values, path) != wanted
    }
    assert not other, other


def assert_same_each_way(runtime: Runtime, english: Page, french: Page) -> None:
    """Fill in the form; relaunch it by link, as text and as a saved configuration; compare."""
    english.goto(runtime.base + runtime.launcher)
    fill(english)
    address = link(english)
    assert SECRET not in address
    text = as_text(english)
    assert link(english) == address  # one draft, whichever view
    assert "$TEXTS_SECRET" in text and SECRET not in text
    first = launch(english)
    values = runtime.launched(first)
    assert_filled(values)
    assert at(values, ("texts", "secret")) == SECRET

    # The link, followed by somebody who reads French, and looked at as text.
    french.goto(runtime.base + address)
    expect(french.get_by_role("heading", name="Réglages")).to_be_visible()
    assert as_text(french).startswith("greeting: good evening\n")
    by_link = launch(french)

    # Typed as text where nothing was filled in.
    french.goto(runtime.base + runtime.launcher)
    type_text(french, text)
    by_text = launch(french)

    wanted = runtime.comparable(first)
    saved = runtime.call(
        "POST",
        "/configurations",
        json={
            "friendlyName": "night run",
            "catalog": runtime.catalog,
            "chart": "everything",
            "values": wanted,
        },
    )
    assert saved.status_code == 201, saved.text
    number = saved.json()["configuration"]["id"]
    launched = runtime.call("POST", f"/configurations/{number}/launch", json=None)
    assert launched.is_success, launched.text
    by_configuration = launched.json()["service"]["name"]

    for other in (by_link, by_text, by_configuration):
        assert runtime.comparable(other) == wanted
