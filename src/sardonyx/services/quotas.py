"""Judge a project's allowance: what is used of it, and whether a launch still fits. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sardonyx.launcher.models import Unset
from sardonyx.launcher.references import look_up
from sardonyx.services.models import Finding, QuotaUse, Severity
from sardonyx.services.quantities import quantity, written
from sardonyx.text import N_
from sardonyx.values import JsonObject

# Where charts of Onyxia's kind say what they ask for; `resources` is Kubernetes' own block.
_ASKED: Mapping[str, tuple[str, ...]] = {
    "requests.memory": ("resources", "requests", "memory"),
    "requests.cpu": ("resources", "requests", "cpu"),
    "limits.memory": ("resources", "limits", "memory"),
    "limits.cpu": ("resources", "limits", "cpu"),
    "memory": ("resources", "requests", "memory"),
    "cpu": ("resources", "requests", "cpu"),
    "requests.nvidia.com/gpu": ("resources", "limits", "nvidia.com/gpu"),
    "limits.nvidia.com/gpu": ("resources", "limits", "nvidia.com/gpu"),
    "requests.storage": ("persistence", "size"),
}
_PODS = ("count/pods", "pods")
_WORDS = {
    "requests.memory": N_("Memory, reserved"),
    "limits.memory": N_("Memory, at most"),
    "memory": N_("Memory, reserved"),
    "requests.cpu": N_("Processors, reserved"),
    "limits.cpu": N_("Processors, at most"),
    "cpu": N_("Processors, reserved"),
    "requests.nvidia.com/gpu": N_("GPU"),
    "limits.nvidia.com/gpu": N_("GPU, at most"),
    "requests.storage": N_("Disks"),
    "requests.ephemeral-storage": N_("Space on machines"),
    "limits.ephemeral-storage": N_("Space on machines, at most"),
    "count/pods": N_("Services that run"),
    "pods": N_("Services that run"),
    "persistentvolumeclaims": N_("Number of disks"),
}


@dataclass(frozen=True, slots=True)
class Marks:
    """Shares from which an allowance is shown as near its end, and as used up (launcher.md 17)."""

    near: float = 0.75
    full: float = 0.95


USUAL = Marks()


@dataclass(frozen=True, slots=True)
class Gauge:
    """One allowance as people see it. share in [0, 1] or more. tone: good, near, full."""

    resource: str
    used: str
    hard: str
    share: float
    tone: str

    @property
    def words(self) -> str:
        """What people call the resource (English source text), else Kubernetes' name."""
        return _WORDS.get(self.resource, self.resource)


def gauges(uses: Sequence[QuotaUse], marks: Marks = USUAL) -> tuple[Gauge, ...]:
    """Return the allowances, the fullest first.

    Left out: what cannot be read, and what is neither allowed nor used.
    """
    found = []
    for use in uses:
        used, hard = quantity(use.used), quantity(use.hard)
        if used is None or hard is None or not (used or hard):
            continue
        share = float(used / hard) if hard else 1.0
        tone = "full" if share >= marks.full else "near" if share >= marks.near else "good"
        found.append(Gauge(use.resource, use.used, use.hard, share, tone))
    return tuple(sorted(found, key=lambda one: (-one.share, one.resource)))


def would_exceed(
    uses: Sequence[QuotaUse], merged: JsonObject, *, running: JsonObject | None = None
) -> tuple[Finding, ...]:
    """Return a warning for each allowance that a launch with the values `merged` goes beyond.

    running: the merged values of the same release as it runs now, which an edit gives back.
    A warning, no refusal: the launch waits, and begins once something else was paused.
    """
    return tuple(_exceeded(uses, merged, running))


def _exceeded(
    uses: Sequence[QuotaUse], merged: JsonObject, running: JsonObject | None
) -> Iterator[Finding]:
    for use in uses:
        used, hard = quantity(use.used), quantity(use.hard)
        if used is None or hard is None:
            continue
        if use.resource in _PODS:
            asked = Decimal(0 if running is not None else 1)
        else:
            asked = _asked(use.resource, merged)
            if running is not None:
                asked -= _asked(use.resource, running)
        if asked > 0 and used + asked > hard:
            requested = str(asked) if use.resource in _PODS else written(asked, like=use.hard)
            yield Finding(
                "quota_would_exceed",
                Severity.WARNING,
                {
                    "resource": use.resource,
                    "requested": requested,
                    "used": use.used,
                    "limited": use.hard,
                },
            )


def _asked(resource: str, merged: JsonObject) -> Decimal:
    path = _ASKED.get(resource)
    if path is None or (resource == "requests.storage" and not _persists(merged)):
        return Decimal(0)
    found = look_up(path, merged)
    if isinstance(found, Unset) and path[1] == "requests":
        found = look_up(("resources", "limits", path[2]), merged)  # Kubernetes' own default
    return quantity(found) or Decimal(0)


def _persists(merged: JsonObject) -> bool:
    enabled = look_up(("persistence", "enabled"), merged)
    existing = look_up(("persistence", "existingClaim"), merged)
    return enabled is True and not (isinstance(existing, str) and existing)
