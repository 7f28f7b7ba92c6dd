"""Every way a service of one machine can stand still, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from sardonyx.catalog.models import ChartRef
from sardonyx.services.cluster_words import CLUSTER_WORDS
from sardonyx.services.diagnosis import diagnose
from sardonyx.services.findings import WORDS, worded
from sardonyx.services.models import (
    Finding,
    Observation,
    Severity,
    State,
    StepStatus,
    TimelineEvent,
)
from sardonyx.text import Scalar

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(step: str, status: StepStatus = StepStatus.DONE, **detail: Scalar) -> TimelineEvent:
    return TimelineEvent(NOW, step, status, detail)


def seen(state: State = State.FAILED, *timeline: TimelineEvent, **facts: Scalar) -> Observation:
    return Observation(
        release="lab",
        project="user-ada",
        owner="ada",
        friendly_name="Lab",
        shared=False,
        chart=ChartRef("tests", "lab", "1"),
        revision=1,
        state=state,
        started_at=None,
        created_at=NOW,
        urls=(),
        address=None,
        notes="",
        timeline=timeline,
        facts=facts,
    )


CASES: Mapping[str, tuple[Observation, str]] = {
    "keys last": (seen(State.RUNNING, keys_until="2100-01-01T10:00:00Z"), "keys_last"),
    "keys ended": (seen(State.RUNNING, keys_until="2001-01-01T10:00:00Z"), "keys_ended"),
    "not found": (seen(package_error="not_found", package="pandaz"), "package_not_found"),
    "no version": (
        seen(package_error="no_version", package="pandas", version="9"),
        "package_no_version",
    ),
    "offline": (seen(package_error="offline"), "packages_offline"),
    "network": (seen(package_error="network"), "packages_network"),
    "certificate": (seen(package_error="certificate"), "packages_certificate"),
    "hashes": (seen(package_error="hashes"), "package_hashes"),
    "disk while installing": (seen(package_error="disk_full"), "disk_full"),
    "unknown words": (seen(package_error="other"), "environment_failed"),
    "crash": (seen(exit_code=3, last_lines="no such table"), "crashed"),
    "crash with status 0": (seen(exit_code=0), "crashed"),
    "killed": (seen(signal="SIGKILL"), "killed"),
    "memory by evidence": (seen(signal="SIGKILL", oom=1), "out_of_memory"),
    "memory by words": (seen(exit_code=1, last_lines="MemoryError"), "out_of_memory"),
    "disk while running": (
        seen(exit_code=1, last_lines="OSError: No space left on device"),
        "disk_full",
    ),
    "mute": (seen(never_answered="/api", seconds=120), "never_answered"),
    "port": (seen(port_taken=8888), "port_taken"),
    "step": (seen(step_failed="migrate", exit_code=1), "step_failed"),
    "program": (seen(program_missing="postgres", program_hint="apt-get …"), "program_missing"),
    "supervisor": (seen(State.STOPPED, supervisor_gone=1), "supervisor_gone"),
    "runner": (seen(State.STOPPED, runner_gone=1), "runner_gone"),
    "preparation cut": (
        seen(State.STOPPED, event("environment", StepStatus.STARTED), supervisor_gone=1),
        "environment_interrupted",
    ),
    "socket": (seen(socket_replaced=1), "socket_replaced"),
    "chart gone": (seen(start_refused="There is no chart “lab”."), "start_refused"),
    "little disk before": (seen(State.PREPARING, disk_free=10**8, disk_needed=10**9), "disk_low"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_fault_has_its_finding(case: str) -> None:
    observation, code = CASES[case]
    assert [finding.code for finding in diagnose(observation)] == [code]


@pytest.mark.parametrize("case", CASES)
def test_each_finding_has_words_without_empty_places(case: str) -> None:
    [finding] = diagnose(CASES[case][0])
    words = worded(finding)
    for text in (words.title, words.explanation, words.next_step):
        assert text.in_language("en")
        assert "{" not in text.in_language("en")


@pytest.mark.parametrize("state", list(State))
def test_a_service_without_facts_has_no_finding(state: State) -> None:
    assert diagnose(seen(state, event("asked"), event("environment"))) == []


def test_enough_disk_is_no_finding() -> None:
    assert diagnose(seen(State.PREPARING, disk_free=10**9, disk_needed=10**8)) == []


def test_a_crash_that_is_tried_again_says_both() -> None:
    found = diagnose(seen(State.STARTING, exit_code=1, crashes=2))
    assert [finding.code for finding in found] == ["restarting", "crashed"]
    assert found[0] == Finding("restarting", Severity.WARNING, {"crashes": 2})


def test_a_failed_first_step_of_a_running_service_is_a_warning() -> None:
    failed = event("init.git", StepStatus.FAILED, said="repository not found")
    [finding] = diagnose(seen(State.RUNNING, event("environment"), failed, event("answering")))
    assert (finding.code, finding.severity) == ("step_warning", Severity.WARNING)
    assert (finding.values, finding.evidence) == ({"step": "git"}, "repository not found")


def test_a_failed_first_step_of_an_earlier_life_is_forgotten() -> None:
    failed = event("init.git", StepStatus.FAILED)
    assert diagnose(seen(State.RUNNING, failed, event("resumed"), event("answering"))) == []


def test_the_evidence_is_what_was_seen() -> None:
    [finding] = diagnose(seen(exit_code=3, last_lines="a\nb"))
    assert finding.evidence == "a\nb"
    [finding] = diagnose(seen(package_error="network", package_evidence="error: …"))
    assert finding.evidence == "error: …"


def test_every_kind_of_finding_is_met() -> None:
    met = {code for _, code in CASES.values()} | {"restarting", "step_warning"}
    assert met == WORDS.keys() - CLUSTER_WORDS.keys()


@pytest.mark.parametrize(
    ("until", "state", "codes"),
    [
        ("2030-01-01T10:00:00Z", State.RUNNING, ["keys_last"]),
        ("2001-01-01T10:00:00Z", State.RUNNING, ["keys_ended"]),
        ("2001-01-01T10:00:00Z", State.PAUSED, []),
        ("2001-01-01T10:00:00", State.RUNNING, []),
        ("soon", State.RUNNING, []),
    ],
)
def test_until_when_plain_keys_last_is_told(until: str, state: State, codes: list[str]) -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    found = diagnose(seen(state, keys_until=until), now)
    assert [one.code for one in found] == codes
    if codes == ["keys_last"]:
        assert "2030-01-01 10:00 UTC" in worded(found[0]).title.in_language("en")
