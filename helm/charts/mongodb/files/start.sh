#!/bin/bash
# Starts mongod; the first time it makes the user `root` before anyone can reach
# it. Not left to the image: cut off in between, that would not make the user at
# the next start, and nobody could log in.
set -euo pipefail

made=/data/db/.root-made
wished=$(sha256sum < /run/secrets/mongodb/password)
if [ "$(cat "$made" 2> /dev/null)" != "$wished" ]; then
    mongod "$@" --noauth --bind_ip 127.0.0.1 --port 27018 --fork --logpath /tmp/first.log \
        > /dev/null || { cat /tmp/first.log >&2; exit 1; }
    mongosh --quiet --norc --port 27018 --file /etc/mongodb/root.js
    mongod --dbpath=/data/db --shutdown > /dev/null
    echo "$wished" > "$made"
    sync "$made"
fi
exec mongod "$@" --auth --bind_ip_all
