{{/*
The claim of a StatefulSet. Reads .Values.storage.{size,class}; no class means
the cluster's default, which on k3s is local-path: the volume, and with it the
pod, then stays on the node it was first placed on.
*/}}
{{- define "terrarium.claim" -}}
- metadata:
    name: data
    labels:
      {{- include "terrarium.selector" . | nindent 6 }}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .Values.storage.class }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests:
        storage: {{ .Values.storage.size }}
{{- end }}
