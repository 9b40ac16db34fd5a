#!/bin/sh
# Makes the lab's container images: one archive per recipe folder.
#
#   build.sh OUTDIR [RECIPE...]
#
# leaves OUTDIR/<recipe>.tar, which `ctr -n k8s.io images import` and
# `docker load` both read, and OUTDIR/<recipe>.digest, the digest of the recipe
# it was made from; an archive whose recipe has not changed is kept. No daemon
# and no container registry is asked. Runs may overlap: the later one waits.
#
# Needs python3 (3.11), go, apt-get, dpkg, flock and the Debian archive keyring.
set -eu

[ $# -ge 1 ] || { echo "usage: build.sh OUTDIR [RECIPE...]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
cache=${TERRARIUM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/terrarium}/lab-images
out=$1
shift
mkdir -p "$out" "$cache"

exec flock "$cache/lock" python3 -B "$here/tools/build.py" "$here" "$cache" "$out" "$@"
