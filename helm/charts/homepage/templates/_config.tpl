{{/*
services.yaml: a group for each group of tiles, in the order of .Values.groups,
and one of the nodes. A tile is a service that is deployed, linked when it has a
user interface.
*/}}
{{- define "homepage.services" -}}
{{- $byGroup := dict -}}
{{- range .Values.tiles }}
{{- $icon := ternary (.icon | default "") (printf "/icons/%s.svg" .service) $.Values.onlineIcons }}
{{- $tile := dict "description" (.summary | default "") "icon" $icon }}
{{- with .href }}{{ $_ := set $tile "href" . }}{{ end }}
{{- $monitor := .monitor }}
{{- if and (not $monitor) .href .port }}{{ $monitor = printf "http://%s:%d%s" .service (int .port) ((urlParse .href).path | default "/") }}{{ end }}
{{- with $monitor }}{{ $_ := set $tile "siteMonitor" . }}{{ end }}
{{- $_ := set $byGroup .group (append (get $byGroup .group | default list) (dict .title $tile)) }}
{{- end }}
{{- $services := list -}}
{{- if and .Values.prometheus .Values.nodes }}
{{- $nodes := list -}}
{{- range .Values.nodes }}{{ $nodes = append $nodes (dict . (include "homepage.node" (dict "name" . "icon" (ternary "raspberry-pi" "/icons/_node.svg" $.Values.onlineIcons)) | fromJson)) }}{{ end }}
{{- $services = append $services (dict "Nodes" $nodes) }}
{{- end }}
{{- range $group := concat .Values.groups (keys $byGroup | sortAlpha) | uniq }}
{{- with get $byGroup $group }}{{ $services = append $services (dict $group .) }}{{ end }}
{{- end }}
{{- toYaml $services }}
{{- end }}

{{/*
The pictures of the tiles, served from inside: whoever has no internet would see
broken ones. Takes the chart's root, gives JSON.
*/}}
{{- define "homepage.icons" -}}
{{- $icons := dict "_node.svg" (include "homepage.icon" "Raspberry Pi") -}}
{{- range .Values.tiles }}{{ $_ := set $icons (printf "%s.svg" .service) (include "homepage.icon" .title) }}{{ end -}}
{{- $icons | toJson -}}
{{- end }}

{{/* A coloured square with the first letters of these words. */}}
{{- define "homepage.icon" -}}
{{- $letters := initials . | regexFind "^.{1,2}" | html -}}
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="hsl({{ mod (adler32sum .) 360 }},45%,40%)"/><text x="16" y="22" font-family="sans-serif" font-size="16" text-anchor="middle" fill="#fff">{{ $letters }}</text></svg>
{{- end }}

{{/*
The card of a node, as JSON: four numbers of its agent, by way of Prometheus.
Takes "name" and "icon".
*/}}
{{- define "homepage.node" -}}
{{- $at := printf "{node=%q}" .name -}}
{{- $of := printf "node=%q" .name -}}
{{- $percent := dict "type" "number" "suffix" " %" "options" (dict "maximumFractionDigits" 0) -}}
{{- $degrees := dict "type" "number" "suffix" " °C" "options" (dict "maximumFractionDigits" 0) -}}
{{- $heat := printf "max({__name__=~\"node_thermal_zone_temp|node_hwmon_temp_celsius\",%s})" $of -}}
{{- $busy := printf "100 * (1 - avg(rate(node_cpu_seconds_total{mode=\"idle\",%s}[5m])))" $of -}}
{{- $memory := printf "100 * (1 - node_memory_MemAvailable_bytes%s / node_memory_MemTotal_bytes%s)" $at $at -}}
{{- $root := printf "{mountpoint=\"/\",%s}" $of -}}
{{- $disk := printf "100 * max(1 - node_filesystem_avail_bytes%s / node_filesystem_size_bytes%s)" $root $root -}}
{{- $metrics := list
  (dict "label" "Heat" "query" $heat "format" $degrees)
  (dict "label" "Processor" "query" $busy "format" $percent)
  (dict "label" "Memory" "query" $memory "format" $percent)
  (dict "label" "Disk" "query" $disk "format" $percent) -}}
{{- $widget := dict "type" "prometheusmetric" "url" "http://prometheus:9090" "refreshInterval" 30000 "metrics" $metrics -}}
{{- dict "icon" .icon "widget" $widget | toJson -}}
{{- end }}

{{- define "homepage.settings" -}}
title: {{ .Values.title | quote }}
description: Every service of the terrarium
theme: dark
color: slate
headerStyle: clean
statusStyle: dot
target: _self
# Nothing is asked of servers outside; nor do browsers, unless onlineIcons is set.
disableUpdateCheck: true
disableIndexing: true
hideErrors: false
quicklaunch:
  searchDescriptions: true
  hideInternetSearch: true
  hideVisitURL: true
layout:
  Nodes:
    style: row
    columns: 3
{{- end }}

{{- define "homepage.widgets" -}}
- greeting:
    text_size: xl
    text: {{ .Values.title | quote }}
- datetime:
    text_size: md
    format:
      dateStyle: medium
      timeStyle: short
{{- end }}

{{/*
All files Homepage looks for: it would put one that is missing into its folder,
which nobody can write to. Takes the chart's root, gives JSON.
*/}}
{{- define "homepage.files" -}}
{{- dict
  "services.yaml" (include "homepage.services" .)
  "settings.yaml" (include "homepage.settings" .)
  "widgets.yaml" (include "homepage.widgets" .)
  "bookmarks.yaml" (toYaml .Values.bookmarks)
  "kubernetes.yaml" "mode: disabled"
  "docker.yaml" "{}"
  "proxmox.yaml" "{}"
  "custom.css" "/* none */"
  "custom.js" "// none"
| toJson -}}
{{- end }}
