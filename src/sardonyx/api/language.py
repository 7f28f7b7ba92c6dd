"""Find out in which language to answer a request."""

from __future__ import annotations

from fastapi import Request

from sardonyx.text import DEFAULT_LANGUAGE, LANGUAGES

LANGUAGE_COOKIE = "language"


def request_language(request: Request) -> str:
    """Return `en` or `fr`: the person's choice (cookie), else the browser's first known one."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    for part in request.headers.get("accept-language", "").split(","):
        language = part.split(";")[0].strip().lower()[:2]
        if language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE
