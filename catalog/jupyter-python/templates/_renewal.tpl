{{/* The container that renews credentials beside the service, and what both share. */}}
{{- define "sx.renewalPort" -}}61730{{- end -}}
{{- define "sx.renewalFolder" -}}/run/sardonyx{{- end -}}

{{/* What is renewed, as a text with commas; empty where nothing is. */}}
{{- define "sx.renewed" -}}
{{- $on := list -}}
{{- if .Values.renewal.enabled -}}
{{/* A store of the person's own has keys of its own. */}}
{{- if and .Values.s3.enabled .Values.s3.endpoint .Values.renewal.s3 }}{{ $on = append $on "s3" }}{{ end -}}
{{- if and .Values.vault.enabled .Values.vault.url }}{{ $on = append $on "vault" }}{{ end -}}
{{- end -}}
{{- join "," $on -}}
{{- end -}}

{{- define "sx.renewal.content" -}}
{{- dict "token" .Values.renewal.token "authorities" .Values.renewal.authorities | toJson -}}
{{- end -}}

{{/* An init container that stays: it answers before the service starts, and ends after it. */}}
{{- define "sx.renewal.container" -}}
- name: credentials
  image: {{ include "sx.image" . | quote }}
  imagePullPolicy: {{ .Values.service.image.pullPolicy | quote }}
  restartPolicy: Always
  command: [python3, -I, -B, /opt/sardonyx-renewal/credentials.py]
  env:
    - name: RENEWAL_URL
      value: {{ .Values.renewal.url | quote }}
    - name: RENEWAL_TOKEN_FILE
      value: /etc/sardonyx-renewal/token
    {{- if .Values.renewal.authorities }}
    - name: RENEWAL_AUTHORITIES
      value: /etc/sardonyx-renewal/authorities
    {{- end }}
    - name: RENEWAL_PORT
      value: {{ include "sx.renewalPort" . | quote }}
    - name: RENEWAL_FOLDER
      value: {{ include "sx.renewalFolder" . | quote }}
    - name: RENEWAL_WANTED
      value: {{ include "sx.renewed" . | quote }}
  startupProbe:
    exec:
      command: [test, -e, {{ printf "%s/ready" (include "sx.renewalFolder" .) | quote }}]
    periodSeconds: 1
    failureThreshold: 60
  resources:
    requests:
      cpu: 5m
      memory: 24Mi
    limits:
      cpu: 500m
      memory: 96Mi
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
  volumeMounts:
    - name: renewed
      mountPath: {{ include "sx.renewalFolder" . | quote }}
    - name: renewal
      mountPath: /etc/sardonyx-renewal
      readOnly: true
    - name: renewal-program
      mountPath: /opt/sardonyx-renewal
      readOnly: true
{{- end -}}
