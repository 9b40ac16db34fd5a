{{/*
A Job that brings a running service to what its values say: users, databases,
topics. Takes "root", "name" (what it does), "pod" (its pod spec as text, which
begins with `terrarium.pod`) and "inputs": a list of whatever else it reads,
scripts and values. A changed pod or input is a new Job, because Kubernetes
does not let one change; helm removes the former one.

It never gives up by itself: one that did would have to be deleted by hand
before the next run could try again. How long it may take is the deadline of
the one who waits for it.

Its pods are not the service's: they carry `terrarium/admin-of`, which the
policy of `terrarium.network` knows.
*/}}
{{- define "terrarium.job" -}}
{{- $name := include "terrarium.name" .root -}}
{{- $digest := printf "%s%s" .pod (toJson .inputs) | sha256sum | trunc 8 -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $name }}-{{ .name }}-{{ $digest }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "terrarium.labels" .root | nindent 4 }}
spec:
  backoffLimit: 1000000
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {{ $name }}-{{ .name }}
        app.kubernetes.io/instance: {{ .root.Release.Name }}
        app.kubernetes.io/part-of: terrarium
        terrarium/admin-of: {{ $name }}
    spec:
      {{- .pod | nindent 6 }}
      restartPolicy: OnFailure
      # A shell heeds no SIGTERM, and what it does may be cut off anywhere.
      terminationGracePeriodSeconds: 5
{{- end }}

{{/* A ConfigMap of texts, for such a Job: takes "root", "name" and "texts", a map. */}}
{{- define "terrarium.texts" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "terrarium.name" .root }}-{{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "terrarium.labels" .root | nindent 4 }}
data:
  {{- range $name, $text := .texts }}
  {{ $name }}: |
    {{- $text | trimSuffix "\n" | nindent 4 }}
  {{- end }}
{{- end }}
