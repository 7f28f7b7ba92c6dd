"""Every way a release on a cluster can stand still, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.services.finding_cases import Case, read_cases

from sardonyx.services import cluster_messages as messages
from sardonyx.services.cluster_diagnosis import diagnose_cluster
from sardonyx.services.cluster_words import CLUSTER_WORDS
from sardonyx.services.evidence import (
    ContainerEvidence,
    ContainerState,
    EventEvidence,
    Evidence,
    HelmEvidence,
    PodEvidence,
    WorkloadEvidence,
)
from sardonyx.services.findings import worded
from sardonyx.services.models import State

CASES = read_cases()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_was_seen_is_explained(case: Case) -> None:
    found = diagnose_cluster(case.evidence, case.state, case.now)
    assert [one.code for one in found] == [one["code"] for one in case.expected]
    for one, wanted in zip(found, case.expected, strict=True):
        assert one.severity.value == wanted["severity"]
        assert {key: one.values[key] for key in wanted["values"]} == wanted["values"]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_no_place_of_the_words_stays_empty(case: Case) -> None:
    for finding in diagnose_cluster(case.evidence, case.state, case.now):
        said = worded(finding)
        for text in (said.title, said.explanation, said.next_step):
            for language in ("en", "fr"):
                assert "{" not in text.in_language(language)


def test_every_finding_has_a_case() -> None:
    told = {one["code"] for case in CASES.values() for one in case.expected}
    assert CLUSTER_WORDS.keys() - told == {"quota_would_exceed"}  # told before a launch


TEXTS = st.text(max_size=80) | st.sampled_from(
    [
        "exceeded quota: q, requested: a=1, used: b=2, limited: c=3",
        "0/3 nodes are available: 3 Insufficient memory.",
        'violates PodSecurity "":',
        "failed pre-install",
        "template: ",
    ]
)


@given(TEXTS, TEXTS, TEXTS, st.sampled_from(list(State)))
def test_no_text_of_a_cluster_breaks_the_judgement(
    reason: str, message: str, error: str, state: State
) -> None:
    containers = tuple(
        ContainerEvidence("c", "i", one, reason=reason, message=message, exit_code=1)
        for one in ContainerState
    )
    evidence = Evidence(
        HelmEvidence("failed", error=error, description=message),
        workloads=(WorkloadEvidence("Job", "j", 1, 0, NOW),),
        pods=(PodEvidence("p", "Pending", NOW, reason=reason, containers=containers),),
        events=(
            EventEvidence("Job", "j", True, "FailedCreate", message, 1, NOW),
            EventEvidence("Pod", "p", True, "FailedScheduling", message, 1, NOW),
            EventEvidence("Pod", "p", True, reason, message, 1, NOW),
        ),
    )
    for finding in diagnose_cluster(evidence, state, NOW + timedelta(minutes=2)):
        assert "{" not in worded(finding).title.in_language("en")


def test_a_long_message_is_read_in_no_time() -> None:
    for text in ("maximum " * 5_000, "0/1 node(s) " * 5_000, 'webhook "' * 5_000):
        messages.refusal(text)
        messages.unscheduled(text)
        messages.helm(text)
