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
    args:
      - postgres
      {{- range $name, $value := dict "listen_addresses" "127.0.0.1" "shared_buffers" "64MB" "work_mem" "4MB" "max_connections" "50" "huge_pages" "off" "jit" "off" }}
      - -c
      - {{ $name }}={{ $value }}
      {{- end }}
    env:
      # Below the mount: a file system's own root is not always empty.
      - name: PGDATA
        value: /var/lib/postgresql/data/pgdata
      # The users of PostgreSQL are those of FerretDB. Its extension is made in
      # the database of this name.
      - name: POSTGRES_USER
        value: root
      - name: POSTGRES_DB
        value: postgres
      - name: POSTGRES_PASSWORD_FILE
        value: /run/secrets/mongodb/password
      - name: POSTGRES_INITDB_ARGS
        value: --data-checksums
    {{- $ready := dict "exec" (dict "command" (list "pg_isready" "--quiet" "--host=127.0.0.1" "--username=root")) }}
    {{- include "terrarium.probes" (dict "handler" $ready "startSeconds" 600) | nindent 4 }}
    volumeMounts:
      - name: data
        mountPath: /var/lib/postgresql/data
      - name: password
        mountPath: /run/secrets/mongodb
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
