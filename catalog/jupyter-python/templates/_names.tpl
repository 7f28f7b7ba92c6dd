{{/* Names and labels: the release's name alone when it holds the chart's. */}}
{{- define "sx.fullname" -}}
{{- $name := .Chart.Name -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "sx.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "sx.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{ include "sx.selector" . }}
{{- end -}}

{{- define "sx.image" -}}
{{- with .Values.service.image -}}
{{- if and .custom.enabled .custom.version }}{{ .custom.version }}{{ else }}{{ .version }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* A password that was drawn stays: the one of the installed Secret is read again. */}}
{{- define "sx.drawn" -}}
{{- $known := lookup "v1" "Secret" .root.Release.Namespace .secret | default dict -}}
{{- $old := get (get $known "data" | default dict) .key | default "" | b64dec -}}
{{- $old | default (randAlphaNum 24) -}}
{{- end -}}
