"""Make a small notebook to begin with, such as one whose first cell reads a chosen file."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence

_MAX_NAME = 60


def notebook(code_cells: Sequence[str], *, heading: str = "") -> bytes:
    """Return a notebook (nbformat 4.5, JSON in UTF-8) of Python cells, not yet run.

    heading: Markdown shown above them, if any. The same input gives the same bytes, so that
    writing it twice changes nothing.
    """
    cells: list[dict[str, object]] = []
    if heading:
        cells.append(
            {
                "cell_type": "markdown",
                "id": _cell_id(0, heading),
                "metadata": {},
                "source": heading.splitlines(keepends=True),
            }
        )
    for source in code_cells:
        cells.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "id": _cell_id(len(cells), source),
                "metadata": {},
                "outputs": [],
                "source": source.splitlines(keepends=True),
            }
        )
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    document = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def notebook_name(key: str) -> str:
    """Return the file name of the notebook that opens the object `key`: `open-<name>.ipynb`.

    Letters, digits, dots, hyphens and underscores only: it also stands in an address.
    """
    last = key.rstrip("/").rsplit("/", 1)[-1]
    bare = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", bare).strip("-")[:_MAX_NAME].strip("-")
    # Two files may shorten to one name: a few digits of the whole key tell them apart.
    tag = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:6]
    return f"open-{safe or 'file'}-{tag}.ipynb"


def _cell_id(position: int, source: str) -> str:
    digest = hashlib.sha256(f"{position}:{source}".encode(errors="surrogatepass")).hexdigest()
    return digest[:12]
