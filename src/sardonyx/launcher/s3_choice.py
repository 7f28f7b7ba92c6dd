"""Choose which of a person's storage profiles a launch gets, and tell what it fills.

Source: launcher.md 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sardonyx.errors import Problem
from sardonyx.launcher.context import ContextInputs
from sardonyx.launcher.models import Unset, warning
from sardonyx.launcher.nodes import Node
from sardonyx.launcher.references import texts
from sardonyx.launcher.s3_profiles import select_profile
from sardonyx.text import N_
from sardonyx.values import Path

_ADDRESS = ("s3", "AWS_S3_ENDPOINT")
_ALL = ("s3_array",)


@dataclass(frozen=True, slots=True)
class ChosenProfile:
    """The inputs of a launch with its storage profile set.

    names: the profiles one may choose from, in order; name: the one in use, None without any.
    is_usual: it is the one that nothing asked gives. notice: what to say when another was asked.
    """

    inputs: ContextInputs
    names: tuple[str, ...]
    name: str | None
    is_usual: bool = True
    notice: Problem | None = None


def choose_profile(inputs: ContextInputs, asked: str | None = None) -> ChosenProfile:
    """Return `inputs` with the profile asked for where it may be used, else with the default.

    Where personal values are kept out (launcher.md 14), only profiles a person made are left.
    """
    eligible = inputs.eligible_profiles
    chosen, as_asked = select_profile(eligible, asked, usual=inputs.s3)
    notice = None
    if asked is not None and chosen is not None and not as_asked:
        text = N_("The storage profile “{asked}” is not there; “{name}” is used.")
        notice = warning((), "s3_profile_not_there", text, asked=asked[:80], name=chosen.name)
    return ChosenProfile(
        inputs=replace(inputs, s3=chosen),
        names=tuple(one.name for one in eligible),
        name=None if chosen is None else chosen.name,
        is_usual=chosen == select_profile(eligible, usual=inputs.s3)[0],
        notice=notice,
    )


def storage_places(node: Node | None) -> dict[Path, bool]:
    """Return the places of a chart's values that the profile fills; True where its address is."""
    return {
        path: _ADDRESS in read
        for path, read in _reading(node, ())
        if any(reference[:1] == _ADDRESS[:1] for reference in read)
    }


def storage_lists(node: Node | None) -> frozenset[Path]:
    """Return the places of a chart's values that are filled from all of a person's profiles."""
    return frozenset(
        path
        for path, read in _reading(node, ())
        if any(reference[:1] == _ALL for reference in read)
    )


def _reading(node: Node | None, path: Path) -> Iterator[tuple[Path, list[tuple[str, ...]]]]:
    """Yield the place of each node that reads the context, and what it reads."""
    if node is None:
        return
    if not isinstance(node.overwrite_default, Unset):
        yield (
            path,
            [
                reference
                for parsed, _ in texts(node.overwrite_default)
                for reference in parsed.references()
            ],
        )
    for key, member in (node.properties or {}).items():
        yield from _reading(member, (*path, key))
