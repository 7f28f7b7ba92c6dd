{{/* What each Secret of the pod holds, as JSON: one place for the Secret and its checksum. */}}
{{- define "sx.secret.s3" -}}
{{- $s3 := .Values.s3 -}}
{{- $address := "" -}}
{{- $scheme := ternary "https" "http" $s3.tls -}}
{{- if $s3.endpoint }}{{ $address = ternary $s3.endpoint (printf "%s://%s" $scheme $s3.endpoint) (contains "://" $s3.endpoint) }}{{ end -}}
{{/* SDKs read plain keys first and stop at their end: with renewal there are none. */}}
{{- $keys := dict
  "AWS_ACCESS_KEY_ID" $s3.accessKeyId
  "AWS_SECRET_ACCESS_KEY" $s3.secretAccessKey
  "AWS_SESSION_TOKEN" $s3.sessionToken -}}
{{- if contains "s3" (include "sx.renewed" .) -}}
{{- $keys = dict
  "AWS_CONTAINER_CREDENTIALS_FULL_URI" (printf "http://127.0.0.1:%s/creds" (include "sx.renewalPort" .))
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" (printf "%s/token" (include "sx.renewalFolder" .)) -}}
{{- end -}}
{{- $all := merge $keys (dict
  "AWS_DEFAULT_REGION" $s3.defaultRegion
  "AWS_REGION" $s3.defaultRegion
  "AWS_S3_ENDPOINT" ($s3.endpoint | trimPrefix "https://" | trimPrefix "http://")
  "AWS_ENDPOINT_URL" $address
  "S3_ENDPOINT" $address
  "AWS_PATH_STYLE_ACCESS" (toString $s3.pathStyleAccess)
  "AWS_WORKING_DIRECTORY_PATH" $s3.workingDirectoryPath) -}}
{{- include "sx.filled" $all -}}
{{- end -}}

{{- define "sx.secret.vault" -}}
{{- $vault := .Values.vault -}}
{{- include "sx.filled" (dict
  "VAULT_ADDR" $vault.url
  "VAULT_TOKEN" (ternary "" $vault.token .Values.renewal.enabled)
  "VAULT_MOUNT" $vault.mount
  "VAULT_TOP_DIR" $vault.directory
  "VAULT_RELATIVE_PATH" $vault.secret) -}}
{{- end -}}

{{- define "sx.secret.git" -}}
{{- $git := .Values.git -}}
{{- include "sx.filled" (dict
  "GIT_USER_NAME" $git.name
  "GIT_USER_MAIL" $git.email
  "GIT_CREDENTIALS_CACHE_DURATION" (toString $git.cache)
  "GIT_PERSONAL_ACCESS_TOKEN" $git.token
  "GIT_REPOSITORY" $git.repository
  "GIT_BRANCH" $git.branch) -}}
{{- end -}}

{{- define "sx.secret.extraenv" -}}
{{- $all := dict -}}
{{- range .Values.extraEnvVars }}{{ if .name }}{{ $all = set $all .name (toString .value) }}{{ end }}{{ end -}}
{{- include "sx.filled" $all -}}
{{- end -}}

{{/* Only what has a value: an empty variable is not the same as none. */}}
{{- define "sx.filled" -}}
{{- $kept := dict -}}
{{- range $name, $value := . }}{{ if $value }}{{ $kept = set $kept $name $value }}{{ end }}{{ end -}}
{{- toJson $kept -}}
{{- end -}}

{{/* The Secrets that are on: kind -> content. The password is apart, as it may be drawn. */}}
{{- define "sx.secrets" -}}
{{- $on := dict -}}
{{- if .Values.s3.enabled }}{{ $on = set $on "s3" (include "sx.secret.s3" . | fromJson) }}{{ end -}}
{{- if .Values.vault.enabled }}{{ $on = set $on "vault" (include "sx.secret.vault" . | fromJson) }}{{ end -}}
{{- if .Values.git.enabled }}{{ $on = set $on "git" (include "sx.secret.git" . | fromJson) }}{{ end -}}
{{- if .Values.extraEnvVars }}{{ $on = set $on "extraenv" (include "sx.secret.extraenv" . | fromJson) }}{{ end -}}
{{- toJson $on -}}
{{- end -}}
