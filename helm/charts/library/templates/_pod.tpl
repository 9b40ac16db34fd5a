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
What every Deployment's spec begins with: takes "root" and "strategy", either
"Recreate" (whatever must not run twice) or "RollingUpdate". Two former
revisions are enough to go back; more are clutter in a small store.
*/}}
{{- define "terrarium.deployment" -}}
replicas: 1
revisionHistoryLimit: 2
strategy:
  type: {{ .strategy }}
selector:
  matchLabels:
    {{- include "terrarium.selector" .root | nindent 4 }}
{{- end }}

{{/*
What every pod spec begins with. Takes "root", "priority" (store, app or tool)
and, as needed: "serviceAccount": true where the API's token is mounted;
"nodeSelector": labels a node must have beside those of .Values.nodeSelector;
"image": whose uid and gid it runs as, .Values.image by default. Probes and a
graceful stop are the service's own.
*/}}
{{- define "terrarium.pod" -}}
{{- $root := .root -}}
{{- $image := .image | default $root.Values.image -}}
{{- $places := merge dict (.nodeSelector | default dict) ($root.Values.nodeSelector | default dict) -}}
serviceAccountName: {{ if .serviceAccount }}{{ include "terrarium.name" $root }}{{ else }}default{{ end }}
automountServiceAccountToken: {{ .serviceAccount | default false }}
enableServiceLinks: false
priorityClassName: terrarium-{{ .priority }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $image.uid }}
  runAsGroup: {{ $image.gid }}
  fsGroup: {{ $image.gid }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with $places }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
What every container begins with. Takes the chart's root and reads
.Values.{image,resources}; a second container of a pod takes "root" and what is
its own of "name", "image" and "resources", each as the values have them.

An image under a name that no registry can serve (`.invalid`, RFC 2606) is
brought to the nodes; where it is missing, nobody is asked for it.
*/}}
{{- define "terrarium.container" -}}
{{- $root := .root | default . -}}
{{- $own := ternary . dict (hasKey . "root") -}}
{{- $image := $own.image | default $root.Values.image -}}
name: {{ $own.name | default (include "terrarium.name" $root) }}
image: {{ $image.repository }}:{{ $image.tag }}{{ with $image.digest }}@{{ . }}{{ end }}
imagePullPolicy: {{ ternary "Never" "IfNotPresent" (regexMatch "^[^/]+[.]invalid/" $image.repository) }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
resources:
  {{- toYaml ($own.resources | default $root.Values.resources) | nindent 2 }}
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
