{{/*
The Service other pods use. Takes "root" and "ports": a map of port names to
numbers; each is served on the container port of that name.
*/}}
{{- define "terrarium.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "terrarium.metadata" .root | nindent 2 }}
spec:
  selector:
    {{- include "terrarium.selector" .root | nindent 4 }}
  ports:
    {{- range $name, $number := .ports }}
    - name: {{ $name }}
      port: {{ $number }}
      targetPort: {{ $name }}
    {{- end }}
{{- end }}

{{/*
The headless Service a StatefulSet names as its own: gives each pod a name,
before it is ready.
*/}}
{{- define "terrarium.headless" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "terrarium.name" .root }}-pods
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "terrarium.labels" .root | nindent 4 }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "terrarium.selector" .root | nindent 4 }}
  ports:
    {{- range $name, $number := .ports }}
    - name: {{ $name }}
      port: {{ $number }}
      targetPort: {{ $name }}
    {{- end }}
{{- end }}

{{/*
The way in for a browser: nothing unless .Values.ingress.host is set. Takes
"root" and "port", the Service's port by name.
*/}}
{{- define "terrarium.ingress" -}}
{{- if .root.Values.ingress.host -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "terrarium.metadata" .root | nindent 2 }}
spec:
  rules:
    - host: {{ .root.Values.ingress.host }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ include "terrarium.name" .root }}
                port:
                  name: {{ .port }}
{{- end }}
{{- end }}
