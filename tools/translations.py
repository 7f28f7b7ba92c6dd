"""Keep the French of the platform complete.

python tools/translations.py extract    read every text into locale/messages.pot
python tools/translations.py update     bring new texts into fr/sardonyx.po
python tools/translations.py compile    make the .mo files that are read at run time
python tools/translations.py check      fail when a text is missing, fuzzy or stale
"""

from __future__ import annotations

import re
import sys
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "sardonyx"
LOCALE = SOURCE / "locale"
TEMPLATE = LOCALE / "messages.pot"
DOMAIN = "sardonyx"
LANGUAGES = ("fr",)
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "N_": None,
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
}
Message: TypeAlias = "str | tuple[str, ...] | list[str] | None"
STRAIGHT = re.compile(r"[^\W\d_]'\w")
PLACES = re.compile(r"\{\w*\}|%\(\w+\)s")


def extracted() -> Catalog:
    """Return every text of the sources, without line numbers: they change without reason."""
    found = Catalog(project="sardonyx", charset="utf-8")
    for name, _, message, comments, context in extract_from_dir(
        SOURCE, METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=("Translators:",)
    ):
        found.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return found


def po_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(language: str) -> Catalog:
    """Return the kept translations of a language, empty when there are none."""
    path = po_file(language)
    if not path.exists():
        return Catalog(locale=language, domain=DOMAIN)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def extract() -> None:
    _write(TEMPLATE, extracted())


def update() -> None:
    for language in LANGUAGES:
        kept = read(language)
        kept.update(extracted(), no_fuzzy_matching=True)
        kept.obsolete.clear()
        _write(po_file(language), kept)


def compile_all() -> None:
    for language in LANGUAGES:
        with po_file(language).with_suffix(".mo").open("wb") as file:
            write_mo(file, read(language))


def check() -> list[str]:
    """Return what is wrong with the translations."""
    wanted = extracted()
    faults = []
    for language in LANGUAGES:
        kept = read(language)
        for message in wanted:
            if not message.id:
                continue
            known = kept.get(message.id, message.context)
            shown = repr(message.id)[:90]
            if known is None or not _texts(known.string) or not all(_texts(known.string)):
                faults.append(f"{language}: missing: {shown}")
            elif known.fuzzy:
                faults.append(f"{language}: fuzzy: {shown}")
            elif any(STRAIGHT.search(text) for text in _texts(known.string)):
                faults.append(f"{language}: a straight apostrophe: {shown}")
            elif not _same_places(message.id, known.string):
                faults.append(f"{language}: other places than the source: {shown}")
        ids = {(_texts(m.id)[0], m.context) for m in wanted if m.id}
        faults += [
            f"{language}: no longer in the sources: {_texts(m.id)[0][:90]!r}"
            for m in kept
            if m.id and (_texts(m.id)[0], m.context) not in ids
        ]
    return faults


def _texts(value: Message) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _same_places(source: Message, given: Message) -> bool:
    wanted = {place for text in _texts(source) for place in PLACES.findall(text)}
    return all(set(PLACES.findall(text)) <= wanted for text in _texts(given)) and wanted <= {
        place for text in _texts(given) for place in PLACES.findall(text)
    }


def _write(path: Path, catalog: Catalog) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    out = BytesIO()
    write_po(out, catalog, width=100, sort_output=True, no_location=True, omit_header=False)
    text = out.getvalue().decode()
    # Dates and the tool's own name would make each run a change.
    text = re.sub(
        r'^"(POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator'
        r"|Language-Team|Report-Msgid-Bugs-To):.*\n",
        "",
        text,
        flags=re.MULTILINE,
    )
    text = re.sub(r"\A(#.*\n)+", "", text)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    commands = {"extract": extract, "update": update, "compile": compile_all}
    asked = sys.argv[1:] or ["check"]
    for name in asked:
        if name == "check":
            faults = check()
            print("\n".join(faults) or "translations are complete")
            if faults:
                raise SystemExit(1)
        elif name in commands:
            commands[name]()
        else:
            raise SystemExit(f"unknown: {name}; one of extract, update, compile, check")


if __name__ == "__main__":
    main()
