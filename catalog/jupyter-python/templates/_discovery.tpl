{{/* What the project's other services offer, as JSON of variables, from one read of its Secrets
     (annotation onyxia/discovery). Without a cluster (helm template) nothing is found. */}}
{{- define "sx.discovery" -}}
{{- $found := dict -}}
{{- $wanted := .Values.discovery -}}
{{- if or $wanted.postgres $wanted.mlflow -}}
{{- $secrets := lookup "v1" "Secret" .Release.Namespace "" | default dict -}}
{{- range (get $secrets "items" | default list) -}}
{{- $kind := get (.metadata.annotations | default dict) "onyxia/discovery" -}}
{{- $data := .data | default dict -}}
{{- if and (eq $kind "postgres") $wanted.postgres (not (hasKey $found "PGHOST")) -}}
{{- $found = merge $found (dict
  "PGHOST" (get $data "postgres-service" | b64dec)
  "PGPORT" (get $data "postgres-port")
  "PGDATABASE" (get $data "postgres-database" | b64dec)
  "PGUSER" (get $data "postgres-username" | b64dec)
  "PGPASSWORD" (get $data "password" | b64dec)) -}}
{{- else if and (eq $kind "mlflow") $wanted.mlflow (not (hasKey $found "MLFLOW_TRACKING_URI")) -}}
{{- $found = merge $found (dict
  "MLFLOW_TRACKING_URI" (get $data "uri" | b64dec)
  "MLFLOW_TRACKING_USERNAME" (get $data "MLFLOW_TRACKING_USERNAME" | default "" | b64dec)
  "MLFLOW_TRACKING_PASSWORD" (get $data "MLFLOW_TRACKING_PASSWORD" | default "" | b64dec)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "sx.filled" $found -}}
{{- end -}}
