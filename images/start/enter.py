"""Become a command, with the variables that the steps before it left for it.

Standard library only. Beside what `init_steps.py` wrote to `$HOME/.sardonyx/env.json`: package
indexes under the names the programs read (PIP_REPOSITORY is the charts' name, charts.md 7).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

# The charts' name -> the names that programs read.
_INDEXES = {"PIP_REPOSITORY": ("PIP_INDEX_URL", "UV_DEFAULT_INDEX")}


def variables() -> dict[str, str]:
    """Return the environment of the command."""
    found = dict(os.environ)
    left = Path(found.get("HOME", "/")) / ".sardonyx" / "env.json"
    if left.exists():
        found |= json.loads(left.read_text())
    for name, readers in _INDEXES.items():
        if found.get(name):
            for reader in readers:
                found.setdefault(reader, found[name])
    return found


if __name__ == "__main__":
    environment = variables()
    os.environ["PATH"] = environment["PATH"]
    os.execvpe(sys.argv[1], sys.argv[1:], environment)  # noqa: S606 - that is its purpose
