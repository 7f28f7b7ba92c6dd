"""Judge what a runtime saw: why a service does not advance. Pure; the words are in `findings`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sardonyx.services.cluster_diagnosis import diagnose_cluster
from sardonyx.services.models import Finding, Observation, Severity, State, StepStatus
from sardonyx.text import Scalar

_GIGABYTE = 1_000_000_000
_PACKAGE_FINDINGS = {
    "not_found": "package_not_found",
    "no_version": "package_no_version",
    "hashes": "package_hashes",
    "offline": "packages_offline",
    "network": "packages_network",
    "certificate": "packages_certificate",
    "disk_full": "disk_full",
}
# Fact -> code of the finding, and which facts its words show.
_REFUSALS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "start_refused": ("start_refused", {"reason": "start_refused"}),
    "socket_replaced": ("socket_replaced", {}),
    "never_answered": ("never_answered", {"seconds": "seconds"}),
    "step_failed": ("step_failed", {"step": "step_failed"}),
}
_BEGINNINGS = {"environment", "resumed", "restarted", "edited", "rolled_back"}
_ADVANCING = {State.PREPARING, State.STARTING}


def diagnose(observation: Observation, now: datetime | None = None) -> list[Finding]:
    """Return why the service does not advance, the most telling first; empty when all is well.

    The same judgement serves before a launch, on the facts of `preflight`. now: an aware moment,
    for what only time tells on a cluster; without one, that is left out.
    """
    facts = observation.facts
    moment = now if now is not None else observation.created_at
    found = [
        *_before(facts),
        *_package(facts),
        *_stopped(observation),
        *_ended(observation),
        *_keys(observation, moment),
    ]
    if observation.evidence is None:
        found += _steps(observation)
    else:
        found += diagnose_cluster(observation.evidence, observation.state, moment)
    return found


def _keys(observation: Observation, now: datetime) -> list[Finding]:
    """Tell until when plain keys in a running service last: nothing renews them there."""
    if observation.state not in {State.STARTING, State.RUNNING}:
        return []
    try:
        until = datetime.fromisoformat(str(observation.facts["keys_until"]))
    except (KeyError, ValueError):
        return []
    if until.tzinfo is None:
        return []
    values: dict[str, Scalar] = {"until": f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"}
    if until > now:
        return [Finding("keys_last", Severity.INFO, values)]
    return [Finding("keys_ended", Severity.WARNING, values)]


def _before(facts: Mapping[str, Scalar]) -> list[Finding]:
    found = []
    if "program_missing" in facts:
        program = facts["program_missing"]
        hint = str(facts.get("program_hint") or program)
        found.append(_error("program_missing", program=program, hint=hint))
    if "port_taken" in facts:
        found.append(_error("port_taken", port=facts["port_taken"]))
    free, needed = facts.get("disk_free"), facts.get("disk_needed")
    if isinstance(free, int | float) and isinstance(needed, int | float) and free < needed:
        values: dict[str, Scalar] = {
            "free_gb": round(free / _GIGABYTE, 1),
            "needed_gb": round(needed / _GIGABYTE, 1),
        }
        found.append(Finding("disk_low", Severity.WARNING, values))
    return found


def _package(facts: Mapping[str, Scalar]) -> list[Finding]:
    if "package_error" not in facts:
        return []
    code = _PACKAGE_FINDINGS.get(str(facts["package_error"]), "environment_failed")
    values = {name: facts[name] for name in ("package", "version") if name in facts}
    evidence = str(facts.get("package_evidence", ""))
    return [Finding(code, Severity.ERROR, values, evidence)]


def _stopped(observation: Observation) -> list[Finding]:
    if observation.state is not State.STOPPED:
        return []
    last = observation.timeline[-1] if observation.timeline else None
    cut = last is not None and last.step == "environment" and last.status is StepStatus.STARTED
    for code in ("supervisor_gone", "runner_gone"):
        if code in observation.facts:
            return [
                Finding("environment_interrupted" if cut else code, Severity.WARNING),
            ]
    return []


def _ended(observation: Observation) -> list[Finding]:
    facts = observation.facts
    evidence = str(facts.get("last_lines", ""))
    for fact, (code, shown) in _REFUSALS.items():
        if fact in facts:
            values = {name: facts[source] for name, source in shown.items() if source in facts}
            return [_error(code, evidence, **values)]
    if not {"exit_code", "signal", "oom"} & facts.keys():
        return []
    cause = _cause(facts, evidence)
    if observation.state in _ADVANCING:
        again = Finding("restarting", Severity.WARNING, {"crashes": facts.get("crashes", 1)})
        return [again, cause]
    return [cause]


def _cause(facts: Mapping[str, Scalar], evidence: str) -> Finding:
    if "No space left on device" in evidence:
        return _error("disk_full", evidence)
    if "oom" in facts or "MemoryError" in evidence:
        return _error("out_of_memory", evidence)
    if "signal" in facts:
        return _error("killed", evidence, signal=facts["signal"])
    return _error("crashed", evidence, exit_code=facts["exit_code"])


def _steps(observation: Observation) -> list[Finding]:
    """Return the first steps that failed in the present life without stopping the service."""
    found: list[Finding] = []
    if "step_failed" in observation.facts:
        return found
    for event in observation.timeline:
        if event.step in _BEGINNINGS:
            found.clear()
        if event.step.split(".")[0] == "init" and event.status is StepStatus.FAILED:
            step = event.step.partition(".")[2] or event.step
            evidence = str(event.detail.get("last_lines") or event.detail.get("said") or "")
            found.append(Finding("step_warning", Severity.WARNING, {"step": step}, evidence))
    return found


def _error(code: str, evidence: str = "", **values: Scalar) -> Finding:
    return Finding(code, Severity.ERROR, values, evidence)
