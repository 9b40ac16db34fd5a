#!/bin/bash
# Installs what the lab needs on a Debian machine. Quick when all is there.
# Go (1.25 or later) is needed as well and comes from elsewhere: Debian's is too old.
set -euo pipefail

declare -A provides=(
    [dockerd]=docker.io
    [mmdebstrap]=mmdebstrap
    [iptables]=iptables
    [ip]=iproute2
    [setsid]=util-linux
)
missing=()
for program in "${!provides[@]}"; do
    if ! PATH=$PATH:/usr/sbin:/sbin command -v "$program" > /dev/null; then
        missing+=("${provides[$program]}")
    fi
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing: ${missing[*]}"
    # The lab runs its own daemon when the machine has none: none is started here.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod 755 "$policy"
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
fi
# From Debian 13 on the client is a package of its own.
if ! command -v docker > /dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends docker-cli
fi
if ! PATH=$PATH:/usr/local/go/bin command -v go > /dev/null; then
    echo "go is missing: the stand-in for k3s and helm are built with it" >&2
    exit 1
fi
