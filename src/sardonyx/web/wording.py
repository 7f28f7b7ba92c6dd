"""Put numbers, sizes and times into a person's language. Pure; used as template filters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent

from sardonyx.text import translations

_UNITS = {
    "en": ("bytes", "kB", "MB", "GB", "TB"),
    "fr": ("octets", "ko", "Mo", "Go", "To"),
}


def size(count: float, language: str) -> str:
    """Return bytes in decimal units: `1.4 MB`, `1,4 Mo`."""
    units = _UNITS[language]
    value, unit = float(count), 0
    while value >= 1000 and unit < len(units) - 1:
        value, unit = value / 1000, unit + 1
    shown = "#,##0" if unit == 0 or value >= 100 else "#,##0.#"
    return f"{format_decimal(value, shown, locale=language)}\u202f{units[unit]}"


def number(value: float, language: str) -> str:
    """Return a number with the language's separators."""
    return format_decimal(value, locale=language)


def percent(part: float, language: str) -> str:
    """Return a part in [0, 1] as percent: `43%`, `43 %`."""
    return format_percent(part, locale=language)


def ago(moment: datetime, language: str, now: datetime | None = None) -> str:
    """Return how long ago: `3 minutes ago`, `il y a 3 minutes`."""
    elapsed = (now or datetime.now(UTC)) - moment
    if abs(elapsed) < timedelta(seconds=10):
        return translations(language).gettext("just now")
    seconds = elapsed.total_seconds() // 1
    return _ago(timedelta(seconds=seconds - seconds % _step(abs(seconds))), language)


def duration(elapsed: timedelta, language: str) -> str:
    """Return a length of time, short: `0.4 s`, `12 s`, `3 min 5 s`."""
    seconds = elapsed.total_seconds()
    if seconds < 9.95:
        return f"{format_decimal(seconds, '0.0', locale=language)}\u202fs"
    if seconds < 59.5:
        return f"{seconds:.0f}\u202fs"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}\u202fmin {rest:02d}\u202fs"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}\u202fh {minutes:02d}\u202fmin"


def moment(value: datetime, language: str) -> str:
    """Return date and time where the platform runs: `23 Nov 2026, 14:05`."""
    return _moment(value.astimezone().replace(second=0, microsecond=0), language)


def clock(value: datetime) -> str:
    """Return the time of day where the platform runs, with seconds."""
    return value.astimezone().strftime("%H:%M:%S")


# A list of a hundred services asks for two hundred of these each time one of them changes.
@lru_cache(maxsize=2_048)
def _moment(minute: datetime, language: str) -> str:
    return format_datetime(minute, "d MMM y, HH:mm", locale=language)


def _step(seconds: float) -> int:
    """Return how fine a time is told, in seconds: what is hours ago needs no minutes."""
    if seconds < 3_600:
        return 1
    return 300 if seconds < 2 * 86_400 else 3_600


@lru_cache(maxsize=2_048)
def _ago(elapsed: timedelta, language: str) -> str:
    return format_timedelta(-elapsed, add_direction=True, locale=language, threshold=1.2)
