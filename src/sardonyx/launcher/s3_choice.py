"""Choose which of a person's storage profiles a launch gets. Source: launcher.md 3.3."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sardonyx.errors import Problem
from sardonyx.launcher.context import ContextInputs
from sardonyx.launcher.models import warning
from sardonyx.launcher.s3_profiles import select_profile
from sardonyx.text import N_


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
