"""Small charts for tests on a cluster, written to a folder."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

from sardonyx.catalog.models import Chart, ChartRef
from sardonyx.values import JsonObject

IMAGE = "localhost/busybox:1"
_WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels:
    app.kubernetes.io/instance: {{ .Release.Name }}
    app.kubernetes.io/name: {{ .Chart.Name }}
spec:
  replicas: {{ ternary 0 1 .Values.global.suspend }}
  selector: {matchLabels: {app.kubernetes.io/instance: "{{ .Release.Name }}"}}
  template:
    metadata:
      labels:
        app.kubernetes.io/instance: {{ .Release.Name }}
        app.kubernetes.io/name: {{ .Chart.Name }}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: main
          image: {{ .Values.image }}
          command: [sh, -c, "echo hello from the service; sleep 100000"]
          env: [{name: GREETING, value: {{ .Values.greeting | quote }}}]
          resources: {requests: {cpu: 10m, memory: {{ .Values.memory | quote }}}}
"""
_SERVICE = """
{{- if not .Values.global.suspend }}
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {app.kubernetes.io/instance: "{{ .Release.Name }}"}
  ports: [{name: http, port: 80, protocol: TCP}]
{{- end }}
"""
_SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: "{{ .Release.Name }}-secrettoken"}
stringData: {PASSWORD: {{ .Values.security.password | quote }}}
"""
_HOOK = """
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-hook
  annotations: {helm.sh/hook: {{ .Values.hook }}, helm.sh/hook-delete-policy: before-hook-creation}
spec:
  template:
    spec:
      restartPolicy: Never
      nodeSelector: {no-such-node: "true"}
      containers: [{name: main, image: {{ .Values.image }}}]
"""
_VALUES: JsonObject = {
    "global": {"suspend": False},
    "greeting": "good morning",
    "image": IMAGE,
    "memory": "16Mi",
    "security": {"password": ""},
}


def write_chart(
    folder: Path,
    name: str = "hello",
    *,
    version: str = "1.0.0",
    suspendable: bool = True,
    hook: str = "",
    extra: str = "",
    values: JsonObject | None = None,
) -> Chart:
    """Write a chart that runs one pod. hook: a Job that never ends, of that kind of hook.

    extra: one more template, as it is.
    """
    place = folder / f"{name}-{version}"
    (place / "templates").mkdir(parents=True)
    written = {"apiVersion": "v2", "name": name, "version": version}
    merged: JsonObject = {**_VALUES, **(values or {})}
    workload, service = _WORKLOAD, _SERVICE
    if not suspendable:
        del merged["global"]
        workload = workload.replace("{{ ternary 0 1 .Values.global.suspend }}", "1")
        service = service.replace("{{- if not .Values.global.suspend }}", "{{- if true }}")
    if hook:
        merged["hook"] = hook
        (place / "templates" / "hook.yaml").write_text(_HOOK)
    if extra:
        (place / "templates" / "extra.yaml").write_text(extra)
    yaml = YAML()
    for file, content in (("Chart.yaml", written), ("values.yaml", merged)):
        with (place / file).open("w") as stream:
            yaml.dump(content, stream)
    (place / "templates" / "workload.yaml").write_text(workload)
    (place / "templates" / "service.yaml").write_text(service)
    (place / "templates" / "secret.yaml").write_text(_SECRET)
    return Chart(
        ref=ChartRef("tests", name, version),
        folder=place,
        title=name,
        description="",
        keywords=(),
        app_version="",
        home=None,
        sources=(),
        icon=None,
        dependencies=(),
        values=merged,
        schema=None,
        local=None,
        readme="",
    )
