{{/*
The connectors of the stores that are deployed, as JSON: configuration by name.
*/}}
{{- define "connect.connectors" -}}
{{- $found := dict -}}
{{- $sinks := dict "postgresql" (list "postgresql-sink" "postgresql-sink-github") "mongodb" (list "mongodb-sink") -}}
{{- range $store, $names := $sinks -}}
{{- if has $store $.Values.network.to -}}
{{- range $name := $names -}}
{{- $text := tpl ($.Files.Get (printf "files/connectors/%s.json" $name)) $ -}}
{{- $_ := set $found $name ($text | mustFromJson | mustToPrettyJson) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/*
What every sink ends with. A record that cannot be taken goes to a topic of its
own, with the reason in its headers, instead of stopping all that follow. The
last key is how the job knows a connector for one of its own.
*/}}
{{- define "connect.common" -}}
"errors.tolerance": "all",
"errors.log.enable": "true",
"errors.deadletterqueue.topic.name": "connect-dead-letter",
"errors.deadletterqueue.topic.replication.factor": "1",
"errors.deadletterqueue.context.headers.enable": "true",
"terrarium.from": "connect"
{{- end }}

{{/*
A sink into PostgreSQL; takes the database. Tables are made, and columns added,
as records ask for them. A lost connection is tried again for minutes, because
a task that gives up has to be started again from outside.
*/}}
{{- define "connect.postgresql" -}}
"connection.url": "jdbc:postgresql://postgresql:5432/{{ . }}",
"connection.username": "${directory:/run/secrets/postgresql:username}",
"connection.password": "${directory:/run/secrets/postgresql:password}",
"connection.pool.min_size": "1",
"connection.pool.max_size": "2",
"connection.pool.acquire_increment": "1",
"connection.restart.on.errors": "true",
"flush.max.retries": "60",
"flush.retry.delay.ms": "2000",
"insert.mode": "upsert",
"schema.evolution": "basic",
"collection.name.format": "${topic}",
{{- end }}

{{/*
How MongoDB is reached. This sink never tries a write again: what fails goes to
the dead letters. So the driver waits for a server that is away instead, and
looks every second whether it is.
*/}}
{{- define "connect.mongodb" -}}
{{- $login := ternary "${directory:/run/secrets/mongodb:username}:${directory:/run/secrets/mongodb:password}@" "" .Values.mongodb.login -}}
mongodb://{{ $login }}mongodb:27017/?serverSelectionTimeoutMS=600000&heartbeatFrequencyMS=1000&maxPoolSize=2
{{- if .Values.mongodb.login }}&authSource=admin{{ end }}
{{- end }}
