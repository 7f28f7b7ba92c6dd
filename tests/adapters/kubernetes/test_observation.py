"""States, stories and evidence, from what watches bring in any order.

Over 400 lines: one case for each state and each step, of one function.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from sardonyx.adapters.kubernetes.observation import Answered, Surroundings, observe
from sardonyx.adapters.kubernetes.operations import (
    Operation,
    OperationStatus,
    Verb,
    operation_secret,
)
from sardonyx.adapters.kubernetes.routes import USUAL_EXPOSURE
from sardonyx.adapters.kubernetes.store import Store
from sardonyx.catalog.models import ChartRef
from sardonyx.services.errors import ServiceNotFoundError
from sardonyx.services.models import Observation, State, StepStatus
from sardonyx.testing.cluster_objects import (
    BEGUN,
    event,
    helm_secret,
    onyxia_secret,
    pod,
    raw,
    workload,
)
from sardonyx.values import Json, JsonObject

NS = "user-ada"
SUSPENDED: JsonObject = {"global": {"suspend": True}}
AWAKE: JsonObject = {"global": {"suspend": False}}
INGRESS = """---
kind: Ingress
metadata: {name: one}
spec: {rules: [{host: one.apps.test}]}
"""


class Silent:
    """A listener that does not listen."""

    def release_changed(self, namespace: str, release: str) -> None: ...

    def release_leaving(self, namespace: str, release: str) -> None: ...

    def pod_changed(self, namespace: str, release: str, before: object, now: object) -> None: ...

    def surroundings_changed(self, namespace: str) -> None: ...


def store_of(objects: Sequence[JsonObject]) -> Store:
    store = Store(USUAL_EXPOSURE, Silent())
    for one in objects:
        assert store.put(what(one), raw(one)) is not None
    return store


def what(one: JsonObject) -> str:
    kinds = {
        "helm.sh/release.v1": "helm",
        "onyxia.sh/release.v1": "onyxia",
        "sardonyx.dev/operation.v1": "operations",
    }
    return kinds.get(str(one.get("type")), str(one["kind"]))


def friendly_name(store: Store) -> str | None:
    one = store.namespaces[NS].releases["one"]
    told = one.onyxia or one.operation
    return told.friendly_name if told else None


def versioned(one: JsonObject, version: int) -> JsonObject:
    return {**one, "metadata": {**_object(one["metadata"]), "resourceVersion": str(version)}}


def seen(*objects: JsonObject, around: Surroundings | None = None) -> Observation:
    return observation(store_of(objects), around)


def observation(store: Store, around: Surroundings | None = None) -> Observation:
    index = store.namespaces[NS]
    if not index.releases["one"].exists:
        raise ServiceNotFoundError(name="one", project=NS)
    return observe("one", index.releases["one"], index.members("one"), around or Surroundings(NS))


def operation(
    verb: Verb,
    status: OperationStatus = OperationStatus.QUEUED,
    *,
    asked_at: datetime = BEGUN,
    friendly_name: str = "My one",
) -> JsonObject:
    return operation_secret(
        Operation(
            id="x",
            namespace=NS,
            release="one",
            verb=verb,
            asked_at=asked_at,
            by="ada",
            owner="ada",
            friendly_name=friendly_name,
            shared=False,
            chart=ChartRef("ide", "hello", "1.2.3"),
            values={"a": 1},
            status=status,
            begun_at=asked_at + timedelta(seconds=3) if status is OperationStatus.RUNNING else None,
            error="timed out" if status is OperationStatus.FAILED else "",
        )
    )


def running(**options: object) -> list[JsonObject]:
    """A Deployment, its ReplicaSet and a pod that is ready."""
    return [
        workload(NS, "one"),
        workload(NS, "one", kind="ReplicaSet", name="one-1", owner=("Deployment", "one")),
        pod(NS, "one-1-a", owner=("ReplicaSet", "one-1"), **options),  # type: ignore[arg-type]
    ]


def waiting(reason: str) -> JsonObject:
    return {"waiting": {"reason": reason, "message": f"said {reason}"}}


# -- states


def test_running_is_not_shown_when_no_pod_exists() -> None:
    helm = helm_secret(NS, "one")
    assert seen(helm).state is State.STARTING
    assert seen(helm, workload(NS, "one", ready=0)).state is State.STARTING


def test_every_container_ready_is_running() -> None:
    found = seen(helm_secret(NS, "one"), *running())
    assert found.state is State.RUNNING
    assert found.started_at == BEGUN
    half = seen(helm_secret(NS, "one"), *running(ready=False))
    assert half.state is State.STARTING


Case = Callable[[], list[JsonObject]]
CASES: dict[str, tuple[State, Case]] = {
    "asked": (State.PREPARING, lambda: [operation(Verb.INSTALL)]),
    "helm works": (State.PREPARING, lambda: [operation(Verb.INSTALL, OperationStatus.RUNNING)]),
    "helm refused": (State.FAILED, lambda: [operation(Verb.INSTALL, OperationStatus.FAILED)]),
    "pending, nothing made": (
        State.PREPARING,
        lambda: [helm_secret(NS, "one", status="pending-install")],
    ),
    "pending, hooks run": (
        State.STARTING,
        lambda: [helm_secret(NS, "one", status="pending-install"), *running()],
    ),
    "pending, but helm was given up": (
        State.FAILED,
        lambda: [
            helm_secret(NS, "one", status="pending-install"),
            operation(Verb.INSTALL, OperationStatus.FAILED),
        ],
    ),
    "install failed": (State.FAILED, lambda: [helm_secret(NS, "one", status="failed")]),
    "an edit failed, the old pod serves": (
        State.RUNNING,
        lambda: [
            helm_secret(NS, "one", status="superseded"),
            helm_secret(NS, "one", revision=2, status="failed"),
            *running(),
        ],
    ),
    "unreadable record, nothing else": (
        State.FAILED,
        lambda: [helm_secret(NS, "one", payload=b"?")],
    ),
    "unreadable record, a pod serves": (
        State.RUNNING,
        lambda: [helm_secret(NS, "one", payload=b"?"), *running()],
    ),
    "pausing": (
        State.PAUSING,
        lambda: [helm_secret(NS, "one", config=SUSPENDED), *running(leaving=True)],
    ),
    "paused": (
        State.PAUSED,
        lambda: [
            helm_secret(NS, "one", config=SUSPENDED),
            workload(NS, "one", desired=0, ready=0),
        ],
    ),
    "pause asked": (
        State.PAUSING,
        lambda: [helm_secret(NS, "one"), operation(Verb.SUSPEND), *running()],
    ),
    "resume asked": (
        State.PREPARING,
        lambda: [helm_secret(NS, "one", config=SUSPENDED), operation(Verb.RESUME)],
    ),
    "an edit waits its turn": (
        State.RUNNING,
        lambda: [helm_secret(NS, "one"), operation(Verb.UPGRADE), *running()],
    ),
    "deletion asked": (
        State.STOPPING,
        lambda: [helm_secret(NS, "one"), operation(Verb.UNINSTALL), *running()],
    ),
    "uninstalling": (
        State.STOPPING,
        lambda: [helm_secret(NS, "one", status="uninstalling"), *running()],
    ),
    "kept history": (State.STOPPED, lambda: [helm_secret(NS, "one", status="uninstalled")]),
    "scaled down by hand": (
        State.STOPPED,
        lambda: [helm_secret(NS, "one"), workload(NS, "one", desired=0, ready=0)],
    ),
    "crash loop": (
        State.FAILED,
        lambda: [
            helm_secret(NS, "one"),
            *running(ready=False, state=waiting("CrashLoopBackOff"), restarts=3),
        ],
    ),
    "image is being asked for again": (
        State.STARTING,
        lambda: [
            helm_secret(NS, "one"),
            *running(ready=False, phase="Pending", state=waiting("ImagePullBackOff")),
        ],
    ),
    "a job that is done": (
        State.FINISHED,
        lambda: [
            helm_secret(NS, "one"),
            workload(NS, "one", kind="Job", conditions=[{"type": "Complete", "status": "True"}]),
            pod(NS, "one-x", owner=("Job", "one"), phase="Succeeded", ready=False),
        ],
    ),
    "a job that failed": (
        State.FAILED,
        lambda: [
            helm_secret(NS, "one"),
            workload(
                NS, "one", kind="Job", ready=0, conditions=[{"type": "Failed", "status": "True"}]
            ),
        ],
    ),
    "a job at work": (
        State.RUNNING,
        lambda: [
            helm_secret(NS, "one"),
            workload(NS, "one", kind="Job", ready=0),
            pod(NS, "one-x", owner=("Job", "one")),
        ],
    ),
    "a test pod does not count": (
        State.STARTING,
        lambda: [
            helm_secret(NS, "one"),
            pod(
                NS,
                "one-test",
                labels={"app.kubernetes.io/instance": "one"},
                annotations={"helm.sh/hook": "test"},
            ),
        ],
    ),
}


@pytest.mark.parametrize(("state", "objects"), CASES.values(), ids=CASES.keys())
def test_a_state_is_told_from_what_is_there(state: State, objects: Case) -> None:
    assert seen(*objects()).state is state


def test_an_old_pod_is_not_the_edited_service() -> None:
    deployment = workload(NS, "one")
    _object(deployment["metadata"])["generation"] = 2  # not yet observed
    found = seen(helm_secret(NS, "one"), deployment, *running()[1:])
    assert found.state is State.STARTING


# -- what belongs to a release


@pytest.mark.parametrize("seed", range(5))
def test_objects_find_their_release_in_any_order(seed: int) -> None:
    objects: list[JsonObject] = [
        helm_secret(NS, "one"),
        onyxia_secret(NS, "one", {"owner": "ada"}),
        *running(claims=["data"]),
        {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": NS}},
        event(NS, "e1", ("ReplicaSet", "one-1"), "FailedCreate", "exceeded quota", warning=True),
        event(NS, "e2", ("Pod", "one-1-a"), "Scheduled", "to node-1"),
        pod(NS, "stranger", labels={"app.kubernetes.io/instance": "two"}),
    ]
    random.Random(seed).shuffle(objects)
    found = seen(*objects)
    assert found.evidence is not None
    assert [one.name for one in found.evidence.pods] == ["one-1-a"]
    assert [one.name for one in found.evidence.claims] == ["data"]
    assert {one.reason for one in found.evidence.events} == {"FailedCreate", "Scheduled"}
    assert {one.kind for one in found.evidence.workloads} == {"Deployment", "ReplicaSet"}


def test_a_label_does_not_take_another_release_s_pod() -> None:
    stolen = running()
    stolen[2]["metadata"] = {
        **_object(stolen[2]["metadata"]),
        "labels": {"app.kubernetes.io/instance": "two"},
    }
    store = store_of([helm_secret(NS, "one"), helm_secret(NS, "two"), *stolen])
    assert store.namespaces[NS].members("two").pods == ()
    assert len(store.namespaces[NS].members("one").pods) == 1


def test_a_pod_of_an_operator_belongs_by_its_label() -> None:
    label = {"app.kubernetes.io/instance": "one"}
    found = seen(helm_secret(NS, "one"), pod(NS, "db-1", owner=("Cluster", "db"), labels=label))
    assert found.state is State.RUNNING


def test_a_pod_that_goes_is_gone() -> None:
    objects = [helm_secret(NS, "one"), *running()]
    store = store_of(objects)
    store.drop("Pod", raw(objects[-1]))
    assert observation(store).state is State.STARTING
    store.keep_only("Deployment", "", set())
    store.keep_only("ReplicaSet", NS, set())
    assert store.namespaces[NS].members("one").workloads == ()
    store.keep_only("helm", "", set())
    assert NS not in store.namespaces


@pytest.mark.parametrize(
    "kept",
    [
        lambda version: versioned(
            onyxia_secret(NS, "one", {"friendlyName": f"As in {version}"}), version
        ),
        lambda version: versioned(
            operation(Verb.INSTALL, friendly_name=f"As in {version}"), version
        ),
    ],
    ids=["what a platform keeps", "an operation"],
)
def test_a_watch_that_is_late_does_not_take_back_what_was_written(
    kept: Callable[[int], JsonObject],
) -> None:
    store = store_of([kept(98)])
    store.put(what(kept(101)), raw(kept(101)))
    store.put(what(kept(99)), raw(kept(99)))
    assert friendly_name(store) == "As in 101"
    store.drop(what(kept(100)), raw(kept(100)))
    store.keep_only(what(kept(100)), NS, set(), "100")
    assert friendly_name(store) == "As in 101"
    store.put(what(kept(102)), raw(kept(102)))
    assert friendly_name(store) == "As in 102"
    store.drop(what(kept(103)), raw(kept(103)))
    assert NS not in store.namespaces


def test_an_owner_loop_ends() -> None:
    a = workload(NS, "one", kind="ReplicaSet", name="a", owner=("ReplicaSet", "b"))
    b = workload(NS, "one", kind="ReplicaSet", name="b", owner=("ReplicaSet", "a"))
    assert seen(helm_secret(NS, "one"), a, b).state is State.STARTING


# -- who and what


def test_a_release_of_onyxia_is_seen_as_onyxia_shows_it() -> None:
    found = seen(
        helm_secret(NS, "one", chart="jupyter-python", version="2.5.20"),
        onyxia_secret(
            NS,
            "one",
            {"owner": "Ada", "catalog": "ide", "friendlyName": "Mine", "share": "true"},
        ),
    )
    assert (found.owner, found.friendly_name, found.shared) == ("Ada", "Mine", True)
    assert found.chart == ChartRef("ide", "jupyter-python", "2.5.20")


def test_until_when_its_plain_keys_last_is_told() -> None:
    until = "2026-11-23T18:00:00Z"
    about = {"owner": "ada", "sardonyx-keys-until": until}
    assert seen(helm_secret(NS, "one"), onyxia_secret(NS, "one", about)).facts == {
        "keys_until": until
    }
    assert "keys_until" not in seen(helm_secret(NS, "one")).facts


def test_the_storage_profile_of_its_launch_is_told_where_it_was_kept() -> None:
    kept = onyxia_secret(NS, "one", {"owner": "ada", "sardonyx-s3-profile": "nas"})
    assert seen(helm_secret(NS, "one"), kept).s3_profile == "nas"
    assert seen(helm_secret(NS, "one"), onyxia_secret(NS, "one", {})).s3_profile is None


def test_an_older_release_says_its_owner_in_its_values() -> None:
    config: JsonObject = {"onyxia": {"owner": "ada", "friendlyName": "Old one", "share": True}}
    around = Surroundings(NS, catalog=lambda chart, _: {"hello": "ide"}.get(chart, ""))
    found = seen(helm_secret(NS, "one", config=config), around=around)
    assert (found.owner, found.friendly_name, found.shared) == ("ada", "Old one", True)
    assert found.chart.catalog == "ide"


def test_a_release_of_helm_alone_has_no_owner() -> None:
    found = seen(helm_secret(NS, "one", config={"onyxia": "odd"}))
    assert (found.owner, found.friendly_name, found.chart.catalog) == ("", "one", "")


def test_an_onyxia_secret_alone_is_no_release() -> None:
    with pytest.raises(ServiceNotFoundError):
        seen(onyxia_secret(NS, "one", {"owner": "ada"}))


def test_what_is_asked_is_shown_before_helm_knows() -> None:
    found = seen(operation(Verb.INSTALL), around=Surroundings(NS, position=4))
    assert (found.owner, found.friendly_name, found.values) == ("ada", "My one", {"a": 1})
    assert found.evidence is not None
    assert found.evidence.helm.queue_position == 4
    assert found.evidence.helm.operation == "install"
    assert steps(found) == ["asked", "checked", "values", "queued"]
    assert found.timeline[-1].status is StepStatus.STARTED


@pytest.mark.parametrize(
    ("answers", "urls"),
    [(None, ("https://one.apps.test",)), (True, ("https://one.apps.test",)), (False, ())],
)
def test_open_is_offered_only_when_the_address_may_answer(
    answers: bool | None, urls: tuple[str, ...]
) -> None:
    around = Surroundings(NS, answered=lambda _: Answered(answers))
    found = seen(helm_secret(NS, "one", manifest=INGRESS), *running(), around=around)
    assert found.urls == urls
    assert found.evidence is not None
    assert [route.answers for route in found.evidence.routes] == [answers]


# -- stories


def steps(found: Observation) -> list[str]:
    return [one.step for one in found.timeline]


def test_a_launch_is_told_in_order() -> None:
    init: JsonObject = {
        "name": "prepare",
        "state": {
            "terminated": {
                "exitCode": 0,
                "startedAt": "2026-05-04T09:12:40Z",
                "finishedAt": "2026-05-04T09:12:42Z",
            }
        },
    }
    later = BEGUN + timedelta(seconds=5)
    found = seen(
        helm_secret(NS, "one"),
        onyxia_secret(NS, "one", {"owner": "ada"}),
        *running(
            inits=[init], claims=["data"], state={"running": {"startedAt": "2026-05-04T09:12:44Z"}}
        ),
        event(NS, "e", ("Pod", "one-1-a"), "Pulled", "Successfully pulled", at=later),
    )
    assert steps(found) == [
        *("asked", "checked", "values", "queued", "created", "scheduled", "volume", "image"),
        *("init.prepare", "started", "answering"),
    ]
    assert {one.status for one in found.timeline} == {StepStatus.DONE}
    moments = [one.at for one in found.timeline]
    assert moments == sorted(moments)
    assert found.timeline[7].at == later


@pytest.mark.parametrize(("ready", "state"), [(True, State.RUNNING), (False, State.STARTING)])
def test_a_sidecar_is_ready_while_it_runs(ready: bool, state: State) -> None:
    sidecar: JsonObject = {
        "name": "credentials",
        "policy": "Always",
        "ready": ready,
        "state": {"running": {"startedAt": "2026-05-04T09:12:40Z"}},
    }
    found = seen(helm_secret(NS, "one"), *running(inits=[sidecar]))
    assert found.state is state
    told = next(one for one in found.timeline if one.step == "init.credentials")
    assert told.status is (StepStatus.DONE if ready else StepStatus.STARTED)


def test_pause_and_resume_are_told() -> None:
    hour = timedelta(hours=1)
    records = [
        helm_secret(NS, "one", status="superseded", config=AWAKE),
        helm_secret(
            NS, "one", revision=2, status="superseded", config=SUSPENDED, last=BEGUN + hour
        ),
    ]
    paused = seen(*records)
    assert steps(paused)[-1] == "paused"
    assert paused.timeline[-1].at - hour == BEGUN.replace(microsecond=123456)
    back = BEGUN + 2 * hour
    resumed = seen(
        *records,
        helm_secret(NS, "one", revision=3, config=AWAKE, last=back),
        *running(at=back),
    )
    assert resumed.state is State.RUNNING
    told = steps(resumed)
    assert told[told.index("paused") :] == [
        *("paused", "resumed", "scheduled", "image", "started", "answering"),
    ]


def test_edit_and_roll_back_are_told() -> None:
    minute = timedelta(minutes=1)
    found = seen(
        helm_secret(NS, "one", status="superseded"),
        helm_secret(NS, "one", revision=2, status="superseded", last=BEGUN + minute),
        helm_secret(NS, "one", revision=3, description="Rollback to 1", last=BEGUN + 2 * minute),
    )
    assert steps(found)[-2:] == ["edited", "rolled_back"]


def test_an_edit_that_replaced_no_pod_comes_after_its_start() -> None:
    later = BEGUN + timedelta(hours=1)
    found = seen(
        helm_secret(NS, "one", status="superseded"),
        helm_secret(NS, "one", revision=2, last=later),
        *running(),
    )
    assert steps(found)[-2:] == ["answering", "edited"]


def test_a_crash_is_told_with_its_exit_code() -> None:
    ended: Json = {"exitCode": 7, "reason": "Error", "finishedAt": "2026-05-04T09:13:00Z"}
    found = seen(
        helm_secret(NS, "one"),
        *running(
            ready=False,
            restarts=2,
            state={"waiting": {"reason": "CrashLoopBackOff"}},
            last_state={"terminated": ended},
        ),
    )
    last = found.timeline[-1]
    assert (last.step, last.status, last.detail["exit_code"]) == ("exited", StepStatus.FAILED, 7)


def test_an_image_that_is_not_there_is_told() -> None:
    found = seen(
        helm_secret(NS, "one"),
        *running(ready=False, phase="Pending", state=waiting("ErrImagePull")),
    )
    last = found.timeline[-1]
    assert (last.step, last.status) == ("image", StepStatus.FAILED)
    assert last.detail["image"] == "localhost/web:1"


def test_a_pod_without_a_place_is_told() -> None:
    found = seen(helm_secret(NS, "one"), *running(ready=False, phase="Pending", scheduled=False))
    last = found.timeline[-1]
    assert (last.step, last.status) == ("scheduled", StepStatus.STARTED)
    assert last.detail == {"reason": "Unschedulable"}


def _object(value: Json) -> JsonObject:
    assert isinstance(value, dict)
    return value
