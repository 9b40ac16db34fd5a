#!/bin/sh
# Brings the worker's connectors to what the files beside this script say, and
# waits until they run.
set -eu

api=${CONNECT:-http://connect:8083}
folder=${FOLDER:-$(dirname "$0")}
end=$(($(date +%s) + ${DEADLINE:-600}))
answer=/tmp/answer

# Status code of a request; 000 when nobody answers. The body is in $answer.
ask() { curl -sS -m 60 -o "$answer" -w '%{http_code}' "$@" || true; }

# Repeats a request until its code is one of $1, as long as there is hope.
insist() {
    good=$1
    shift
    while :; do
        code=$(ask "$@")
        case " $good " in *" $code "*) return ;; esac
        case $code in
        # 409: the worker is rearranging its work.
        000 | 404 | 409 | 5*) ;;
        *) break ;;
        esac
        [ "$(date +%s)" -lt "$end" ] || break
        sleep 2
    done
    echo "answer $code: $(cat "$answer")" >&2
    exit 1
}

for file in "$folder"/*.json; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .json)
    insist "200 201" -X PUT -H 'Content-Type: application/json' --data-binary "@$file" \
        "$api/connectors/$name/config"
    echo "$name: registered"
done

# Ours carry the mark; those somebody made by hand stay.
insist 200 "$api/connectors"
for name in $(tr -d '[]" ' < "$answer" | tr ',' '\n'); do
    [ ! -e "$folder/$name.json" ] || continue
    insist "200 404" "$api/connectors/$name/config"
    grep -q '"terrarium.from":"connect"' "$answer" || continue
    insist "204 404" -X DELETE "$api/connectors/$name"
    echo "$name: removed"
done

for file in "$folder"/*.json; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .json)
    while :; do
        code=$(ask "$api/connectors/$name/status")
        states=$(grep -o '"state":"[A-Z]*"' "$answer" | sort -u || true)
        # The connector and a task at least, and nothing in another state.
        if [ "$code" = 200 ] && [ "$states" = '"state":"RUNNING"' ] && grep -q '"id":' "$answer"; then
            break
        fi
        if [ "$(date +%s)" -ge "$end" ]; then
            echo "$name does not run:" >&2
            sed 's/\\n/\n/g; s/\\t/  /g' "$answer" >&2
            exit 1
        fi
        sleep 2
    done
    echo "$name: runs"
done
