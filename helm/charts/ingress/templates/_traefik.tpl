{{/*
Values of k3s' own Traefik chart. What has changed its place from one version of
that chart to the next is given as Traefik's own arguments, which stay.
*/}}
{{- define "ingress.traefik" -}}
{{- $acme := .Values.acme -}}
additionalArguments:
  # Nothing is told to its makers. Older charts say otherwise in a key that newer
  # ones refuse; of what is said twice Traefik takes the last.
  - --global.checkNewVersion=false
  - --global.sendAnonymousUsage=false
  # Whoever asks without TLS is sent to the port with it.
  - --entryPoints.web.http.redirections.entryPoint.to=:443
  - --entryPoints.web.http.redirections.entryPoint.scheme=https
  {{- if $acme.email }}
  - --certificatesResolvers.acme.acme.email={{ $acme.email }}
  - --certificatesResolvers.acme.acme.caServer={{ $acme.server }}
  - --certificatesResolvers.acme.acme.storage=/data/acme.json
  {{- if eq $acme.challenge "http" }}
  - --certificatesResolvers.acme.acme.httpChallenge.entryPoint=web
  {{- else if eq $acme.challenge "tls" }}
  - --certificatesResolvers.acme.acme.tlsChallenge=true
  {{- else }}
  - --certificatesResolvers.acme.acme.dnsChallenge.provider={{ required "the challenge dns needs a provider" $acme.provider }}
  {{- end }}
  {{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
{{- if $acme.email }}
# Certificates outlive the pod: authorities limit how often they are asked for.
persistence:
  enabled: true
  size: 128Mi
# The volume can be mounted once: the former pod goes before the next one comes.
updateStrategy:
  type: Recreate
  rollingUpdate: null
podSecurityContext:
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
{{- with $acme.secret }}
envFrom:
  - secretRef:
      name: {{ . }}
{{- end }}
{{- end }}
{{- end }}
