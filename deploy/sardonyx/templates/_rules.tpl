{{/* Rights in the namespaces where services run. deploy/rbac explains each. */}}
{{- define "sardonyx.rules.work" -}}
# What pages show is read from watches; nothing else of a namespace is read.
- apiGroups: [""]
  resources: [pods, pods/log, events, persistentvolumeclaims, resourcequotas, limitranges, services]
  verbs: [get, list, watch]
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets, replicasets]
  verbs: [get, list, watch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch]
# Helm's records, Onyxia's Secrets, and operations that wait.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, update, patch, delete]
# Helm works with a short token of this one account, never with the platform's.
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get]
- apiGroups: [""]
  resources: [serviceaccounts/token]
  resourceNames: [sardonyx-helm]
  verbs: [create]
{{- end -}}

{{/* Rights where services are opened by the Gateway API, which `admin` of a namespace lacks. */}}
{{- define "sardonyx.rules.gateway" -}}
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch]
{{- end -}}

{{/* Rights in the platform's own namespace: who runs the queue. */}}
{{- define "sardonyx.rules.own" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update]
{{- end -}}

{{/* Rights to make the place of a project: left out where a region creates no namespaces. */}}
{{- define "sardonyx.rules.places" -}}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [resourcequotas]
  verbs: [get, create, patch]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [rolebindings]
  verbs: [get, create, patch]
# Binding `admin` in a project's namespace gives no right that is not named here.
- apiGroups: [rbac.authorization.k8s.io]
  resources: [clusterroles]
  resourceNames: [admin]
  verbs: [bind]
{{- end -}}

{{/* Mode impersonate: reads of people are made in their name. */}}
{{- define "sardonyx.rules.people" -}}
- apiGroups: [""]
  resources: [users, groups]
  verbs: [impersonate]
{{- end -}}
