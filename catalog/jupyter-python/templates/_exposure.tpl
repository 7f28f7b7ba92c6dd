{{/* One host rule for every exposure; at most one of them is made. A cluster that offers the
     Gateway API beside an ingress controller gets the HTTPRoute. */}}
{{- define "sx.exposure" -}}
{{- $on := list -}}
{{- if and .Values.ingress.enabled (not .Values.httpRoute.enabled) }}{{ $on = append $on "ingress" }}{{ end -}}
{{- if .Values.route.enabled }}{{ $on = append $on "route" }}{{ end -}}
{{- if .Values.httpRoute.enabled }}{{ $on = append $on "httpRoute" }}{{ end -}}
{{- if gt (len $on) 1 -}}
{{- fail (printf "only one of ingress, route and httpRoute may be enabled, not %s" (join " and " $on)) -}}
{{- end -}}
{{- join "" $on -}}
{{- end -}}

{{/* The address of the page, or the empty text when nothing exposes it. */}}
{{- define "sx.url" -}}
{{- $how := include "sx.exposure" . -}}
{{- if eq $how "ingress" -}}
{{- ternary "https" "http" .Values.ingress.tls }}://{{ .Values.ingress.hostname }}{{ .Values.ingress.path | trimSuffix "/" }}
{{- else if eq $how "route" -}}
https://{{ .Values.route.hostname }}
{{- else if eq $how "httpRoute" -}}
{{- ternary "https" "http" .Values.httpRoute.tls }}://{{ .Values.httpRoute.hostname }}
{{- end -}}
{{- end -}}

{{- define "sx.tlsSecret" -}}
{{- if .Values.ingress.useTlsSecret }}{{ .Values.ingress.tlsSecretName }}{{ else }}tls-cert-{{ include "sx.fullname" . }}{{ end -}}
{{- end -}}
