"""Objects that every test node has: names, volumes, ways in."""

from __future__ import annotations

import json
from pathlib import Path

# CoreDNS runs as a process, so the service has no selector but this one address.
DNS = """apiVersion: v1
kind: Service
metadata: {{name: kube-dns, namespace: kube-system}}
spec:
  clusterIP: 10.96.0.10
  ports:
    - {{name: dns, port: 53, protocol: UDP}}
    - {{name: dns-tcp, port: 53, protocol: TCP}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: kube-dns
  namespace: kube-system
  labels: {{kubernetes.io/service-name: kube-dns}}
addressType: IPv4
ports:
  - {{name: dns, port: 53, protocol: UDP}}
  - {{name: dns-tcp, port: 53, protocol: TCP}}
endpoints: [{{addresses: ["{node}"], conditions: {{ready: true}}}}]
"""

VOLUMES = """apiVersion: v1
kind: Namespace
metadata: {name: local-path-storage}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: local-path-config, namespace: local-path-storage}
data:
  setup: mkdir -m 0777 -p "$VOL_DIR"
  teardown: rm -rf "$VOL_DIR"
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: local-path
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: rancher.io/local-path
volumeBindingMode: WaitForFirstConsumer
reclaimPolicy: Delete
"""

VOLUME_HELPER = """apiVersion: v1
kind: Pod
metadata: {name: helper-pod}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: helper-pod, image: localhost/busybox:1, imagePullPolicy: Never}
"""

# The listener's port is that of Traefik's entry point.
WAYS_IN = """apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: traefik
  annotations: {ingressclass.kubernetes.io/is-default-class: "true"}
spec: {controller: traefik.io/ingress-controller}
---
apiVersion: v1
kind: Namespace
metadata: {name: traefik}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: traefik}
spec: {controllerName: traefik.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: traefik}
spec:
  gatewayClassName: traefik
  listeners:
    - {name: web, protocol: HTTP, port: 80, allowedRoutes: {namespaces: {from: All}}}
"""


def volume_places(folder: Path) -> str:
    """Return the provisioner's settings: every volume of every node goes below `folder`."""
    place = {"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [str(folder)]}
    return json.dumps({"nodePathMap": [place]})
