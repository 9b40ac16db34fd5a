#!/bin/sh
# Waits for the server, then makes its clients' users.
set -eu

server="mongodb://${MONGODB:-mongodb:27017}/?serverSelectionTimeoutMS=5000"
# As long as a first start may take on the slowest board.
end=$(($(date +%s) + 900))
until mongosh --quiet --norc "$server" --eval 'db.hello().ok' > /tmp/said 2>&1; do
    if [ "$(date +%s)" -ge "$end" ]; then
        cat /tmp/said >&2
        echo "mongodb: no answer within 15 minutes" >&2
        exit 1
    fi
    sleep 2
done
exec mongosh --quiet --norc "$server" --file "$(dirname "$0")/clients.js"
