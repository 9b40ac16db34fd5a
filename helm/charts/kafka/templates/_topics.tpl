{{/* A time such as 7d, in milliseconds. */}}
{{- define "kafka.milliseconds" -}}
{{- $units := dict "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- $unit := . | trunc -1 -}}
{{- mul (trimSuffix $unit . | int64) (get $units $unit) -}}
{{- end }}

{{/*
The clients' topics, one line each: name, partitions, settings. A topic named by
several clients is one; only one of them may say more than its name, or all must
say the same.
*/}}
{{- define "kafka.topics" -}}
{{- $topics := dict -}}
{{- range $client, $uses := .Values.clients -}}
{{- range $topic := $uses.topics -}}
{{- if kindIs "string" $topic -}}
{{- if not (hasKey $topics $topic) }}{{ $_ := set $topics $topic (dict "name" $topic) }}{{ end -}}
{{- else -}}
{{- $known := get $topics $topic.name | default dict -}}
{{- if and (gt (len $known) 1) (ne (toJson $known) (toJson $topic)) -}}
{{- fail (printf "topic %s: %s says %s, another client %s" $topic.name $client (toJson $topic) (toJson $known)) -}}
{{- end -}}
{{- $_ := set $topics $topic.name $topic -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name, $topic := $topics }}
{{ $name }} {{ $topic.partitions | default 1 | int }}
{{- with $topic.cleanup }} cleanup.policy={{ . }}{{ end }}
{{- with $topic.retention }} retention.ms={{ include "kafka.milliseconds" . }}{{ end }}
{{- end }}
{{- end }}
