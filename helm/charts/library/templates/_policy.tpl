{{/* A peer of a policy: the pods of the services listed. Takes the list. */}}
{{- define "terrarium.peer" -}}
podSelector:
  matchExpressions:
    - key: app.kubernetes.io/name
      operator: In
      values: {{ toJson . }}
{{- end }}

{{/* The peer that is the cluster's own services. */}}
{{- define "terrarium.system" -}}
namespaceSelector:
  matchLabels:
    kubernetes.io/metadata.name: kube-system
{{- end }}

{{/* One rule of a policy, as JSON. Takes "way" (from or to), "peer" and "ports" (numbers). */}}
{{- define "terrarium.rule" -}}
{{- $rule := dict -}}
{{- with .peer }}{{ $_ := set $rule $.way (list (fromYaml .)) }}{{ end -}}
{{- $ports := list -}}
{{- range .ports }}{{ $ports = append $ports (dict "protocol" "TCP" "port" (int .)) }}{{ end -}}
{{- with $ports }}{{ $_ := set $rule "ports" . }}{{ end -}}
{{- toJson $rule -}}
{{- end }}

{{/* The rule that lets a pod ask for names, as JSON. */}}
{{- define "terrarium.dns" -}}
{{- $ports := list (dict "protocol" "UDP" "port" 53) (dict "protocol" "TCP" "port" 53) -}}
{{- dict "to" (list (include "terrarium.system" . | fromYaml)) "ports" $ports | toJson -}}
{{- end }}

{{/*
Who may speak with a service's pods, and with whom they may speak. The
foundation denies everything else. Reads .Values.network.{from,to} and
.Values.ingress.host. Takes "root", "ports" (the pod's, a map of names to
numbers: those of its Service) and, as needed:
  "ui"        name of the port a browser is led to
  "metrics"   name of the port Prometheus scrapes
  "open"      names of the ports everyone reaches, from outside as well
  "admin"     numbers of the ports its admin pods reach (`terrarium.job`)
  "internet"  true: port 443 anywhere
  "api"       true: the Kubernetes API
  "ingress", "egress": further rules, lists as NetworkPolicy has them
*/}}
{{- define "terrarium.network" -}}
{{- $root := .root -}}
{{- $name := include "terrarium.name" $root -}}
{{- $network := $root.Values.network | default dict -}}
{{- $numbers := values .ports | sortAlpha -}}
{{- $admins := dict "podSelector" (dict "matchLabels" (dict "terrarium/admin-of" $name)) | toYaml -}}
{{- $ingress := .ingress | default list -}}
{{- with $network.from }}
{{- $ingress = append $ingress (include "terrarium.rule" (dict "way" "from" "peer" (include "terrarium.peer" .) "ports" $numbers) | fromJson) }}
{{- end }}
{{- with .admin }}
{{- $ingress = append $ingress (include "terrarium.rule" (dict "way" "from" "peer" $admins "ports" .) | fromJson) }}
{{- end }}
{{- if and .ui ($root.Values.ingress | default dict).host }}
{{- $ingress = append $ingress (include "terrarium.rule" (dict "way" "from" "peer" (include "terrarium.system" .) "ports" (list (get .ports .ui))) | fromJson) }}
{{- end }}
{{- with .metrics }}
{{- $ingress = append $ingress (include "terrarium.rule" (dict "way" "from" "peer" (include "terrarium.peer" (list "prometheus")) "ports" (list (get $.ports .))) | fromJson) }}
{{- end }}
{{- range .open }}
{{- $ingress = append $ingress (include "terrarium.rule" (dict "ports" (list (get $.ports .))) | fromJson) }}
{{- end }}
{{- $egress := prepend (.egress | default list) (include "terrarium.dns" . | fromJson) -}}
{{- with $network.to }}
{{- $egress = append $egress (include "terrarium.rule" (dict "way" "to" "peer" (include "terrarium.peer" .)) | fromJson) }}
{{- end }}
{{- if .internet }}
{{- $egress = append $egress (include "terrarium.rule" (dict "ports" (list 443)) | fromJson) }}
{{- end }}
{{- if .api }}
{{- /* The API's Service is translated to a server's own address and port first. */ -}}
{{- $egress = append $egress (include "terrarium.rule" (dict "ports" (list 6443)) | fromJson) }}
{{- end -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "terrarium.metadata" $root | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "terrarium.selector" $root | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- toYaml $ingress | nindent 4 }}
  egress:
    {{- toYaml $egress | nindent 4 }}
{{- with .admin }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $name }}-admin
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "terrarium.labels" $root | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      terrarium/admin-of: {{ $name }}
  policyTypes: [Ingress, Egress]
  ingress: []
  egress:
    {{- $own := dict "podSelector" (dict "matchLabels" (include "terrarium.selector" $root | fromYaml)) | toYaml }}
    {{- list (include "terrarium.dns" $ | fromJson) (include "terrarium.rule" (dict "way" "to" "peer" $own "ports" .) | fromJson) | toYaml | nindent 4 }}
{{- end }}
{{- end }}
