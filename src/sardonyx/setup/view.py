"""How a check is shown: the same words on the page, in REST and on the command line."""

from __future__ import annotations

from collections.abc import Mapping

from sardonyx.setup.models import Area, Check, Verdict
from sardonyx.text import N_, translations
from sardonyx.values import JsonObject

AREAS: Mapping[Area, str] = {
    Area.IDENTITY: N_("Identity"),
    Area.DATABASE: N_("Database"),
    Area.RIGHTS: N_("Rights on the cluster"),
    Area.STORAGE: N_("Storage of files"),
    Area.SECRETS: N_("Store of secrets"),
    Area.EXPOSURE: N_("Addresses of services"),
    Area.CATALOGS: N_("Catalogues"),
    Area.IMAGES: N_("Images"),
}
VERDICTS: Mapping[Verdict, str] = {
    Verdict.READY: N_("ready"),
    Verdict.EVALUATION: N_("evaluation only"),
    Verdict.FAILING: N_("failing"),
    Verdict.OFF: N_("not set"),
}


def check_document(check: Check, language: str) -> JsonObject:
    """Return one check as REST and `doctor --json` give it."""
    document: JsonObject = {
        "area": check.area.value,
        "title": area_title(check.area, language),
        "verdict": check.verdict.value,
        "reason": check.reason.in_language(language),
        "found": {name: value for name, value in check.found.items() if value},
        "seconds": round(check.seconds, 3),
    }
    if check.setting:
        document["setting"] = check.setting
    if check.value:
        document["value"] = check.value
    if check.at is not None:
        document["at"] = check.at.isoformat()
    return document


def area_title(area: Area, language: str) -> str:
    return translations(language).gettext(AREAS[area])


def verdict_words(verdict: Verdict, language: str) -> str:
    return translations(language).gettext(VERDICTS[verdict])
