"""Read and write Kubernetes quantities (`500m`, `10Gi`, `2e3`). Pure.

Source: the grammar of k8s.io/apimachinery's resource.Quantity.
"""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30}))"
    r"(?P<unit>[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,2})?",
    re.ASCII,
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def quantity(text: object) -> Decimal | None:
    """Return the number a quantity stands for, None when it is none."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    found = _QUANTITY.fullmatch(str(text).strip())
    if found is None:
        return None
    number, unit = Decimal(found["number"]), found["unit"] or ""
    if unit in _BINARY:
        return number * Decimal(1024) ** (_BINARY.index(unit) + 1)
    if unit in _DECIMAL:
        return number.scaleb(_DECIMAL[unit])
    return number.scaleb(int(unit[1:]))


def written(amount: Decimal, *, like: str) -> str:
    """Return `amount` in the unit of `like` (`10Gi` → `Gi`), with at most two decimals."""
    found = _QUANTITY.fullmatch(like.strip())
    unit = (found["unit"] or "") if found is not None else ""
    if unit not in _BINARY and unit not in _DECIMAL:
        unit = ""
    one = quantity(f"1{unit}") or Decimal(1)
    return f"{(amount / one).quantize(Decimal('0.01')).normalize():f}{unit}"
