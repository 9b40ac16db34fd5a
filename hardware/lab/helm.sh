#!/bin/bash
# Builds helm from its Go module: helm.sh OUTDIR makes OUTDIR/helm.
set -euo pipefail

version=v3.21.4
out=$(realpath -m "$1")
mkdir -p "$out"
export PATH=$PATH:/usr/local/go/bin CGO_ENABLED=0 GOBIN=$out
go install -trimpath \
    -ldflags "-s -w -X helm.sh/helm/v3/internal/version.version=$version" \
    "helm.sh/helm/v3/cmd/helm@$version"
