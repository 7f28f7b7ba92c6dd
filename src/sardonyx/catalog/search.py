"""Find charts by words, in both languages, whatever the accents and capitals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from sardonyx.catalog.models import ListedChart, LocalizedText

_WORD = re.compile(r"\w+")
# Weight of a hit by where it is; a whole word or its beginning counts more than its middle.
_NAME, _KEYWORD, _DESCRIPTION = 8, 4, 2
_MAX_WORDS = 10


def plain(text: str) -> str:
    """Return `text` without accents and capitals: `Données` becomes `donnees`."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def search(charts: Iterable[ListedChart], text: str) -> tuple[ListedChart, ...]:
    """Return the charts that hold every word of `text`, or a part of one; best first.

    An empty text finds all, in their order.
    """
    words = _WORD.findall(plain(text[:200]))[:_MAX_WORDS]
    scored = [(sum(scores), chart) for chart in charts if all(scores := _scores(chart, words))]
    return tuple(chart for _, chart in sorted(scored, key=lambda found: -found[0]))


def _scores(chart: ListedChart, words: list[str]) -> list[int]:
    fields = (
        (_NAME, [chart.ref.chart, *_languages(chart.title)]),
        (_KEYWORD, list(chart.keywords)),
        (_DESCRIPTION, _languages(chart.description)),
    )
    known = [
        (weight, found)
        for weight, texts in fields
        for t in texts
        for found in _WORD.findall(plain(t))
    ]
    return [
        max((_hit(weight, found, word) for weight, found in known), default=0) for word in words
    ]


def _hit(weight: int, found: str, word: str) -> int:
    if word not in found:
        return 0
    return weight * 2 if found.startswith(word) else weight


def _languages(text: LocalizedText) -> list[str]:
    return list(text.values()) if isinstance(text, Mapping) else [text]
