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
The way in for a browser, over TLS with the cluster's certificate: nothing
unless .Values.ingress.host is set. Takes "root" and "port", the Service's port
by name; reads .Values.ingress.{host,class,annotations,login}. "login" asks for
the shared login first, for a user interface that has none.
*/}}
{{- define "terrarium.ingress" -}}
{{- $ingress := .root.Values.ingress -}}
{{- if $ingress.host -}}
{{- $annotations := deepCopy ($ingress.annotations | default dict) -}}
{{- if $ingress.login -}}
{{- /* First of all middlewares: the values may add some, not take this one away. */ -}}
{{- $key := "traefik.ingress.kubernetes.io/router.middlewares" -}}
{{- $login := printf "%s-login@kubernetescrd" .root.Release.Namespace -}}
{{- $_ := set $annotations $key (compact (list $login (get $annotations $key)) | join ",") -}}
{{- end -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "terrarium.metadata" .root | nindent 2 }}
  {{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with $ingress.class }}
  ingressClassName: {{ . }}
  {{- end }}
  tls:
    - hosts: [{{ $ingress.host }}]
      secretName: terrarium-tls
  rules:
    - host: {{ $ingress.host }}
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
