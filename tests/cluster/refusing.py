"""Ways in which a launch is refused before it begins, or by Helm and the API server as it begins.

One table: what is provoked, and the finding that people must read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.provoking import Object, limits, quota

from sardonyx.text import Scalar
from sardonyx.values import JsonObject


@dataclass(frozen=True, slots=True)
class Refused:
    """A chart that is refused. before: objects that are there; files: more files of the chart.

    extra: a template; rerun: values of an edit, where it is the edit that is refused.
    """

    code: str
    extra: str = ""
    before: Sequence[Object] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    rerun: JsonObject = field(default_factory=dict)
    values: Mapping[str, Scalar] = field(default_factory=dict)


_INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: "{{ .Release.Name }}"}
spec: {defaultBackend: {service: {name: "{{ .Release.Name }}", port: {number: 80}}}}
"""
_OPERATED = """
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: "{{ .Release.Name }}"}
spec: {instances: 1}
"""
_QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: "{{ .Release.Name }}"}
spec: {hard: {pods: "1000"}}
"""
_ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: "{{ .Release.Name }}"}
rules: [{apiGroups: [""], resources: [resourcequotas], verbs: [delete]}]
"""
_TAKEN = """
apiVersion: v1
kind: ConfigMap
metadata: {name: taken}
data: {a: b}
"""
_FIXED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-fixed"}
immutable: true
data: {greeting: {{ .Values.greeting | quote }}}
"""
_CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: "{{ .Release.Name }}"}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""
_CHART = "apiVersion: v2\nname: {name}\nversion: 1.0.0\n"


def _config_map(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def _gpu_pod(count: int) -> str:
    return (
        'apiVersion: v1\nkind: Pod\nmetadata: {name: "{{ .Release.Name }}-gpu"}\nspec:\n'
        "  containers:\n    - name: main\n      image: localhost/pause:1\n"
        f'      resources: {{limits: {{nvidia.com/gpu: "{count}"}}}}\n'
    )


# By Helm and the API server, each as the account that is confined to its namespace.
BY_HELM: Mapping[str, Refused] = {
    "an allowance of something else is used up": Refused(
        "quota_other",
        _INGRESS,
        [quota(count__ingresses_networking_k8s_io="0")],
        values={"resource": "count/ingresses.networking.k8s.io", "limited": "0"},
    ),
    "a chart for an operator that is not there": Refused(
        "kind_unknown", _OPERATED, values={"kind": "Cluster", "version": "postgresql.cnpg.io/v1"}
    ),
    "a chart that changes an allowance": Refused(
        "rights_missing", _QUOTA, values={"resource": "resourcequotas"}
    ),
    "a chart that grants what nobody has": Refused("rights_escalation", _ROLE),
    "an object that is there already": Refused("object_of_another", _TAKEN, [_config_map("taken")]),
    "an edit of what never changes": Refused(
        "field_immutable", _FIXED, rerun={"greeting": "good evening"}
    ),
    "a chart that says no": Refused(
        "chart_refused",
        "{{ fail `a greeting is needed` }}",
        values={"reason": "a greeting is needed"},
    ),
    "a template that fails": Refused("chart_broken", "a: {{ .Values.absent.more }}"),
    "a template that gives no YAML": Refused("chart_broken", "a: b: {{ .Values.greeting }}"),
    "values that the chart's schema refuses": Refused(
        "values_refused",
        files={"values.schema.json": '{"properties": {"greeting": {"type": "integer"}}}'},
    ),
    "a chart for a newer Kubernetes": Refused(
        "cluster_version", files={"Chart.yaml": _CHART + "kubeVersion: '>=1.99.0-0'\n"}
    ),
}

# Before the launch, by what the platform reads of the cluster.
BEFORE: Mapping[str, Refused] = {
    "a name that another release has": Refused(
        "names_taken", _TAKEN, [_config_map("taken")], values={"names": "ConfigMap “taken”"}
    ),
    "a class of storage that is not there": Refused(
        "storage_class_unknown",
        _CLAIM + "  storageClassName: absent\n",
        values={"storage_class": "absent"},
    ),
    "more GPU than any node has": Refused("gpu_too_many", _gpu_pod(9), values={"asked": 9}),
    "more pods than are left": Refused(
        "quota_would_exceed", "", [quota(pods="0")], values={"resource": "pods", "limited": "0"}
    ),
    "less memory than a LimitRange asks": Refused(
        "limit_range_low", "", [limits(min={"memory": "1Gi"})], values={"limit": "1Gi"}
    ),
}


def objects_before(refused: Refused, namespace: str) -> list[Any]:
    """Return what must be there first, placed in `namespace`."""
    return [
        {**one, "metadata": {**one["metadata"], "namespace": namespace}} for one in refused.before
    ]
