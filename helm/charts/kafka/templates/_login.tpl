{{/*
The broker's own login and that of its tools, and the cluster's id: 22 digits of
base 64 for 16 bytes, the last of which has two bits only. Takes "root" and
"password".
*/}}
{{- define "kafka.login" -}}
{{- $name := include "terrarium.name" .root -}}
{{- $module := "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"admin\" password=\"PASSWORD\"" -}}
{{- $login := printf "listener.name.admin.plain.sasl.jaas.config=%s user_admin=\"PASSWORD\";\n" $module -}}
{{- $admin := printf "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=%s;\n" $module -}}
{{- $id := include "terrarium.kept" (dict "root" .root "name" $name "key" "cluster-id" "new" (printf "%sA" (randAlphaNum 21))) -}}
{{ include "terrarium.secret" (dict "root" .root "password" .password "username" "admin" "files" (dict "login.properties" $login "admin.properties" $admin "cluster-id" $id)) }}
{{- end }}
