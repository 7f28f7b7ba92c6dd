"""Measure the launcher on a chart of many properties: its pure core, links, and one keystroke."""

from __future__ import annotations

import statistics
import time
from html.parser import HTMLParser
from pathlib import Path

from tools.measures.pages import browser
from tools.measures.platform import MANY, platform
from tools.measures.table import Asked, Measure, Table, percentile

from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.launcher.draft import make_draft
from sardonyx.launcher.links import Link, read_query, write_query
from sardonyx.launcher.models import PatchEntry
from sardonyx.launcher.plan import make_plan
from sardonyx.values import Json, JsonObject

_CONTEXT: JsonObject = {
    "user": {"idep": "ada", "email": "ada@stat.example", "groups": ["soil", "tide"]},
    "project": {"id": "user-ada", "password": "9x4"},
    "s3": {"port": 9443, "isAnonymous": False},
}
_SIZES = (60, 600, 6000)
_GROUP = 20
_ENTRIES = 300


def many_settings(properties: int) -> JsonObject:
    """Return a schema of about `properties` properties of every kind, in groups of 20."""
    groups: dict[str, Json] = {}
    for number in range(max(1, properties // _GROUP)):
        groups[f"group{number}"] = {
            "type": "object",
            "title": f"Group {number}",
            "properties": {
                f"value{place}": _property(place) for place in range(min(_GROUP, properties) - 1)
            },
        }
    return {"type": "object", "properties": groups}


def chart(properties: int) -> Chart:
    """Return a chart of about `properties` properties."""
    return Chart(
        ref=ChartRef("bench", "many", "1.0.0"),
        folder=Path("many"),
        title="many",
        description="",
        keywords=(),
        app_version="",
        home=None,
        sources=(),
        icon=None,
        dependencies=(),
        values={},
        schema=many_settings(properties),
        local=None,
        readme="",
    )


def _property(place: int) -> JsonObject:
    title: JsonObject = {"title": f"Value {place}", "description": "What it is for."}
    kinds: tuple[JsonObject, ...] = (
        {"type": "string", "default": "text", "pattern": "^[a-z]*$"},
        {"type": "integer", "default": 3, "minimum": 0, "maximum": 9},
        {"type": "boolean", "default": True},
        {"type": "string", "enum": ["small", "medium", "large"], "default": "small"},
        {"type": "string", "x-onyxia": {"overwriteDefaultWith": "user.email"}},
        {
            "type": "string",
            "default": "",
            "x-onyxia": {"overwriteDefaultWith": "{{user.idep}}-{{project.id}}"},
        },
        {"type": "string", "default": "", "hidden": {"value": False, "path": "group0/value2"}},
    )
    return {**title, **kinds[place % len(kinds)]}


def measure(asked: Asked) -> Table:
    """Make draft, form and plan again and again."""
    medians: dict[int, float] = {}
    slow: dict[int, float] = {}
    patch = (PatchEntry(("group0", "value1"), 5),)
    for size in _SIZES:
        many = chart(size)
        seconds = []
        for _ in range(asked.size(100 if size < 6000 else 20, least=3)):
            begun = time.perf_counter()
            draft = make_draft(chart=many, context=_CONTEXT, patch=patch)
            make_plan(
                draft, release="many-1", project="user-ada", owner="ada",
                friendly_name="many", shared=False,
            )  # fmt: skip
            seconds.append((time.perf_counter() - begun) * 1000)
        if draft.problems:
            raise RuntimeError(f"the chart of the measure is wrong: {draft.problems[:3]}")
        medians[size], slow[size] = statistics.median(seconds), percentile(seconds, 95)
    lines = [Measure("600 properties, 95th percentile", slow[600], "ms", at_most=20)]
    for size in _SIZES:
        tenth = medians.get(size // 10)
        growth = f"{medians[size] / tenth:.1f} times that of a tenth" if tenth else ""
        lines.append(Measure(f"{size} properties", medians[size], "ms", note=growth))
    lines += [_links(asked), _keystrokes(asked)]
    return Table(
        "launcher",
        "Launcher: values, form and plan of one launch",
        lines,
        (
            "References resolved, form built, values judged and plan made from nothing, the schema "
            "read once (it is the same for each launch).",
            f"A link: a patch of {_ENTRIES} entries written, and read again.",
            "A keystroke: the whole form of 600 properties posted by HTTP with one text changed, "
            "until the pieces of the page that change are read; 95th percentile.",
        ),
    )


def _links(asked: Asked) -> Measure:
    """Write and read a link of texts, numbers and deletions."""
    values: tuple[Json, ...] = ("a text with blanks & signs", 3, True, None, "«é»")
    patch = tuple(
        PatchEntry(("env", place, "value"), values[place % len(values)])
        if place % 3
        else PatchEntry((f"group{place}", f"value{place}"))
        for place in range(_ENTRIES)
    )
    seconds = []
    for _ in range(asked.size(200, least=3)):
        begun = time.perf_counter()
        read = read_query(write_query(Link(name="many", patch=patch)).query)
        seconds.append((time.perf_counter() - begun) * 1000)
        if read.problems or len(read.link.patch) != _ENTRIES:
            raise RuntimeError("the link was not read whole")
    title = f"link of {_ENTRIES} entries, written and read"
    note = f"p95 {percentile(seconds, 95):.1f} ms"
    return Measure(title, statistics.median(seconds), "ms", at_most=2, note=note)


def _keystrokes(asked: Asked) -> Measure:
    """Type into the launch page of a running platform."""
    with browser(platform()) as person:
        at = f"/launch/{MANY.name}/many"
        page = _Form()
        page.feed(person.get(at, "identity")[0].decode())
        seconds = []
        for number in range(asked.size(60, least=3)):
            posted = [
                (name, "abc"[: 1 + number % 3] if name == "/group1/value0" else value)
                for name, value in page.posted
            ]
            body, _, took = person.post(f"{at}/check", posted)
            seconds.append(took * 1000)
        if b"/group1/value0" not in body:
            raise RuntimeError("the page does not answer the keystroke")
    note = f"{len(page.posted)} fields posted; p50 {statistics.median(seconds):.0f} ms"
    return Measure("a keystroke, judged", percentile(seconds[1:], 95), "ms", at_most=60, note=note)


class _Form(HTMLParser):
    """What a browser posts of the launch form when nobody touched it."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[tuple[str, str]] = []
        self._inside = False
        self._select = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self._inside = given.get("id") == "launch-form"
        elif self._inside and name and "disabled" not in given:
            if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
                self.posted.append((name, value))
            elif tag == "textarea":
                self._text = name
                self.posted.append((name, ""))
            elif tag == "select":
                self._select = name
        elif self._inside and tag == "option" and self._select and "selected" in given:
            self.posted.append((self._select, value))

    def handle_data(self, data: str) -> None:
        if self._text:
            self.posted[-1] = (self._text, self.posted[-1][1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._text = ""
        elif tag == "select":
            self._select = ""
