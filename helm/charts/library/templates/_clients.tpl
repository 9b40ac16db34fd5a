{{/*
A store and the services that log in to it. The store's chart makes the users;
each client has a Secret `<store>-<client>` with `username` and `password`.
*/}}

{{/*
A store's: the passwords of .Values.clients, as JSON, by client. Takes the
chart's root. Asked once in a rendering and handed on, because a second asking
would make others:
  {{- $passwords := include "terrarium.clientPasswords" . | fromJson -}}
*/}}
{{- define "terrarium.clientPasswords" -}}
{{- $root := . -}}
{{- $passwords := dict -}}
{{- range $client, $_ := .Values.clients -}}
{{- $name := printf "%s-%s" (include "terrarium.name" $root) $client -}}
{{- $_ := set $passwords $client (include "terrarium.password" (dict "root" $root "name" $name)) -}}
{{- end -}}
{{- toJson $passwords -}}
{{- end }}

{{/* A store's: one Secret per client. Takes "root" and "passwords". */}}
{{- define "terrarium.clientSecrets" -}}
{{- $root := .root -}}
{{- range $client, $password := .passwords }}
---
{{ include "terrarium.secret" (dict "root" $root "name" (printf "%s-%s" (include "terrarium.name" $root) $client) "username" $client "password" $password) }}
{{- end }}
{{- end }}

{{/*
A store's: what changes with its passwords, so that a Secret that was deleted is
a new Job or a new pod. Nothing without a cluster to ask, because the passwords
are then others at every rendering. Takes a map of passwords.
*/}}
{{- define "terrarium.passwordDigest" -}}
{{- if lookup "v1" "Namespace" "" "kube-system" -}}
{{- toJson . | sha256sum -}}
{{- end -}}
{{- end }}

{{/*
Of a pod that reads a password at its start: the annotation that makes a changed
password a changed pod. Takes the password; says so little of it that nobody can
find it by trying.
*/}}
{{- define "terrarium.passwordNote" -}}
{{- with include "terrarium.passwordDigest" . -}}
terrarium/password: {{ trunc 8 . | quote }}
{{- end -}}
{{- end }}

{{/*
A store's, in the pod of its job: volume and mount of every client's login,
below /run/clients/<client>/. Take the chart's root.
*/}}
{{- define "terrarium.clientsVolume" -}}
- name: clients
  projected:
    defaultMode: 0440
    sources:
      {{- range $client, $_ := .Values.clients }}
      - secret:
          name: {{ include "terrarium.name" $ }}-{{ $client }}
          items:
            - key: password
              path: {{ $client }}/password
      {{- end }}
{{- end }}
{{- define "terrarium.clientsMount" -}}
- name: clients
  mountPath: /run/clients
  readOnly: true
{{- end }}

{{/*
A client's: the volume of its login to a store. Takes "root", "store", and
"optional": true where the service starts without the store; the files then
appear when the store is deployed.
*/}}
{{- define "terrarium.clientVolume" -}}
- name: {{ .store }}-login
  secret:
    secretName: {{ .store }}-{{ include "terrarium.name" .root }}
    defaultMode: 0440
    {{- if .optional }}
    optional: true
    {{- end }}
{{- end }}

{{/*
A client's: where that volume is mounted, /run/secrets/<store>/{username,password}.
Takes "store".
*/}}
{{- define "terrarium.clientMount" -}}
- name: {{ .store }}-login
  mountPath: /run/secrets/{{ .store }}
  readOnly: true
{{- end }}

{{/*
A client's that reads its login at its start only: the annotation that makes a
changed password a changed pod. Takes "root" and "store". Nothing where the store
has made no login.
*/}}
{{- define "terrarium.clientNote" -}}
{{- $name := printf "%s-%s" .store (include "terrarium.name" .root) -}}
{{- with lookup "v1" "Secret" .root.Release.Namespace $name -}}
{{- include "terrarium.passwordNote" (.data | default dict).password -}}
{{- end -}}
{{- end }}
