"""Keep the values of a claim that a region's rule asks for, and put them into its texts.

A rule stands beside what it guards: `claimName`, `includedClaimPattern`, `excludedClaimPattern`.
A pattern that does not compile keeps nothing: it guards a role, so it fails closed.
Source: launcher.md 3.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sardonyx.launcher.models import Unset
from sardonyx.launcher.patterns import SECONDS, compiled
from sardonyx.launcher.references import look_up
from sardonyx.values import Json, JsonObject

_ANYTHING = "^(.+)$"
_PLACE = re.compile(r"\$([0-9]+)")


@dataclass(frozen=True, slots=True)
class Kept:
    """One value that a rule kept, None for what no rule guards.

    parts: `$0`, `$1`, … claim: the rule's `claimName`, empty for none.
    """

    value: str | None = None
    parts: tuple[str, ...] = ()
    claim: str = ""

    def fill(self, template: str) -> str:
        """Return `template` with `$1`…`$n` replaced; a part that matched nothing is empty."""
        if self.value is None:
            return template

        def part(found: re.Match[str]) -> str:
            index = int(found[1])
            return self.parts[index] if index < len(self.parts) else ""

        return _PLACE.sub(part, template)

    def speaks_of(self, name: str) -> bool:
        """Tell whether the value, or what the pattern took of it first, is `name`."""
        return self.value is not None and name in (self.value, *self.parts[1:2])

    def is_whole(self, name: str, *, claim: str) -> bool:
        """Tell whether the whole value is `name`, in the very claim of that `claimName`.

        What speaks of `soil` may be for the group `soil_admin`, or a department's; this is not.
        """
        return self.claim == claim and self.value == name


def kept_values(rule: JsonObject, claims: JsonObject) -> tuple[Kept, ...]:
    """Return one result for each value of the claim that the rule keeps, in their order.

    Without `claimName` there is one result, guarded by nothing.
    """
    name = rule.get("claimName")
    if not isinstance(name, str) or not name:
        return (Kept(),)
    included, excluded = rule.get("includedClaimPattern"), rule.get("excludedClaimPattern")
    found = (
        _kept(name, value, included if isinstance(included, str) else _ANYTHING, excluded)
        for value in claim_texts(claims, name)
    )
    return tuple(kept for kept in found if kept is not None)


def claim_texts(claims: JsonObject, name: str) -> tuple[str, ...]:
    """Return a claim's texts, by its exact key, else by its dotted path; of anything else none."""
    value = claims[name] if name in claims else look_up(tuple(name.split(".")), claims)
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Unset) or not isinstance(value, list):
        return ()
    texts = tuple(item for item in value if isinstance(item, str))
    return texts if len(texts) == len(value) else ()


def _kept(claim: str, value: str, included: str, excluded: Json) -> Kept | None:
    take = compiled(included)
    leave = compiled(excluded) if isinstance(excluded, str) else None
    if take is None or (leave is None and isinstance(excluded, str)):
        return None
    try:
        if leave is not None and leave.search(value, timeout=SECONDS):
            return None
        match = take.search(value, timeout=SECONDS)
    except TimeoutError:
        return None
    if match is None:
        return None
    return Kept(value, (match[0], *(part or "" for part in match.groups())), claim)
