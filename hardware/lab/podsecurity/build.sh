#!/bin/sh
# Builds the judge of pods: build.sh OUTDIR makes OUTDIR/podsecurity, the evaluator
# of Kubernetes' own Pod Security admission, of the version that the k3s stand-in
# has. The flags are the stand-in's, so that Kubernetes is compiled once for both.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")"
PATH=$PATH:/usr/local/go/bin
CGO_ENABLED=0 go build -modfile=../k3s/go.mod -trimpath \
  -tags providerless,netgo,osusergo,nodocker -ldflags "-s -w" -o "$out/podsecurity" .
