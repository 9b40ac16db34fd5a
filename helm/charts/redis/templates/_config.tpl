{{- define "redis.conf" -}}
port 6379
dir /data
# Every second to the append-only file, no snapshots: at most a second of
# writes is lost, and flash is spared the whole data set every few minutes.
appendonly yes
appendfsync everysec
save ""
maxmemory {{ .Values.maxmemory }}
maxmemory-policy {{ .Values.maxmemoryPolicy }}
aclfile /run/secrets/redis/users.acl
{{- end }}

{{/*
The users, by the SHA-256 of their passwords. A client touches its own keys and
runs nothing that stops, empties or reconfigures the server; INFO, which is
counted among the dangerous, is what client libraries ask first. Takes "root"
and "passwords".
*/}}
{{- define "redis.users" -}}
user default on #DIGEST ~* &* +@all
{{- range $client, $uses := .root.Values.clients }}
{{- $digest := get $.passwords $client | sha256sum }}
{{- if $uses.admin }}
user {{ $client }} on #{{ $digest }} ~* &* +@all
{{- else }}
user {{ $client }} on #{{ $digest }}{{ range $uses.keys }} ~{{ . }}{{ end }} +@all -@admin -@dangerous +info
{{- end }}
{{- end }}
{{ end }}
