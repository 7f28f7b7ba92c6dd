"""Check a platform on a cluster from its settings file: the body of `doctor --config`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sardonyx.cli.language import user_language
from sardonyx.cli.output import document, say, worded
from sardonyx.deployment_file import load_settings
from sardonyx.errors import EXIT_CODE, Kind
from sardonyx.serve import setup_checks
from sardonyx.setup.models import Check, Verdict
from sardonyx.setup.view import area_title, check_document, verdict_words
from sardonyx.text import N_


def doctor(file: Path, *, as_json: bool) -> int:
    """Print each area with what to do; return the exit code: 5 when one fails.

    Raises SettingsFileUnreadableError, SettingsFileError.
    """
    settings = load_settings(file)
    language = user_language()
    checks = asyncio.run(setup_checks(settings))
    if as_json:
        document([check_document(check, language) for check in checks])
    else:
        for check in checks:
            _print(check, language)
    failing = sum(check.verdict is Verdict.FAILING for check in checks)
    if failing:
        say(N_("{count} parts fail."), count=failing)
        return EXIT_CODE[Kind.FAULT]
    return 0


def _print(check: Check, language: str) -> None:
    title, verdict = area_title(check.area, language), verdict_words(check.verdict, language)
    print(f"{title:<24} {verdict:<18} {check.reason.in_language(language)}")
    if check.setting and check.verdict is not Verdict.READY:
        value = f": {check.value}" if check.value else ""
        word = worded(N_("Set"))
        print(f"{'':<24} {word} {check.setting}{value}")
