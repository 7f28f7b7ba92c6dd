"""Ways in which a release stands still on a real cluster: what to make, and what is to be said.

Over 400 lines: two tables and what builds their objects. Each way gets a namespace of its own.
`{image}` and other places of a text are filled in by the test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.cluster.registry import GUARDED, OPEN

Object = dict[str, Any]
LABELS = {"app.kubernetes.io/instance": "lab"}
PAUSE = "localhost/pause:1"


@dataclass(frozen=True)
class Way:
    """One way. before: objects that stand there first; objects: those of the release.

    labels: of its namespace. record: of Helm's record (status, …). code: the finding that must
    be told, with at least these values.
    """

    code: str
    objects: Sequence[Object]
    values: Mapping[str, object] = field(default_factory=dict)
    before: Sequence[Object] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, object] = field(default_factory=dict)


def container(**more: Any) -> Object:
    return {"name": "lab", "image": PAUSE, **more}


def sized(**limits: str) -> Object:
    return container(resources={"requests": limits, "limits": limits})


def pod_spec(*containers: Object, **more: Any) -> Object:
    return {
        "terminationGracePeriodSeconds": 0,
        "containers": list(containers or (container(),)),
        **more,
    }


def ported() -> Object:
    return container(ports=[{"containerPort": 80, "hostPort": 8080}])


def held(*containers: Object, **more: Any) -> Object:
    """Return a pod that is there first and takes what the service wants."""
    spec = pod_spec(*containers, **more)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "holder"}, "spec": spec}


def stateful(spec: Object, claims: Sequence[Object] = ()) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "lab", "labels": LABELS},
        "spec": {
            "replicas": 1,
            "serviceName": "lab",
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": spec},
            "volumeClaimTemplates": list(claims),
        },
    }


def deployment(spec: Object, **more: Any) -> Object:
    made = stateful(spec)
    kept = {key: made["spec"][key] for key in ("replicas", "selector", "template")}
    return {**made, "kind": "Deployment", "spec": {**kept, **more}}


def claim(
    size: str = "1Gi", name: str = "data", annotations: Object | None = None, **more: Any
) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "labels": LABELS, "annotations": annotations or {}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            **more,
        },
    }


def job(spec: Object, **more: Any) -> Object:
    template = {"metadata": {"labels": LABELS}, "spec": {**spec, "restartPolicy": "Never"}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "load", "labels": LABELS},
        "spec": {"backoffLimit": 0, "template": template, **more},
    }


def hooked(made: Object) -> Object:
    annotations = {"helm.sh/hook": "pre-install"}
    return {**made, "metadata": {**made["metadata"], "annotations": annotations}}


def quota(**hard: str) -> Object:
    named = {key.replace("__", "/").replace("_", "."): value for key, value in hard.items()}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "onyxia-quota"},
        "spec": {"hard": named},
    }


def limits(**rules: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "rules"},
        "spec": {"limits": [{"type": "Container", **rules}]},
    }


def using(name: str) -> Object:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": name}}
    return stateful(pod_spec(volumes=[volume]))


def shell(script: str, **more: Any) -> Object:
    return container(image="localhost/busybox:1", command=["sh", "-c", script], **more)


def gpu(resource: str) -> Object:
    return sized(cpu="1m", memory="1Mi", **{resource: "1"})


LIGHT: Mapping[str, Way] = {
    "memory of the quota": Way(
        "quota_memory",
        [stateful(pod_spec(sized(cpu="1m", memory="4Gi")))],
        {"requested": "4Gi", "limited": "1Gi"},
        [quota(requests_memory="1Gi")],
    ),
    "memory of the quota, by a Deployment": Way(
        "quota_memory",
        [deployment(pod_spec(sized(cpu="1m", memory="4Gi")))],
        {"requested": "4Gi"},
        [quota(requests_memory="1Gi")],
    ),
    "processors of the quota": Way(
        "quota_cpu",
        [stateful(pod_spec(sized(cpu="3", memory="1Mi")))],
        {"requested": "3", "limited": "2"},
        [quota(limits_cpu="2")],
    ),
    "GPU of the quota": Way(
        "quota_gpu",
        [stateful(pod_spec(gpu("nvidia.com/gpu")))],
        {"requested": "1", "limited": "0"},
        [
            {
                **quota(),
                "spec": {"hard": {"requests.nvidia.com/gpu": "0"}},
            }
        ],
    ),
    "pods of the quota": Way(
        "quota_pods", [stateful(pod_spec())], {"limited": "0"}, [quota(count__pods="0")]
    ),
    "storage of the quota": Way(
        "quota_storage",
        [stateful(pod_spec(), [claim("20Gi")])],
        {"requested": "20Gi", "limited": "10Gi"},
        [quota(requests_storage="10Gi")],
    ),
    "no size where there is a quota": Way(
        "quota_needs_sizes", [stateful(pod_spec())], {}, [quota(limits_memory="1Gi")]
    ),
    "too much for a LimitRange": Way(
        "limit_range_high",
        [stateful(pod_spec(sized(cpu="1m", memory="4Gi")))],
        {"resource": "memory", "limit": "2Gi", "asked": "4Gi", "kind": "Container"},
        [limits(max={"memory": "2Gi"})],
    ),
    "too little for a LimitRange": Way(
        "limit_range_low",
        [stateful(pod_spec(sized(cpu="10m", memory="1Mi")))],
        {"resource": "cpu", "limit": "100m", "asked": "10m"},
        [limits(min={"cpu": "100m"}, default={"cpu": "1"}, defaultRequest={"cpu": "1"})],
    ),
    "a ratio that a LimitRange forbids": Way(
        "limit_range_high",
        [
            stateful(
                pod_spec(
                    container(
                        resources={"requests": {"memory": "1Gi"}, "limits": {"memory": "4Gi"}}
                    )
                )
            )
        ],
        {"resource": "memory"},
        [limits(maxLimitRequestRatio={"memory": "2"})],
    ),
    "a privileged pod where that is forbidden": Way(
        "pod_security",
        [stateful(pod_spec(container(securityContext={"privileged": True})))],
        {"level": "restricted"},
        labels={"pod-security.kubernetes.io/enforce": "restricted"},
    ),
    "a webhook that denies": Way(
        "webhook_refused",
        [stateful(pod_spec())],
        {"reason": "images must come from registry.example"},
        labels={"sardonyx-test/webhook": "denies"},
    ),
    "a webhook that does not answer": Way(
        "webhook_unreachable",
        [stateful(pod_spec())],
        labels={"sardonyx-test/webhook": "absent"},
    ),
    "a policy that denies": Way(
        "webhook_refused",
        [stateful(pod_spec())],
        {"reason": "the image must not be called pause"},
        labels={"sardonyx-test/policy": "yes"},
    ),
    "an account that is not there": Way(
        "account_missing", [stateful(pod_spec(serviceAccountName="robot"))], {"name": "robot"}
    ),
    "more processors than any node has": Way(
        "no_room_cpu", [stateful(pod_spec(sized(cpu="9000", memory="1Mi")))], {"resource": "cpu"}
    ),
    "more memory than any node has": Way(
        "no_room_memory", [stateful(pod_spec(sized(cpu="1m", memory="900Ti")))]
    ),
    "a GPU where no node has one": Way(
        "no_room_gpu", [stateful(pod_spec(gpu("amd.com/gpu")))], {"resource": "amd.com/gpu"}
    ),
    "a GPU that another service holds": Way(
        "no_room_gpu",
        [
            stateful(
                pod_spec(
                    gpu("nvidia.com/gpu"),
                    nodeSelector={"sardonyx-test/node": "gpu"},
                )
            )
        ],
        {"resource": "nvidia.com/gpu"},
        [held(gpu("nvidia.com/gpu"), nodeSelector={"sardonyx-test/node": "gpu"})],
    ),
    "a node selector that no node has": Way(
        "node_selector", [stateful(pod_spec(nodeSelector={"sardonyx-test/node": "none"}))]
    ),
    "a taint that is not tolerated": Way(
        "taint", [stateful(pod_spec(nodeSelector={"sardonyx-test/node": "tainted"}))]
    ),
    "a node that is closed": Way(
        "nodes_closed", [stateful(pod_spec(nodeSelector={"sardonyx-test/node": "closed"}))]
    ),
    "more of a node's own disk than any has": Way(
        "no_room_other",
        [stateful(pod_spec(sized(**{"ephemeral-storage": "900Ti"})))],
        {"resource": "ephemeral-storage"},
    ),
    "a node that already runs its one pod": Way(
        "no_room_pods",
        [stateful(pod_spec(nodeSelector={"sardonyx-test/node": "full"}))],
        {},
        [held(nodeSelector={"sardonyx-test/node": "full"})],
    ),
    "a port of a node that another service has": Way(
        "no_free_port",
        [stateful(pod_spec(ported(), nodeSelector={"sardonyx-test/node": "ported"}))],
        {},
        [held(ported(), nodeSelector={"sardonyx-test/node": "ported"})],
    ),
    "a disk tied to a node that is closed": Way(
        "volume_elsewhere", [claim(storageClassName="sardonyx-test-tied"), using("data")]
    ),
    "a disk that was deleted": Way(
        "volume_lost",
        [
            claim(
                storageClassName="",
                volumeName="deleted",
                annotations={"pv.kubernetes.io/bind-completed": "yes"},
            ),
            using("data"),
        ],
    ),
    "a claim that is not there": Way("claim_missing", [using("absent")], {"claim": "absent"}),
    "a storage class that is not there": Way(
        "storage_class_missing",
        [claim(storageClassName="fast"), using("data")],
        {"storage_class": "fast"},
    ),
    "no storage class at all": Way("no_storage_class", [claim(storageClassName=""), using("data")]),
    "a storage class without a volume": Way(
        "no_volume",
        [claim(storageClassName="sardonyx-test-manual"), using("data")],
        {"storage_class": "sardonyx-test-manual"},
    ),
    "a claim for a volume that is not there": Way(
        "claim_unbound", [claim(storageClassName="", volumeName="elsewhere"), using("data")]
    ),
    "a provisioner that is away": Way(
        "volume_coming",
        [claim(storageClassName="sardonyx-test-away"), using("data")],
        {"storage_class": "sardonyx-test-away"},
    ),
    "a scheduling gate": Way(
        "scheduling_gated", [stateful(pod_spec(schedulingGates=[{"name": "example.org/wait"}]))]
    ),
    "a change that was cut off": Way(
        "operation_stuck", [], {"status": "pending-upgrade"}, record={"status": "pending-upgrade"}
    ),
    "a Deployment whose controller makes nothing": Way(
        "no_pod", [deployment(pod_spec(), paused=True)], {"kind": "Deployment"}
    ),
}

_HTTP = {"httpGet": {"path": "/", "port": 9999}, "periodSeconds": 1}


def pulled(name: str, **more: Any) -> list[Object]:
    return [stateful(pod_spec(container(image=name, **more)))]


NODE: Mapping[str, Way] = {
    "a tag that is not there": Way("image_not_found", pulled(f"{OPEN}/hello:absent")),
    "an image that is not there": Way("image_not_found", pulled(f"{OPEN}/absent:1")),
    "a private image without an account": Way("image_credentials", pulled(f"{GUARDED}/hello:1")),
    "a registry that is not there": Way(
        "image_registry_unreachable", pulled("registry.invalid/lab:1")
    ),
    "a name that is none": Way("image_name", pulled("Registry.Example/Lab::1")),
    "an image that must not be fetched": Way(
        "image_never_pulled", pulled("registry.invalid/lab:2", imagePullPolicy="Never")
    ),
    "a Secret that is not there": Way(
        "reference_missing",
        [stateful(pod_spec(shell("sleep 1d", envFrom=[{"secretRef": {"name": "keys"}}])))],
        {"kind": "secret", "name": "keys"},
    ),
    "a volume of a Secret that is not there": Way(
        "reference_missing",
        [
            stateful(
                pod_spec(
                    shell("sleep 1d", volumeMounts=[{"name": "keys", "mountPath": "/keys"}]),
                    volumes=[{"name": "keys", "secret": {"secretName": "keys"}}],
                )
            )
        ],
        {"kind": "secret", "name": "keys"},
    ),
    "root where it is forbidden": Way(
        "runs_as_root",
        [stateful(pod_spec(shell("sleep 1d", securityContext={"runAsNonRoot": True})))],
    ),
    "a command that is not in the image": Way(
        "command_missing",
        [stateful(pod_spec({**shell(""), "command": ["/opt/absent"]}))],
    ),
    "a step before the start that fails": Way(
        "init_failed",
        [
            stateful(
                pod_spec(shell("sleep 1d"), initContainers=[{**shell("exit 3"), "name": "prepare"}])
            )
        ],
        {"container": "prepare", "exit_code": 3},
    ),
    "a program that ends with 7": Way(
        "crash_loop", [stateful(pod_spec(shell("echo no table; exit 7")))], {"exit_code": 7}
    ),
    "a program that ends at once": Way("ended_too_soon", [stateful(pod_spec(shell("exit 0")))]),
    "more memory than its limit": Way(
        "pod_out_of_memory",
        [stateful(pod_spec(shell("tail /dev/zero", resources={"limits": {"memory": "16Mi"}})))],
    ),
    "a startup probe that fails": Way(
        "probe_startup",
        [stateful(pod_spec(shell("sleep 1d", startupProbe={**_HTTP, "failureThreshold": 600})))],
    ),
    "a readiness probe that fails": Way(
        "probe_readiness", [stateful(pod_spec(shell("sleep 1d", readinessProbe=_HTTP)))]
    ),
    "a liveness probe that ends it": Way(
        "pod_killed",
        [stateful(pod_spec(shell("sleep 1d", livenessProbe={**_HTTP, "failureThreshold": 1})))],
        {"exit_code": 137},
    ),
    "a Job that is given up": Way("job_failed", [job(pod_spec(shell("exit 4")))], {"job": "load"}),
    "a task of the chart that fails": Way(
        "hook_failed", [hooked(job(pod_spec(shell("exit 4"))))], {"hook": "pre-install"}
    ),
    "a Job that runs too long": Way(
        "deadline",
        [job({**pod_spec(shell("sleep 1d")), "activeDeadlineSeconds": 2}, backoffLimit=3)],
    ),
    "more on the machine's disk than allowed": Way(
        "evicted_disk",
        [
            job(
                pod_spec(
                    shell(
                        "head -c 9000000 /dev/zero > /scratch/file; sleep 1d",
                        volumeMounts=[{"name": "scratch", "mountPath": "/scratch"}],
                    ),
                    volumes=[{"name": "scratch", "emptyDir": {"sizeLimit": "1Mi"}}],
                ),
                backoffLimit=9,
            )
        ],
    ),
}


def as_list(objects: Sequence[Object]) -> str:
    """Return objects as one document for kubectl."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
