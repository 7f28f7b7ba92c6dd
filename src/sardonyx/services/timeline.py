"""Turn a service's timeline into the steps a page shows: worded, paired, with durations.

Pure. An event that starts a step and the one that ends it become one line; the steps of a
launch that are still to come stand below, greyed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sardonyx.services.init_words import REASONS, STEP_NAMES
from sardonyx.services.models import State, StepStatus, TimelineEvent
from sardonyx.text import N_, Scalar, translations
from sardonyx.web import wording

_NAMES = {
    "asked": N_("Launch asked"),
    "checked": N_("Checked: values, rights, machine"),
    "values": N_("Values sent"),
    "queued": N_("Its turn came"),
    "created": N_("Created on the cluster"),
    "scheduled": N_("A machine was found"),
    "volume": N_("Its disk is ready"),
    "image": N_("Its image is ready"),
    "environment": N_("Programs and packages ready"),
    "started": N_("Program started"),
    "answering": N_("Answers"),
    "paused": N_("Paused"),
    "resumed": N_("Resumed"),
    "exited": N_("Program ended"),
    "restarted": N_("Restarted"),
    "edited": N_("Changed"),
    "rolled_back": N_("Returned to an earlier state"),
    "stopped": N_("Stopped"),
    "deleted": N_("Deleted"),
}
_GOING = {
    "queued": N_("Waiting for its turn"),
    "created": N_("Being created on the cluster"),
    "scheduled": N_("Looking for a machine with room"),
    "volume": N_("Preparing its disk"),
    "image": N_("Fetching its image"),
    "edited": N_("Changing"),
    "rolled_back": N_("Returning to an earlier state"),
    "environment": N_("Preparing programs and packages"),
    "started": N_("Starting the program"),
    "answering": N_("Waiting for an answer"),
    "paused": N_("Pausing"),
    "stopped": N_("Stopping"),
}
_TO_COME = ("environment", "started", "answering")
_AFTER_A_PAUSE = ("started", "answering")
_TO_COME_ON_A_CLUSTER = ("created", "scheduled", "image", "started", "answering")
# Facts of an event, in the order they are told, with their words.
_FACTS = {
    "reason": N_("{value}"),
    "package": N_("package {value}"),
    "packages": N_("{value} packages"),
    "cached": N_("from the cache"),
    "port": N_("port {value}"),
    "exit_code": N_("exit code {value}"),
    "signal": N_("signal {value}"),
    "attempt": N_("attempt {value}"),
    "by": N_("by {value}"),
}


@dataclass(frozen=True, slots=True)
class StepView:
    """One line of the timeline. `tone`: done, started, failed or waiting.

    `at` is when it ended, or began if it goes on; `took` says its length in words, empty where
    that is too short to tell. `progress` in [0, 1], or None; `moving` says that the step goes on
    without a known end; `begins`, that a new start of the service begins here.
    """

    label: str
    tone: str
    icon: str
    at: datetime | None = None
    took: str = ""
    detail: str = ""
    progress: float | None = None
    moving: bool = False
    begins: bool = False


_BEGINNINGS = ("resumed", "restarted", "edited", "rolled_back")
_TOLD_FROM = timedelta(milliseconds=50)  # a shorter step has no length to tell
_ICONS = {"done": "check", "started": "clock", "failed": "close", "waiting": "dot"}


def steps(
    events: Sequence[TimelineEvent], state: State, language: str, now: datetime
) -> tuple[StepView, ...]:
    """Return the lines of the timeline, oldest first."""
    lines: list[StepView] = []
    opened: dict[str, tuple[int, datetime]] = {}
    for event in events:
        known = opened.get(event.step)
        began = event.at if known is None else known[1]
        line = _line(event, began, language, now)
        if known is None:
            lines.append(line)
        else:
            lines[known[0]] = line
        if event.status is StepStatus.STARTED:
            opened[event.step] = (len(lines) - 1 if known is None else known[0], began)
        else:
            opened.pop(event.step, None)
    if state in (State.PREPARING, State.STARTING):
        lines.extend(_to_come(events, language))
    else:  # a step left open by a crash no longer moves
        lines = [replace(line, moving=False, progress=None) for line in lines]
    return tuple(lines)


def latest(lines: Sequence[StepView]) -> int:
    """Return where the latest start of the service begins in its lines."""
    return max((index for index, line in enumerate(lines) if line.begins), default=0)


def _line(event: TimelineEvent, began: datetime, language: str, now: datetime) -> StepView:
    going = event.status is StepStatus.STARTED
    seconds = event.detail.get("seconds")
    if isinstance(seconds, int | float):
        length = timedelta(seconds=seconds)
    else:
        length = max((now if going else event.at) - began, timedelta(0))
    return StepView(
        label=_label(event.step, going, language),
        tone=event.status.value,
        icon=_ICONS[event.status.value],
        at=began if going else event.at,
        took=_took(length, going, language),
        detail=_detail(event.detail, language),
        progress=event.progress if going else None,
        moving=going and event.progress is None,
        begins=event.step in _BEGINNINGS,
    )


def _took(length: timedelta, going: bool, language: str) -> str:
    if length < _TOLD_FROM:
        return ""
    words = translations(language).gettext(N_("{time} so far") if going else N_("after {time}"))
    return words.format(time=wording.duration(length, language))


def _label(step: str, going: bool, language: str) -> str:
    say = translations(language).gettext
    if step.startswith("init."):
        name = step.removeprefix("init.")
        known = STEP_NAMES.get(name)
        return say(known) if known else say(N_("Step “{name}”")).format(name=name)
    words = (_GOING.get(step) if going else None) or _NAMES.get(step)
    return say(words) if words else step


def _detail(facts: Mapping[str, Scalar], language: str) -> str:
    say = translations(language).gettext
    parts = []
    done, total = facts.get("bytes"), facts.get("total_bytes")
    if isinstance(done, int) and isinstance(total, int) and total:
        of = say(N_("{done} of {total}"))
        parts.append(
            of.format(done=wording.size(done, language), total=wording.size(total, language))
        )
    elif isinstance(done, int) and done:
        parts.append(wording.size(done, language))
    parts += [
        say(words).format(value=facts[fact])
        for fact, words in _FACTS.items()
        if fact in facts and facts[fact] not in ("", False)
    ]
    reason = REASONS.get(str(facts.get("code", "")))
    if reason:
        parts.append(say(reason))
    return " · ".join(parts)


def _to_come(events: Sequence[TimelineEvent], language: str) -> list[StepView]:
    met: set[str] = set()
    is_clusters = any(event.step == "queued" for event in events)
    expected: tuple[str, ...] = _TO_COME_ON_A_CLUSTER if is_clusters else _TO_COME
    for event in events:
        if event.step in ("resumed", "restarted"):
            met, expected = set(), _AFTER_A_PAUSE
        met.add(event.step)
    return [
        StepView(label=_label(step, False, language), tone="waiting", icon=_ICONS["waiting"])
        for step in expected
        if step not in met
    ]
