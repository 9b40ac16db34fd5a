#!/bin/sh
# Starts failed sinks again. A sink that gave up on its store stays down
# otherwise, until somebody asks for it.
set -u
trap 'exit 0' TERM INT

api=http://127.0.0.1:8083
ask() { curl -sS -m 10 "$@"; }

while :; do
    sleep 15 &
    wait $!
    # ["a","b"]: one name a line.
    names=$(ask -f "$api/connectors" 2> /dev/null | tr -d '[]" ' | tr ',' '\n')
    for name in $names; do
        status=$(ask "$api/connectors/$name/status") || continue
        case $status in *'"state":"FAILED"'*) ;; *) continue ;; esac
        # The last cause of the trace says most.
        printf '%s failed: ' "$name"
        printf '%s\n' "$status" | grep -o 'Caused by: [^\\"]*' | tail -n 1
        ask -o /dev/null -X POST "$api/connectors/$name/restart?includeTasks=true&onlyFailed=true"
    done
done
