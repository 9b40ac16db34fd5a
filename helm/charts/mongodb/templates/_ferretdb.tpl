{{/*
The pod of `engine: ferretdb`. Takes the chart's root. The store is a container
that starts before the translator and ends after it.
*/}}
{{- define "mongodb.ferretdb" -}}
{{- $store := .Values.documentdb -}}
{{ include "terrarium.pod" (dict "root" . "priority" "store" "image" $store.image) }}
terminationGracePeriodSeconds: 60
initContainers:
  - {{- include "terrarium.container" (dict "root" . "name" "documentdb" "image" $store.image "resources" $store.resources) | nindent 4 }}
    restartPolicy: Always
    # Not left to the image: see files/documentdb.sh.
    command: [sh, /etc/mongodb/documentdb.sh]
    args:
      {{- $settings := dict "listen_addresses" "127.0.0.1" "shared_buffers" "64MB" "work_mem" "4MB" "max_connections" "50" "huge_pages" "off" "jit" "off" }}
      {{- range $name, $value := merge $settings (include "mongodb.documentdb" . | fromYaml) }}
      - -c
      - {{ $name }}={{ $value }}
      {{- end }}
    env:
      # Below the mount: a file system's own root is not always empty.
      - name: PGDATA
        value: /var/lib/postgresql/data/pgdata
      - name: POSTGRES_PASSWORD_FILE
        value: /run/secrets/mongodb/password
    {{- $ready := dict "exec" (dict "command" (list "pg_isready" "--quiet" "--host=127.0.0.1" "--username=root")) }}
    {{- include "terrarium.probes" (dict "handler" $ready "startSeconds" 600) | nindent 4 }}
    volumeMounts:
      - name: data
        mountPath: /var/lib/postgresql/data
      - name: password
        mountPath: /run/secrets/mongodb
        readOnly: true
      - name: scripts
        mountPath: /etc/mongodb
        readOnly: true
      - name: socket
        mountPath: /var/run/postgresql
      - name: tmp
        mountPath: /tmp
containers:
  - {{- include "terrarium.container" (dict "root" . "name" "ferretdb" "image" .Values.ferretdb.image "resources" .Values.ferretdb.resources) | nindent 4 }}
    env:
      - name: FERRETDB_POSTGRESQL_URL_FILE
        value: /run/secrets/mongodb/documentdb-url
      - name: FERRETDB_AUTH
        value: {{ .Values.auth | quote }}
      - name: FERRETDB_TELEMETRY
        value: disable
      - name: FERRETDB_LOG_LEVEL
        value: warn
    ports:
      - name: mongodb
        containerPort: 27017
      - name: debug
        containerPort: 8088
    {{- $ready := dict "httpGet" (dict "path" "/debug/readyz" "port" "debug") }}
    {{- include "terrarium.probes" (dict "handler" $ready "startSeconds" 300) | nindent 4 }}
    volumeMounts:
      - name: password
        mountPath: /run/secrets/mongodb
        readOnly: true
      - name: state
        mountPath: /state
volumes:
  - name: scripts
    configMap:
      name: {{ include "terrarium.name" . }}-start
  - name: password
    secret:
      secretName: {{ include "terrarium.name" . }}
      defaultMode: 0440
  - name: socket
    emptyDir:
      medium: Memory
      sizeLimit: 1Mi
  - name: tmp
    emptyDir:
      sizeLimit: 64Mi
  - name: state
    emptyDir:
      sizeLimit: 1Mi
{{- end }}

{{/*
What FerretDB 2.7 asks of its PostgreSQL. The image writes these into the
cluster's own file, at the first start only and not when that is cut off.
*/}}
{{- define "mongodb.documentdb" -}}
shared_preload_libraries: pg_cron,pg_documentdb_core,pg_documentdb
cron.database_name: postgres
# Two jobs every two seconds: their rows and lines would be 100 MB written a day,
# and the rows would stay for ever.
cron.log_run: "off"
cron.log_statement: "off"
documentdb.enableCompact: "on"
documentdb.enableLetAndCollationForQueryMatch: "on"
documentdb.enableNowSystemVariable: "on"
documentdb.enableSortbyIdPushDownToPrimaryKey: "on"
documentdb.enableSchemaValidation: "on"
documentdb.enableBypassDocumentValidation: "on"
documentdb.enableUserCrud: "on"
documentdb.maxUserLimit: "100"
{{- end }}
