"""Make what the pages show of charts: cards, icons, faults in words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from markupsafe import Markup, escape

from sardonyx.catalog.models import Catalog, ChartRef, ListedChart
from sardonyx.text import localized


@dataclass(frozen=True, slots=True)
class ChartCard:
    """A chart on a page; `title` and `description` may carry marked hits of a search."""

    title: str | Markup
    description: str | Markup
    letter: str
    icon: str | None
    launch: str
    more: str | None
    version: str
    app_version: str
    runs_here: bool


# What an icon may be: a picture by somebody else.
PICTURES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """The cards of one catalogue; `title` is empty when it is the only one."""

    title: str
    description: str
    cards: tuple[ChartCard, ...]


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A repository that could not be read: which, where, why, and since when."""

    catalog: str
    place: str
    words: str
    since: datetime


@dataclass(frozen=True, slots=True)
class FaultView:
    """A chart that could not be read: where, and what is wrong there."""

    place: str
    problems: tuple[tuple[str, str], ...]


def launch_address(ref: ChartRef) -> str:
    return f"/launch/{quote(ref.catalog)}/{quote(ref.chart)}"


def icon_address(chart: ListedChart) -> str | None:
    """Return where the chart's icon is, its version making the address new with each one."""
    if chart.icon is None:
        return None
    ref = chart.ref
    tag = hashlib.sha256(f"{ref.version}".encode()).hexdigest()[:8]
    return f"/catalog/{quote(ref.catalog)}/{quote(ref.chart)}/icon?v={tag}"


def card(
    chart: ListedChart, language: str, words: Sequence[str] = (), *, runs_here: bool = True
) -> ChartCard:
    """Return the card of `chart`, with the searched `words` marked."""
    title = localized(chart.title, language)
    return ChartCard(
        title=marked(title, words),
        description=marked(localized(chart.description, language), words),
        letter=title[:1].upper(),
        icon=icon_address(chart),
        launch=launch_address(chart.ref),
        more=chart.home,
        version=chart.ref.version,
        app_version=chart.app_version,
        runs_here=runs_here,
    )


def unread(catalog: Catalog, language: str) -> ReadingView | None:
    """Return what keeps the catalogue's repository from being read, None when nothing does."""
    reading = catalog.reading
    if reading is None or reading.fault is None or reading.since is None:
        return None
    return ReadingView(
        catalog=localized(catalog.name, language),
        place=reading.fault.pointer,
        words=reading.fault.message.in_language(language),
        since=reading.since,
    )


def faults(catalog: Catalog, language: str) -> tuple[FaultView, ...]:
    """Return the charts of `catalog` that could not be read."""
    return tuple(
        FaultView(
            place=fault.folder,
            problems=tuple(
                (problem.pointer, problem.message.in_language(language))
                for problem in fault.problems
            ),
        )
        for fault in catalog.faults
    )


def marked(text: str, words: Sequence[str]) -> str | Markup:
    """Return `text` with each occurrence of a searched word marked."""
    lower, spans = text.lower(), []
    if len(lower) != len(text):  # a letter whose small form is longer would shift the marks
        return text
    for word in words:
        start = lower.find(word.lower()) if word else -1
        while start >= 0:
            spans.append((start, start + len(word)))
            start = lower.find(word.lower(), start + len(word))
    if not spans:
        return text
    out, end = Markup(""), 0
    for begin, stop in sorted(spans):
        if begin < end:
            continue
        out += escape(text[end:begin]) + Markup("<mark>{}</mark>").format(text[begin:stop])
        end = stop
    return out + escape(text[end:])
