{{- define "sardonyx.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}{{ .Release.Name | trunc 46 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 46 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- define "sardonyx.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "sardonyx.labels" -}}
{{ include "sardonyx.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "sardonyx.account" -}}
{{- if .Values.serviceAccount.create -}}{{ .Values.serviceAccount.name | default (include "sardonyx.fullname" .) }}
{{- else -}}{{ required "serviceAccount.name: name the account to use" .Values.serviceAccount.name }}{{- end -}}
{{- end -}}

{{- define "sardonyx.image" -}}
{{- if .Values.image.digest -}}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end -}}
{{- end -}}

{{/* "true" when the chart brings store, secrets and accounts itself; else empty. */}}
{{- define "sardonyx.evaluation" -}}
{{- if not (.Values.sardonyx.identity) -}}true{{- end -}}
{{- end -}}

{{/* "true" when replicas share a database, so that the pod keeps nothing of its own. */}}
{{- define "sardonyx.shared" -}}
{{- if and (not (include "sardonyx.evaluation" .)) .Values.sardonyx.database -}}true{{- end -}}
{{- end -}}

{{- define "sardonyx.inner" -}}
{{ printf "%s-%s.%s.svc" (include "sardonyx.fullname" .root) .part .root.Release.Namespace }}
{{- end -}}

{{/* What the settings hold wherever this chart runs them. */}}
{{- define "sardonyx.usual" -}}
{{- $name := include "sardonyx.fullname" . -}}
host: 0.0.0.0
port: 8080
metricsPort: {{ ternary 9090 0 .Values.metrics.enabled }}
hosts:
  - {{ $name }}
  - {{ $name }}.{{ .Release.Namespace }}
  - {{ $name }}.{{ .Release.Namespace }}.svc
serviceUrl: http://{{ $name }}.{{ .Release.Namespace }}.svc{{ if ne (int .Values.service.port) 80 }}:{{ .Values.service.port }}{{ end }}
namespace: {{ .Release.Namespace }}
serviceAccount: {{ include "sardonyx.account" . }}
release: {{ .Release.Name }}
data: /var/lib/sardonyx/data
keyFile: /etc/sardonyx/keys/seal.key
{{- if .Values.secrets.database.name }}
databasePasswordFile: /etc/sardonyx/database/password
{{- end }}
{{- if .Values.secrets.client.name }}
identity:
  clientSecretFile: /etc/sardonyx/client/secret
{{- end }}
{{- end -}}

{{/* What an evaluation adds: parts of its own pod, one namespace, services behind the same port. */}}
{{- define "sardonyx.own" -}}
{{- $port := int .Values.evaluation.port -}}
publicUrl: http://localhost:{{ $port }}
identity:
  issuer: http://127.0.0.1:18101
evaluation:
  home: /var/lib/sardonyx/home
  namespace: {{ .Release.Namespace }}
  linkFile: /etc/sardonyx/keys/first-link
  username: {{ .Values.evaluation.username }}
regions:
  - id: evaluation
    name: Evaluation
    description: One namespace, with its own store of files and of secrets.
    services:
      type: KUBERNETES
      singleNamespace: true
      allowNamespaceCreation: false
      authenticationMode: serviceAccount
      namespacePrefix: user-
      groupNamespacePrefix: projet-
      expose: {domain: "localhost:{{ $port }}", ingress: false, route: false, httpRoute: {enabled: false}}
    data:
      S3:
        URL: http://{{ include "sardonyx.inner" (dict "root" . "part" "store") }}:8333
        region: us-east-1
        pathStyleAccess: true
        sts:
          role: {roleARN: "arn:aws:iam::role/UserRole", roleSessionName: sardonyx}
        workingDirectory: {bucketMode: multi, bucketNamePrefix: user-, bucketNamePrefixGroup: projet-}
    vault:
      URL: http://{{ include "sardonyx.inner" (dict "root" . "part" "secrets") }}:8200
      kvEngine: kv
      role: user
      authPath: jwt
      prefix: user-
      groupPrefix: ""
{{- end -}}

{{/* The settings file: what was set wins over what the chart knows. */}}
{{- define "sardonyx.settings" -}}
{{- $settings := include "sardonyx.usual" . | fromYaml -}}
{{- if include "sardonyx.evaluation" . -}}
{{- $settings = mergeOverwrite $settings (include "sardonyx.own" . | fromYaml) -}}
{{- end -}}
{{- toYaml (mergeOverwrite $settings (deepCopy .Values.sardonyx)) -}}
{{- end -}}

{{/* A text drawn once: kept over upgrades, and the same in every template of one rendering. */}}
{{- define "sardonyx.drawn" -}}
{{- $root := .root -}}
{{- if not (hasKey $root.Values "_drawn") -}}{{- $_ := set $root.Values "_drawn" dict -}}{{- end -}}
{{- $known := $root.Values._drawn -}}
{{- if not (hasKey $known .key) -}}
{{- $kept := lookup "v1" "Secret" $root.Release.Namespace (printf "%s-keys" (include "sardonyx.fullname" $root)) -}}
{{- $data := dict -}}
{{- if $kept -}}{{- $data = $kept.data | default dict -}}{{- end -}}
{{- if hasKey $data .key -}}{{- $_ := set $known .key (index $data .key | b64dec) -}}
{{- else -}}{{- $_ := set $known .key .fresh -}}{{- end -}}
{{- end -}}
{{- index $known .key -}}
{{- end -}}

{{- define "sardonyx.link" -}}
{{- include "sardonyx.drawn" (dict "root" . "key" "first-link" "fresh" (randAlphaNum 43)) -}}
{{- end -}}

{{/* Stops a set-up that could not work, in words. */}}
{{- define "sardonyx.checked" -}}
{{- $given := .Values.sardonyx -}}
{{- if include "sardonyx.evaluation" . -}}
{{- if gt (int .Values.replicas) 1 -}}{{ fail "replicas: an evaluation is one pod; set sardonyx.identity for more" }}{{- end -}}
{{- if or .Values.httpRoute.enabled .Values.ingress.enabled -}}{{ fail "httpRoute, ingress: an evaluation is reached by kubectl port-forward alone; set sardonyx.identity to expose the platform" }}{{- end -}}
{{- else -}}
{{- $_ := required "sardonyx.publicUrl: write how browsers reach the platform, such as https://lab.example.org" $given.publicUrl -}}
{{- $_ := required "sardonyx.regions: write at least one region, as Onyxia does" $given.regions -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}{{ fail "httpRoute.parentRefs: name the Gateway, such as [{name: web, namespace: gateway}]" }}{{- end -}}
{{- if and (gt (int .Values.replicas) 1) (not $given.database) -}}{{ fail "replicas: several need a database they share; set sardonyx.database" }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sardonyx.region" -}}
{{- $regions := (include "sardonyx.settings" . | fromYaml).regions -}}
{{- toYaml (first $regions) -}}
{{- end -}}
