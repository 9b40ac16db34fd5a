#!/bin/bash
# Fills the table of built-in digests from the releases' own checksum files:
# digests.sh [TABLE]. What is there is compared and never overwritten: another
# digest for the same release is told, and nothing is written.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
table=$(realpath "${1:-$here/digests.toml}")
defaults=$here/../inventory/src/defaults.rs
k3s_site=${TERRARIUM_DIGESTS_K3S_SITE:-https://github.com/k3s-io/k3s/releases/download}
helm_site=${TERRARIUM_DIGESTS_HELM_SITE:-https://get.helm.sh}

# constant NAME: a version out of the program's source.
constant() {
    sed -n "s/^pub const $1: &str = \"\(.*\)\";\$/\1/p" "$defaults" | grep .
}

# listed URL FILE: the one digest a checksum file gives for exactly that name.
listed() {
    local sums digest
    sums=$(curl --fail --silent --show-error --location --max-time 60 --max-filesize 1048576 "$1")
    digest=$(awk -v name="$2" '
        { file = $0; sub(/^[^ ]* [ *]/, "", file) }
        file == name && length($1) == 64 && $1 !~ /[^0-9a-fA-F]/ { print tolower($1) }
    ' <<<"$sums" | sort -u)
    if [ "$(grep -c . <<<"$digest")" != 1 ]; then
        echo "error: $1 does not list $2 with one sha256" >&2
        return 1
    fi
    echo "$digest"
}

# present KIND VERSION MACHINE: what the table has; nothing where it has none.
present() {
    awk -v head="[$1.\"$2\"]" -v machine="$3" '
        /^\[/ { inside = ($0 == head) }
        inside && $1 == machine { gsub(/"/, "", $3); print $3 }
    ' "$table"
}

k3s=$(constant DEFAULT_K3S_VERSION)
helm=$(constant HELM_VERSION)
encoded=${k3s//+/%2B}
new=$(mktemp "$table.XXXXXX")
trap 'rm -f "$new"' EXIT
differences=0

# The comment, then each release's rows anew.
sed '/^\[/,$d' "$table" >"$new"

# row KIND VERSION MACHINE URL FILE
row() {
    local now before
    now=$(listed "$4" "$5")
    before=$(present "$1" "$2" "$3")
    if [ -n "$before" ] && [ "$before" != "$now" ]; then
        echo "DIFFERENT: $1 $2 $3: the table has $before, $4 lists $now" >&2
        differences=$((differences + 1))
    elif [ -z "$before" ]; then
        echo "new: $1 $2 $3: $now"
    else
        echo "as before: $1 $2 $3"
    fi
    printf '%s = "%s"\n' "$3" "$now" >>"$new"
}

printf '[helm."%s"]\n' "$helm" >>"$new"
for machine in darwin-amd64 darwin-arm64 linux-amd64 linux-arm64; do
    file=helm-$helm-$machine.tar.gz
    row helm "$helm" "$machine" "$helm_site/$file.sha256sum" "$file"
done
printf '\n[k3s."%s"]\n' "$k3s" >>"$new"
row k3s "$k3s" amd64 "$k3s_site/$encoded/sha256sum-amd64.txt" k3s
row k3s "$k3s" arm64 "$k3s_site/$encoded/sha256sum-arm64.txt" k3s-arm64

if [ "$differences" != 0 ]; then
    echo "error: $differences differences, and nothing was written: a release was changed, or somebody is between" >&2
    exit 1
fi
chmod --reference="$table" "$new"
mv "$new" "$table"
trap - EXIT
