{{/*
What every StatefulSet's spec begins with; reads nothing of the values.

Parallel, because the default order waits for a pod to be ready before it is
replaced: one that cannot start would then never get the revision that mends it.
*/}}
{{- define "terrarium.set" -}}
replicas: 1
podManagementPolicy: Parallel
serviceName: {{ include "terrarium.name" . }}-pods
selector:
  matchLabels:
    {{- include "terrarium.selector" . | nindent 4 }}
{{- end }}

{{/*
What every pod spec begins with. Takes the chart's root and reads
.Values.{image,nodeSelector}. The API's token is mounted only where
"serviceAccount" is true. Probes and a graceful stop are the service's own.
*/}}
{{- define "terrarium.pod" -}}
{{- $root := .root -}}
serviceAccountName: {{ if .serviceAccount }}{{ include "terrarium.name" $root }}{{ else }}default{{ end }}
automountServiceAccountToken: {{ .serviceAccount | default false }}
enableServiceLinks: false
priorityClassName: terrarium-{{ .priority }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $root.Values.image.uid }}
  runAsGroup: {{ $root.Values.image.gid }}
  fsGroup: {{ $root.Values.image.gid }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What every container begins with: reads .Values.{image,resources}. */}}
{{- define "terrarium.container" -}}
name: {{ include "terrarium.name" . }}
image: {{ .Values.image.repository }}:{{ .Values.image.tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
imagePullPolicy: IfNotPresent
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
resources:
  {{- toYaml .Values.resources | nindent 2 }}
{{- end }}

{{/*
The three probes of one handler. Takes "handler" (a map) and "startSeconds":
how long a first start may take on the slowest board before it is a failure.
Readiness reacts within 15 s; liveness only when a minute has gone by without
an answer, because a restart costs more than a slow answer on a busy board.
*/}}
{{- define "terrarium.probes" -}}
{{- $handler := toYaml .handler -}}
startupProbe:
  {{- $handler | nindent 2 }}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: {{ div .startSeconds 2 }}
readinessProbe:
  {{- $handler | nindent 2 }}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  {{- $handler | nindent 2 }}
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 3
{{- end }}

{{/* Annotations by which Prometheus finds a pod. Takes "port" and "path". */}}
{{- define "terrarium.scrape" -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .port | quote }}
prometheus.io/path: {{ .path | default "/metrics" }}
{{- end }}
