#!/bin/sh
# Builds the k3s stand-in: build.sh OUTDIR makes OUTDIR/k3s, a static binary.
# Needs Go 1.26 and the Go module proxy; cold, about 15 CPU-minutes.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")"
PATH=$PATH:/usr/local/go/bin

# The kinds of traefik.io are Traefik's own file, out of its Go module: no code of
# it is compiled. It takes the place of a file here for the time of the build.
module=github.com/traefik/traefik/v3@v3.7.13
crds=docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml
sum=1d5e8558803804562238b0d4a57174aadd6d87c36e3c4c55199ebcc356a9406c
folder=$(cd / && go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
echo "$sum  $folder/$crds" | sha256sum --check --quiet
overlay=$(mktemp)
trap 'rm -f "$overlay"' EXIT
echo "{\"Replace\": {\"$PWD/internal/server/manifests/traefik-crd.yaml\": \"$folder/$crds\"}}" > "$overlay"

version=v1.36.3+k3s1
component=k8s.io/component-base/version
# The Kubernetes components report the version they are told at link time; the
# date is fixed so that equal sources make equal binaries.
CGO_ENABLED=0 go build -trimpath -overlay "$overlay" \
  -tags providerless,netgo,osusergo,nodocker \
  -ldflags "-s -w -X terrarium/lab/k3s/internal/version.Release=$version \
    -X $component.gitVersion=$version -X $component.gitMajor=1 -X $component.gitMinor=36 \
    -X $component.gitTreeState=clean -X $component.gitCommit=lab-stand-in \
    -X $component.buildDate=2026-01-01T00:00:00Z" \
  -o "$out/k3s" .
