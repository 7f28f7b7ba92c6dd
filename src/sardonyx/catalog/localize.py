"""Bring the languages of a chart's texts together.

JSON Schema and Helm want `title` and `description` to be plain texts; other languages stand in
`x-sardonyx: {fr: {title, description}}` beside them, or in annotations that hold JSON. Here both
become what Onyxia's charts use: a map of languages. Reason: docs/decisions, charts' texts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sardonyx.catalog.models import LocalizedText
from sardonyx.text import DEFAULT_LANGUAGE
from sardonyx.values import Json, JsonObject

KEYWORD = "x-sardonyx"
TEXTS = ("title", "description")
_MAX_DEPTH = 100


def localized_schema(schema: JsonObject) -> JsonObject:
    """Return `schema` with the texts of each node as maps where it says them in more languages.

    The keyword itself is left out. Anything that is not as expected is left as it is.
    """
    return _node(schema, 0)


def localized_annotation(value: Json, plain: str) -> LocalizedText:
    """Return the text of an annotation (a text, or JSON of texts by language), else `plain`."""
    texts = _by_language(value)
    if texts is None:
        return value if isinstance(value, str) and value else plain
    kept = {language: text for language, text in texts.items() if isinstance(text, str)}
    return kept or plain


def annotation_words(value: Json) -> tuple[str, ...]:
    """Return all the words of an annotation of lists by language, in the order they stand."""
    found = []
    for words in (_by_language(value) or {}).values():
        if isinstance(words, list):
            found += [word for word in words if isinstance(word, str)]
    return tuple(found)


def missing_texts(node: Mapping[str, Json], language: str) -> tuple[str, ...]:
    """Return which of title and description `node` has in English but not in `language`."""
    extra = node.get(KEYWORD)
    own = extra.get(language) if isinstance(extra, dict) else None
    texts = own if isinstance(own, dict) else {}
    missing = []
    for name in TEXTS:
        text = node.get(name)
        known = text.get(language) if isinstance(text, dict) else texts.get(name)
        if text and not known:
            missing.append(name)
    return tuple(missing)


def _by_language(value: Json) -> JsonObject | None:
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return None
    try:
        texts = json.loads(value)
    except ValueError:
        return None
    return texts if isinstance(texts, dict) else None


def _node(node: JsonObject, depth: int) -> JsonObject:
    if depth > _MAX_DEPTH:
        return node
    made = {key: value for key, value in node.items() if key != KEYWORD}
    languages = node.get(KEYWORD)
    if isinstance(languages, dict):
        for name in TEXTS:
            text = node.get(name)
            others = {
                language: texts[name]
                for language, texts in languages.items()
                if isinstance(texts, dict) and isinstance(texts.get(name), str)
            }
            if isinstance(text, str) and others:
                made[name] = {DEFAULT_LANGUAGE: text, **others}
    for key in ("properties", "definitions", "$defs"):
        members = made.get(key)
        if isinstance(members, dict):
            made[key] = {
                name: _node(member, depth + 1) if isinstance(member, dict) else member
                for name, member in members.items()
            }
    items = made.get("items")
    if isinstance(items, dict):
        made["items"] = _node(items, depth + 1)
    return made
