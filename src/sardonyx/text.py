"""Own the platform's translatable texts: a message is an English template plus its values.

Messages travel untranslated (in errors, findings, timelines) and become a person's language
only at the border (pages, REST, command line). Catalogues are gettext (`locale/`).
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "fr")
DEFAULT_LANGUAGE = "en"
LOCALE_DIR = Path(__file__).parent / "locale"

Scalar = str | int | float


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools extract
    """Mark a message for extraction and return it unchanged."""
    return message


@dataclass(frozen=True, slots=True)
class Text:
    """A message to translate: an English template with `{name}` places, and their values."""

    template: str
    values: Mapping[str, Scalar] = field(default_factory=dict)

    def in_language(self, language: str) -> str:
        """Return the message in `language` with its places filled."""
        return translations(language).gettext(self.template).format_map(_Shown(self.values))


class _Shown(dict[str, Scalar]):
    """Leave an unfilled place visible instead of raising while an error is being shown."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the gettext catalogue of `language`; English is the source, hence empty."""
    return gettext.translation("sardonyx", LOCALE_DIR, languages=[language], fallback=True)


def localized(text: str | Mapping[str, str], language: str) -> str:
    """Return a localized string of a chart: `language`, else English, else the first one."""
    if isinstance(text, str):
        return text
    return text.get(language) or text.get(DEFAULT_LANGUAGE) or next(iter(text.values()), "")
