{{/*
A text that is made once: takes "root", "name" (of a Secret), "key", and "new",
the text to begin with.

An upgrade finds the text in the cluster and keeps it. Without a cluster to ask
(`helm template`) every rendering shows the new one.
*/}}
{{- define "terrarium.kept" -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .name -}}
{{- if $found -}}
{{- required (printf "Secret %s has no %s; delete the Secret to have a new one" .name .key) (get ($found.data | default dict) .key) | b64dec -}}
{{- else -}}
{{- .new -}}
{{- end -}}
{{- end }}

{{/* The password of a Secret. Takes "root" and "name". */}}
{{- define "terrarium.password" -}}
{{- include "terrarium.kept" (dict "root" .root "name" .name "key" "password" "new" (randAlphaNum 32)) -}}
{{- end }}

{{/*
A Secret whose `password` is generated once. Takes "root" and, as needed:
"name", when it is not the chart's; "username", for a Secret that names its
user; "password", when the caller has asked for it already; "files": further
keys, each a text in which PASSWORD stands for the password and DIGEST for its
SHA-256 in hexadecimal.

Uninstalling leaves the Secret, because the volume it opens stays as well.
*/}}
{{- define "terrarium.secret" -}}
{{- $root := .root -}}
{{- $name := .name | default (include "terrarium.name" $root) -}}
{{- $password := .password | default (include "terrarium.password" (dict "root" $root "name" $name)) -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "terrarium.labels" $root | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
type: Opaque
data:
  {{- with .username }}
  username: {{ . | b64enc }}
  {{- end }}
  password: {{ $password | b64enc }}
  {{- range $key, $text := .files }}
  {{ $key }}: {{ $text | replace "DIGEST" ($password | sha256sum) | replace "PASSWORD" $password | b64enc }}
  {{- end }}
{{- end }}
