{{/* The rules of deploy/rbac, where each is explained; a test holds the two together. */}}

{{/* Who runs the queue. */}}
{{- define "sardonyx.rules.queue" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update]
{{- end -}}

{{/* Helm's records, Onyxia's Secrets, operations that wait; a token of Helm's account alone. */}}
{{- define "sardonyx.rules.kept" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [""]
  resources: [serviceaccounts/token]
  resourceNames: [sardonyx-helm]
  verbs: [create]
{{- end -}}

{{/* What pages show. */}}
{{- define "sardonyx.rules.shown" -}}
- apiGroups: [""]
  resources: [pods, events, persistentvolumeclaims, resourcequotas]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets, replicasets]
  verbs: [get, list, watch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch]
{{- end -}}

{{/* Services opened by the Gateway API, which ClusterRole `admin` does not know by itself. */}}
{{- define "sardonyx.rules.gateway" -}}
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch]
{{- end -}}

{{/* What is looked at before a launch: limits, and names that are taken. */}}
{{- define "sardonyx.rules.checked" -}}
- apiGroups: [""]
  resources: [limitranges, services, configmaps, serviceaccounts]
  verbs: [get, list]
{{- end -}}

{{/* Without these a launch is not checked against GPUs and storage classes. */}}
{{- define "sardonyx.rules.machines" -}}
- apiGroups: [""]
  resources: [nodes]
  verbs: [list]
- apiGroups: [storage.k8s.io]
  resources: [storageclasses]
  verbs: [list]
{{- end -}}

{{/* The place of a project: its namespace, the person's rights, quota, the account for Helm. */}}
{{- define "sardonyx.rules.places" -}}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [serviceaccounts, resourcequotas]
  verbs: [get, create, patch]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [rolebindings]
  verbs: [get, create, patch]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [clusterroles]
  resourceNames: {{ compact (list "admin" .role) | toJson }}
  verbs: [bind]
{{- end -}}

{{/* Reading in people's names. */}}
{{- define "sardonyx.rules.people" -}}
- apiGroups: [""]
  resources: [users, groups]
  verbs: [impersonate]
{{- end -}}
