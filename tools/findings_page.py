"""Write docs/findings.md: each finding on a cluster, how it comes, its words, what mends it.

    python tools/findings_page.py          writes the page
    python tools/findings_page.py check    fails when it is out of date

One table: the words are those of the code, in both languages; how each is provoked is told by
its cases in tests/data/findings, and by the ways of tests/cluster/provoking.py that a real
cluster goes through.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

from babel.messages.pofile import read_po

from sardonyx.services.cluster_words import CLUSTER_WORDS

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "data" / "findings"
FRENCH = ROOT / "src" / "sardonyx" / "locale" / "fr" / "LC_MESSAGES" / "sardonyx.po"
PAGE = ROOT / "docs" / "findings.md"
_HEAD = """<!-- Written by tools/findings_page.py: change the code or its cases, not this page. -->
# Findings on a cluster

Why a service on a cluster does not advance: how it comes to that, what the person reads, what
mends it. The judgement is pure (`services/cluster_diagnosis.py`), on what the watch caches hold;
each way has a case in `tests/data/findings`. Those marked *light* are also provoked on a real
API server, scheduler and controllers with simulated nodes, those marked *node* with real pods
(`tests/cluster/test_findings.py`, `test_findings_of_launches.py`, `test_watch_faults.py`); {places}
are filled in.
Findings of one machine, and all of them by their codes: [reference](reference/findings.md).

"""
_BEFORE = {
    "quota_would_exceed": "Looked at before a launch: more than the quota has left.",
    "names_taken": "Looked at before a launch: a chart with fixed names, launched twice.",
    "storage_class_unknown": "Looked at before a launch: a storage class that does not exist.",
    "storage_class_no_default": "Looked at before a launch: no class, and no default one.",
    "gpu_too_many": "Looked at before a launch: more GPU than any node has.",
}


def page() -> str:
    """Return the page."""
    from tests.cluster.provoking import LIGHT, NODE
    from tests.cluster.refusing import BEFORE, BY_HELM
    from tests.cluster.watching import FAULTS

    provoked: dict[str, list[str]] = defaultdict(list)
    besides: dict[str, list[str]] = defaultdict(list)
    for path in sorted(CASES.glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if case["provoked"].startswith("The same") and len(case["expected"]) < 2:
            continue
        for number, one in enumerate(case["expected"]):
            (besides if number else provoked)[one["code"]].append(case["provoked"])
    where: dict[str, set[str]] = defaultdict(set)
    light = [one.code for table in (LIGHT, BY_HELM, BEFORE) for one in table.values()]
    for code in (*light, *FAULTS.values()):
        where[code].add("light")
    for way in NODE.values():
        where[way.code].add("node")
    rows = [
        "| code | how it is provoked | on a cluster | what is said | what mends it |",
        "| --- | --- | --- | --- | --- |",
    ]
    with FRENCH.open("rb") as file:
        kept = read_po(file, locale="fr")

    def french(text: str) -> str:
        found = kept.get(text)
        return str(found.string) if found is not None else text

    for code, words in CLUSTER_WORDS.items():
        how = " ".join((provoked[code] or besides[code])[:2]) or _BEFORE.get(code, "")
        said = f"**{words.title}.** {words.explanation}"
        dit = f"**{french(words.title)}.** {french(words.explanation)}"
        mend, remede = words.next_step, french(words.next_step)
        cells = (
            f"`{code}`",
            how,
            ", ".join(sorted(where[code])),
            f"{said}<br>{dit}",
            f"{mend}<br>{remede}",
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return _HEAD + "\n".join(rows) + "\n"


def main() -> int:
    """Write the page, or say whether it is current; returns the exit code."""
    sys.path.insert(0, str(ROOT))
    made = page()
    if sys.argv[1:] == ["check"]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == made:
            return 0
        print("docs/findings.md is out of date: run python tools/findings_page.py")
        return 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
