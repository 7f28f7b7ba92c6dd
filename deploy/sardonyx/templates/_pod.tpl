{{- define "sardonyx.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* A further container of an evaluation. */}}
{{- define "sardonyx.part" -}}
- name: {{ .name }}
  image: {{ include "sardonyx.image" .root }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  command: [python, -m, sardonyx.evaluation, {{ .name }}, --home, /var/lib/sardonyx/home, --port, {{ .root.Values.evaluation.port | quote }}]
  env: {{- include "sardonyx.environment" .root | nindent 4 }}
  securityContext: {{- include "sardonyx.confined" .root | nindent 4 }}
  resources: {{- toYaml .root.Values.partResources | nindent 4 }}
  volumeMounts:
    - {name: state, mountPath: /var/lib/sardonyx}
    - {name: tmp, mountPath: /tmp}
  {{- with .ready }}
  startupProbe: {{- toYaml (merge (dict "periodSeconds" 2 "failureThreshold" 90 "timeoutSeconds" 5) .) | nindent 4 }}
  readinessProbe: {{- toYaml (merge (dict "periodSeconds" 10 "timeoutSeconds" 5) .) | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "sardonyx.environment" -}}
- {name: HOME, value: /var/lib/sardonyx}
- {name: USER, value: sardonyx}
- {name: SARDONYX_CONFIG, value: /etc/sardonyx/settings/sardonyx.yaml}
- {name: MALLOC_ARENA_MAX, value: "2"}
{{- end -}}

{{- define "sardonyx.pod" -}}
{{- $own := include "sardonyx.evaluation" . -}}
metadata:
  labels: {{- include "sardonyx.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    checksum/settings: {{ include "sardonyx.settings" . | sha256sum }}
    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  serviceAccountName: {{ include "sardonyx.account" . }}
  # Mounted below, for the one container that needs it.
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: 40
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  {{- if $own }}
  # The pod reaches its own doors by the names that services use, without leaving itself.
  hostAliases:
    - ip: 127.0.0.1
      hostnames:
        - {{ include "sardonyx.inner" (dict "root" . "part" "store") }}
        - {{ include "sardonyx.inner" (dict "root" . "part" "secrets") }}
  initContainers:
    - name: prepare
      image: {{ include "sardonyx.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [python, -m, sardonyx.evaluation, prepare, --home, /var/lib/sardonyx/home]
      env: {{- include "sardonyx.environment" . | nindent 8 }}
      securityContext: {{- include "sardonyx.confined" . | nindent 8 }}
      resources: {{- toYaml .Values.partResources | nindent 8 }}
      volumeMounts:
        - {name: state, mountPath: /var/lib/sardonyx}
        - {name: tmp, mountPath: /tmp}
  {{- end }}
  containers:
    - name: portal
      image: {{ include "sardonyx.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [sardonyx, serve]
      env: {{- include "sardonyx.environment" . | nindent 8 }}
      ports:
        - {name: http, containerPort: 8080, protocol: TCP}
        {{- if .Values.metrics.enabled }}
        - {name: metrics, containerPort: 9090, protocol: TCP}
        {{- end }}
      securityContext: {{- include "sardonyx.confined" . | nindent 8 }}
      resources: {{- toYaml .Values.resources | nindent 8 }}
      {{- if include "sardonyx.shared" . }}
      lifecycle:
        # Proxies learn a moment later that a replica is leaving: it answers them until then.
        preStop: {exec: {command: [sleep, "5"]}}
      {{- end }}
      startupProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 2
        failureThreshold: 90
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 20
        timeoutSeconds: 10
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
        timeoutSeconds: 5
      volumeMounts:
        - {name: settings, mountPath: /etc/sardonyx/settings, readOnly: true}
        - {name: keys, mountPath: /etc/sardonyx/keys, readOnly: true}
        {{- if .Values.secrets.database.name }}
        - {name: database, mountPath: /etc/sardonyx/database, readOnly: true}
        {{- end }}
        {{- if .Values.secrets.client.name }}
        - {name: client, mountPath: /etc/sardonyx/client, readOnly: true}
        {{- end }}
        - {name: account, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
        - {name: state, mountPath: /var/lib/sardonyx}
        - {name: tmp, mountPath: /tmp}
    {{- if $own }}
    {{- include "sardonyx.part" (dict "root" . "name" "keys") | nindent 4 }}
    {{- include "sardonyx.part" (dict "root" . "name" "store" "ready" (dict "httpGet" (dict "path" "/status" "port" 8333))) | nindent 4 }}
    {{- include "sardonyx.part" (dict "root" . "name" "secrets" "ready" (dict "httpGet" (dict "path" "/v1/sys/health" "port" 8200))) | nindent 4 }}
    {{- include "sardonyx.part" (dict "root" . "name" "door" "ready" (dict "tcpSocket" (dict "port" 8333))) | nindent 4 }}
    {{- end }}
  volumes:
    - name: settings
      secret: {secretName: {{ include "sardonyx.fullname" . }}-settings, defaultMode: 0440}
    - name: keys
      projected:
        defaultMode: 0440
        sources:
          - secret: {name: {{ include "sardonyx.fullname" . }}-keys}
          {{- with .Values.secrets.key }}
          - secret: {name: {{ . }}, items: [{key: seal.key, path: seal.key}]}
          {{- end }}
    {{- with .Values.secrets.database }}{{ if .name }}
    - name: database
      secret: {secretName: {{ .name }}, defaultMode: 0440, items: [{key: {{ .key }}, path: password}]}
    {{- end }}{{ end }}
    {{- with .Values.secrets.client }}{{ if .name }}
    - name: client
      secret: {secretName: {{ .name }}, defaultMode: 0440, items: [{key: {{ .key }}, path: secret}]}
    {{- end }}{{ end }}
    - name: account
      projected:
        defaultMode: 0440
        sources:
          - serviceAccountToken: {path: token, expirationSeconds: 3600}
          - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
          - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
    - name: tmp
      emptyDir: {}
    {{- if or (include "sardonyx.shared" .) (not .Values.persistence.enabled) }}
    - name: state
      emptyDir: {}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.affinity }}
  affinity: {{- toYaml .Values.affinity | nindent 4 }}
  {{- else if gt (int .Values.replicas) 1 }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "sardonyx.selector" . | nindent 10 }}
  {{- end }}
{{- end -}}
