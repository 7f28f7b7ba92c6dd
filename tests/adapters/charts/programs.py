"""Programs of others that these tests use, when the machine has them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def program(name: str) -> str:
    """Return a program's path, the test clusters' own first; skip the test when it is missing."""
    built = ROOT / "build" / "cluster" / "bin" / name
    found = str(built) if os.access(built, os.X_OK) else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return found
