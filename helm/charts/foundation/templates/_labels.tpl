{{- define "foundation.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: terrarium
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
