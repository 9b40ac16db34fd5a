#!/bin/sh
# Lays down the registry that tests ask: registry.sh OUTDIR makes
# OUTDIR/docker-registry, of Debian's package of that name, which is unpacked and not
# installed: installed, it would run as a service of this machine.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
[ ! -x "$out/docker-registry" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# apt's own user may not write here, and warns.
apt-get download docker-registry >/dev/null 2>&1 || {
  apt-get update >/dev/null
  apt-get download docker-registry >/dev/null 2>&1
}
dpkg-deb -x docker-registry_*.deb .
mv usr/bin/docker-registry "$out/docker-registry"
