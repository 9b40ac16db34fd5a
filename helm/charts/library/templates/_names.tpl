{{/*
Everything of a service is named after its chart, because others find it by
that name: one service, one release, one namespace.
*/}}
{{- define "terrarium.name" -}}
{{ .Chart.Name }}
{{- end }}

{{/* What selects a service's pods: never changes over a release's life. */}}
{{- define "terrarium.selector" -}}
app.kubernetes.io/name: {{ include "terrarium.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "terrarium.labels" -}}
{{ include "terrarium.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: terrarium
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* metadata of one object. Takes the chart's root. */}}
{{- define "terrarium.metadata" -}}
name: {{ include "terrarium.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "terrarium.labels" . | nindent 2 }}
{{- end }}
