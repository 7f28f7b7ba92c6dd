"""Judge what a cluster said before a launch: the facts of `Runtime.preflight`. Pure.

Names of the facts: `adapters/kubernetes/preflight.py`. What would be refused for certain forbids
the launch; what would only wait is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from sardonyx.services import cluster_messages as messages
from sardonyx.services.models import Finding, Severity
from sardonyx.services.quantities import written
from sardonyx.text import Scalar

_GIBIBYTE = 1024**3


def judge_preflight(facts: Mapping[str, Scalar], *, changes: bool = False) -> list[Finding]:
    """Return what stands in the way of a launch, errors first.

    changes: the launch changes what runs, whose own share of a quota the facts count twice;
    quotas are then left out.
    """
    found = [*_refused(facts), *_limits(facts)]
    if not changes:
        found += _quotas(facts)
    return found


def tells_quota(facts: Mapping[str, Scalar]) -> bool:
    """Tell whether the facts say what the rendered objects ask of a quota."""
    return any(name.startswith("quota:") for name in facts)


def _refused(facts: Mapping[str, Scalar]) -> Iterator[Finding]:
    if facts.get("render_error"):
        said = str(facts["render_error"])
        read = messages.helm(said)
        yield Finding(read.code, Severity.ERROR, read.values, said)
    if facts.get("names_taken"):
        yield Finding("names_taken", Severity.ERROR, {"names": facts["names_taken"]})
    missing = facts.get("storage_class_missing")
    if missing == "default":
        yield Finding("storage_class_no_default", Severity.ERROR)
    elif missing:
        yield Finding("storage_class_unknown", Severity.ERROR, {"storage_class": missing})
    asked, most = _number(facts.get("gpu:asked")), _number(facts.get("gpu:most"))
    if asked is not None and most is not None and asked > most:
        values: dict[str, Scalar] = {"asked": int(asked), "most": int(most)}
        # A machine with more may be added while it waits.
        yield Finding("gpu_too_many", Severity.WARNING, values)


def _limits(facts: Mapping[str, Scalar]) -> Iterator[Finding]:
    for name in facts:
        kind, _, rest = name.partition(":")
        resource, _, part = rest.rpartition(":")
        if kind != "limit" or part != "asked":
            continue
        asked = _number(facts[name])
        most = _number(facts.get(f"limit:{resource}:most"))
        least = _number(facts.get(f"limit:{resource}:least"))
        of = "PersistentVolumeClaim" if resource == "storage" else "Container"
        for code, bound, broken in (
            ("limit_range_high", most, asked is not None and most is not None and asked > most),
            ("limit_range_low", least, asked is not None and least is not None and asked < least),
        ):
            if broken and asked is not None and bound is not None:
                values: dict[str, Scalar] = {
                    "resource": resource,
                    "kind": of,
                    "asked": _shown(resource, asked),
                    "limit": _shown(resource, bound),
                }
                yield Finding(code, Severity.ERROR, values)


def _quotas(facts: Mapping[str, Scalar]) -> Iterator[Finding]:
    for name in facts:
        kind, _, rest = name.partition(":")
        resource, _, part = rest.rpartition(":")
        if kind != "quota" or part != "asked":
            continue
        asked = _number(facts[name])
        left = _number(facts.get(f"quota:{resource}:left"))
        hard = _number(facts.get(f"quota:{resource}:hard"))
        if asked is None or left is None or hard is None or asked <= left:
            continue
        values: dict[str, Scalar] = {
            "resource": resource,
            "requested": _shown(resource, asked),
            "used": _shown(resource, hard - left),
            "limited": _shown(resource, hard),
        }
        # It waits, and begins once something else was paused.
        yield Finding("quota_would_exceed", Severity.WARNING, values)


def _number(value: Scalar | None) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


def _shown(resource: str, amount: float) -> str:
    """Return an amount as people write it: bytes in Gi or Mi, all else as a number."""
    if "memory" not in resource and "storage" not in resource:
        return written(Decimal(str(amount)), like="1")
    return written(Decimal(str(amount)), like="1Gi" if amount >= _GIBIBYTE else "1Mi")
