"""Check what no other tool checks: what must not be in the repository, and what must be.

    python tools/hygiene.py

Reads every file that Git knows or would add; prints one line for each fault.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONG = 400
REASON = f"Over {LONG} lines"
HEADER_LINES = 12
CODE = {".py", ".js", ".css", ".html"}
BINARY = {".png", ".parquet", ".ico", ".woff2", ".gz", ".zip"}
# Packages come from the registry that the machine is set to, never from one written here.
REGISTRY = re.compile(
    r"https?://[^\s\"'<>)]*(?:pypi\.org|pythonhosted\.org|registry\.npmjs|registry\.yarnpkg"
    r"|proxy\.golang\.org|repo1?\.maven)|(?:--extra|--default)?-?index-url[ =]+https?://(?!example\.)"
    r"|^\s*registry *= *http",
    re.MULTILINE,
)
# A folder of one machine. `/root` alone is a name of the system; tests try to read inside it.
MACHINE = re.compile(r"(?<![\w.~}])/(?:home/(?!onyxia\b|ada\b)[a-z][\w-]*|work/[\w.]|root/[\w.])")
ALLOWED = {
    "tools/hygiene.py": "holds the patterns themselves",
    "tests/runtime/test_isolation.py": "tries to read the owner's keys from inside a service",
}


def files() -> list[Path]:
    """Return the files Git holds or would add, relative to the checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found = (Path(name) for name in listed.stdout.split("\0") if name)
    return sorted(path for path in found if (ROOT / path).is_file())


def faults(path: Path) -> Iterator[str]:
    """Yield what is wrong with one file."""
    if path.name == "uv.lock":
        yield f"{path}: requirements/*.txt are the pins; a lock file holds registry addresses"
    if path.suffix in BINARY:
        return
    try:
        text = (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        if not str(path).startswith("tests/data/"):
            yield f"{path}: is not UTF-8"
        return
    if str(path) not in ALLOWED:
        yield from _addresses(path, text)
    if path.name == "package-lock.json":
        yield from _resolved(path, text)
    lines = text.splitlines()
    if path.suffix in CODE and len(lines) > LONG and REASON not in "\n".join(lines[:HEADER_LINES]):
        yield f"{path}: {len(lines)} lines, and its header does not say “{REASON}” and why"
    if path.parts[0] == "changelog.d" and not text.strip():
        yield f"{path}: an empty fragment"


def _addresses(path: Path, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        if REGISTRY.search(line):
            yield f"{path}:{number}: the address of a package registry"
        if MACHINE.search(line):
            yield f"{path}:{number}: a path of one machine"


def _resolved(path: Path, text: str) -> Iterator[str]:
    for name, package in json.loads(text)["packages"].items():
        if str(package.get("resolved", "")).startswith("http"):
            yield f"{path}: {name}: an address in “resolved”; see .npmrc"


def main() -> int:
    found = [fault for path in files() for fault in faults(path)]
    print("\n".join(found) or "nothing is where it should not be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
