"""The lines of a service's story: when each step was, and how long it took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sardonyx.services.models import State, StepStatus, TimelineEvent
from sardonyx.services.timeline import steps

BEGIN = datetime(2026, 11, 23, 14, 5, 12, tzinfo=UTC)


def event(step: str, status: StepStatus, at: float, **detail: float) -> TimelineEvent:
    return TimelineEvent(BEGIN + timedelta(seconds=at), step, status, detail)


@pytest.mark.parametrize(
    ("language", "after", "so_far"),
    [
        ("en", "after 12\u202fs", "1\u202fmin 03\u202fs so far"),
        ("fr", "après 12\u202fs", "depuis 1\u202fmin 03\u202fs"),
    ],
)
def test_each_step_has_its_time_and_says_its_length_apart(
    language: str, after: str, so_far: str
) -> None:
    told = (
        event("asked", StepStatus.DONE, 0),
        event("environment", StepStatus.STARTED, 1),
        event("environment", StepStatus.STARTED, 9),
        event("environment", StepStatus.DONE, 13),
        event("started", StepStatus.STARTED, 13),
        event("started", StepStatus.STARTED, 20),
    )
    now = BEGIN + timedelta(seconds=76)
    asked, environment, started, answering = steps(told, State.STARTING, language, now)
    assert (asked.at, asked.took) == (BEGIN, "")
    assert (environment.at, environment.took) == (BEGIN + timedelta(seconds=13), after)
    assert (started.at, started.took) == (BEGIN + timedelta(seconds=13), so_far)
    assert (answering.at, answering.took) == (None, "")


def test_what_a_step_says_of_its_length_wins() -> None:
    (image,) = steps(
        (event("image", StepStatus.DONE, 40, seconds=59.7),), State.RUNNING, "en", BEGIN
    )
    assert (image.at, image.took) == (BEGIN + timedelta(seconds=40), "after 1\u202fmin 00\u202fs")


def test_a_failed_step_says_after_how_long() -> None:
    told = (event("started", StepStatus.STARTED, 0), event("started", StepStatus.FAILED, 9.96))
    (started,) = steps(told, State.FAILED, "en", BEGIN)
    assert (started.tone, started.took) == ("failed", "after 10\u202fs")
