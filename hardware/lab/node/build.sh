#!/bin/bash
# Builds the node's root file system: build.sh OUT.tar
# Debian 12, because systemd 252 still runs on cgroup v1 hosts; see README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(realpath -m "$1")
list() { sed 's/#.*//' "$1" | xargs | tr ' ' ','; }

export LAB_NODE_SOURCE=$here
mmdebstrap --quiet --variant=minbase --mode=root \
    --include="$(list "$here/packages")" \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='force-unsafe-io' \
    --customize-hook="$here/customize.sh \"\$1\"" \
    bookworm "$out"
