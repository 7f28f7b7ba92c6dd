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
from sardonyx.services.preflight import judge_preflight
from sardonyx.text import Scalar

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
    before = {code for _, _, codes in PREFLIGHT.values() for code in codes}
    assert CLUSTER_WORDS.keys() == told | before


PREFLIGHT: dict[str, tuple[dict[str, Scalar], bool, list[str]]] = {
    "nothing": ({"disk_free": 10**12, "namespace_missing": 1}, False, []),
    "more than is left": (
        {
            "quota:requests.memory:asked": 4 * 1024**3,
            "quota:requests.memory:left": 1024**3,
            "quota:requests.memory:hard": 8 * 1024**3,
        },
        False,
        ["quota_would_exceed"],
    ),
    "the same in a change": (
        {
            "quota:requests.memory:asked": 4.0,
            "quota:requests.memory:left": 1.0,
            "quota:requests.memory:hard": 8.0,
        },
        True,
        [],
    ),
    "too large a container": (
        {"limit:memory:asked": 4 * 1024**3, "limit:memory:most": 2 * 1024**3},
        False,
        ["limit_range_high"],
    ),
    "too small a claim": (
        {"limit:storage:asked": 1024**2, "limit:storage:least": 1024**3},
        True,
        ["limit_range_low"],
    ),
    "no such class": ({"storage_class_missing": "fast"}, False, ["storage_class_unknown"]),
    "no default class": ({"storage_class_missing": "default"}, False, ["storage_class_no_default"]),
    "names": ({"names_taken": "Service “elastic”"}, False, ["names_taken"]),
    "GPU": ({"gpu:asked": 2.0, "gpu:most": 1.0}, False, ["gpu_too_many"]),
    "no rendering": (
        {"render_error": "execution error at (lab/a.yaml:1:2): a password is needed"},
        False,
        ["chart_refused"],
    ),
}


@pytest.mark.parametrize("case", PREFLIGHT.values(), ids=PREFLIGHT.keys())
def test_what_a_cluster_says_before_a_launch_is_judged(
    case: tuple[dict[str, Scalar], bool, list[str]],
) -> None:
    facts, changes, codes = case
    found = judge_preflight(facts, changes=changes)
    assert [one.code for one in found] == codes
    for one in found:
        assert "{" not in worded(one).explanation.in_language("en")


def test_amounts_are_told_as_people_write_them() -> None:
    [high] = judge_preflight({"limit:memory:asked": 4 * 1024**3, "limit:memory:most": 1024**2})
    assert (high.values["asked"], high.values["limit"]) == ("4Gi", "1Mi")
    [cores] = judge_preflight({"limit:cpu:asked": 1.5, "limit:cpu:most": 1.0})
    assert (cores.values["asked"], cores.values["limit"]) == ("1.5", "1")


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
