{{/*
A Secret whose `password` is generated once. Takes "root" and "files": further
keys, each a text in which PASSWORD stands for the password.

An upgrade finds the password in the cluster and keeps it, and uninstalling
leaves the Secret, because the volume it opens stays as well. Without a cluster
to ask (`helm template`) every rendering shows a new password.
*/}}
{{- define "terrarium.secret" -}}
{{- $root := .root -}}
{{- $name := include "terrarium.name" $root -}}
{{- $password := randAlphaNum 32 -}}
{{- $found := lookup "v1" "Secret" $root.Release.Namespace $name -}}
{{- if $found -}}
{{- $password = required (printf "Secret %s has no password; delete it to have a new one" $name) (get ($found.data | default dict) "password") | b64dec -}}
{{- end -}}
apiVersion: v1
kind: Secret
metadata:
  {{- include "terrarium.metadata" $root | nindent 2 }}
  annotations:
    helm.sh/resource-policy: keep
type: Opaque
data:
  password: {{ $password | b64enc }}
  {{- range $key, $text := .files }}
  {{ $key }}: {{ $text | replace "PASSWORD" $password | b64enc }}
  {{- end }}
{{- end }}
