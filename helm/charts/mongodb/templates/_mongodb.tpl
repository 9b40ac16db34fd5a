{{/* The pod of `engine: mongodb`. Takes the chart's root. */}}
{{- define "mongodb.mongodb" -}}
{{- $place := ternary (dict "terrarium/cpu" .Values.cpu) dict (ne .Values.cpu "") -}}
{{- /* No diagnostic data: a write every second for MongoDB's own support. */ -}}
{{- $options := list "--dbpath=/data/db" (printf "--wiredTigerCacheSizeGB=%s" .Values.cache) "--setParameter=diagnosticDataCollectionEnabled=false" -}}
{{ include "terrarium.pod" (dict "root" . "priority" "store" "nodeSelector" $place) }}
# SIGTERM writes a checkpoint and closes the files.
terminationGracePeriodSeconds: 60
containers:
  - {{- include "terrarium.container" . | nindent 4 }}
    {{- if .Values.auth }}
    command:
      {{- concat (list "bash" "/etc/mongodb/start.sh") $options | toYaml | nindent 6 }}
    {{- else }}
    args:
      {{- concat (list "mongod") $options (list "--bind_ip_all") | toYaml | nindent 6 }}
    {{- end }}
    env:
      # mongosh keeps settings and a log at home.
      - name: HOME
        value: /tmp
    ports:
      - name: mongodb
        containerPort: 27017
    # The port is opened after recovery. A shell that asked would cost more than
    # the server it asks.
    {{- include "terrarium.probes" (dict "handler" (dict "tcpSocket" (dict "port" "mongodb")) "startSeconds" 600) | nindent 4 }}
    volumeMounts:
      # Exactly these: the image declares volumes of its own on both paths.
      - name: data
        mountPath: /data/db
      - name: configdb
        mountPath: /data/configdb
      - name: tmp
        mountPath: /tmp
      - name: password
        mountPath: /run/secrets/mongodb
        readOnly: true
      - name: scripts
        mountPath: /etc/mongodb
        readOnly: true
volumes:
  - name: configdb
    emptyDir:
      sizeLimit: 1Mi
  - name: tmp
    emptyDir:
      medium: Memory
      sizeLimit: 32Mi
  - name: password
    secret:
      secretName: {{ include "terrarium.name" . }}
      defaultMode: 0440
  - name: scripts
    configMap:
      name: {{ include "terrarium.name" . }}-start
{{- end }}
