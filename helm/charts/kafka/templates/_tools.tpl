{{/*
The environment of Kafka's command line tools: a small heap, no second compiler
for what runs a few seconds, no files beside /tmp.
*/}}
{{- define "kafka.tools" -}}
- name: KAFKA_HEAP_OPTS
  value: -Xmx96m
- name: KAFKA_JVM_PERFORMANCE_OPTS
  value: -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:MaxMetaspaceSize=96m
- name: LOG_DIR
  value: /tmp
{{- end }}
