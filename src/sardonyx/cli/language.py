"""Find the language of the person at the terminal."""

from __future__ import annotations

import os

from sardonyx.text import DEFAULT_LANGUAGE, LANGUAGES


def user_language() -> str:
    """Return `en` or `fr`, from the usual variables: LC_ALL, then LC_MESSAGES, then LANG."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            language = value[:2].lower()
            return language if language in LANGUAGES else DEFAULT_LANGUAGE
    return DEFAULT_LANGUAGE
