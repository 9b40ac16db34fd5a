#!/usr/bin/env bash
# Times provision on the lab, beside floors that do the least that could be
# called the same:
#   first run   beside a script that knows these nodes by heart: it places the
#               same binary and the same few files by hand, through the
#               container engine instead of SSH, and waits for three Ready nodes
#   no-op run   beside one raw `ssh` a node, all at once
# Each is run three times, in turn; medians are printed. Ratios hold on other
# machines, seconds do not.
set -euo pipefail
cd "$(dirname "$0")/../.."

runs=${RUNS:-3}
cache=${TERRARIUM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/terrarium}
lab=${TERRARIUM_LAB_DIR:-$cache/lab}
k3s=$cache/k3s/k3s
# The lab makes its nodes: nobody else answers at their addresses.
export TERRARIUM_HOST_KEYS=accept-new
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

dist/lab up >&2
now() { date +%s.%N; }
since() { python3 -c 'import sys; print(format(float(sys.argv[2]) - float(sys.argv[1]), ".2f"))' "$1" "$(now)"; }
node() { dist/lab shell "pi-$1" -- sh -c "$2"; }
# Copies a file into a node without SSH.
place() { dist/lab shell "pi-$1" -- sh -c "cat >$3 && chmod $4 $3" <"$2"; }

prepare() { # number
    node "$1" "hostnamectl set-hostname pi-$1; sed -i '1s/\$/ cgroup_enable=memory/' /boot/firmware/cmdline.txt"
    dist/lab reboot "pi-$1" >/dev/null 2>&1
    place "$1" "$k3s" /usr/local/bin/k3s 755
    node "$1" "mkdir -p /etc/rancher/k3s"
}
unit() { # role
    printf '[Service]\nType=notify\nKillMode=process\nDelegate=yes\nTimeoutStartSec=0\nExecStart=/usr/local/bin/k3s %s\n[Install]\nWantedBy=multi-user.target\n' "$1"
}
floor() {
    local begun n
    begun=$(now)
    for n in 1 2 3; do prepare $n & done
    wait
    node 1 "printf 'node-name: pi-1\nnode-ip: 10.99.0.11\n' >/etc/rancher/k3s/config.yaml"
    unit server >"$work/unit"
    place 1 "$work/unit" /etc/systemd/system/k3s.service 644
    node 1 "systemctl daemon-reload; systemctl enable -q k3s; systemctl start k3s"
    node 1 "cat /var/lib/rancher/k3s/server/node-token" >"$work/token"
    unit agent >"$work/unit"
    for n in 2 3; do
        (
            place $n "$work/token" /etc/rancher/k3s/token 600
            node $n "printf 'node-name: pi-$n\nnode-ip: 10.99.0.1$n\nserver: https://10.99.0.11:6443\ntoken-file: /etc/rancher/k3s/token\n' >/etc/rancher/k3s/config.yaml"
            place $n "$work/unit" /etc/systemd/system/k3s-agent.service 644
            node $n "systemctl daemon-reload; systemctl enable -q k3s-agent; systemctl start k3s-agent"
        ) &
    done
    wait
    node 1 "k3s kubectl wait --for=condition=Ready --timeout=120s node/pi-1 node/pi-2 node/pi-3" >/dev/null
    since "$begun"
}
first() { # prints seconds to three Ready nodes, and in all
    dist/provision --inventory "$lab/pis.toml" --json >"$work/events" 2>"$work/stderr" ||
        { cat "$work/stderr" >&2; exit 1; }
    python3 - "$work/events" <<'PY'
import json, sys
from datetime import datetime
lines = [json.loads(line) for line in open(sys.argv[1])]
when = lambda event: datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
events = [line for line in lines if "time" in line]
ready = max(when(e) for e in events if e["change"] == "k3s.ready" and e["state"] == "changed")
print(f"{(ready - when(events[0])).total_seconds():.1f} {lines[-1]['summary']['seconds']:.1f}")
PY
}
noop() {
    local begun
    begun=$(now)
    dist/provision --inventory "$lab/pis.toml" >/dev/null 2>&1
    since "$begun"
}
raw() {
    local begun n
    begun=$(now)
    for n in 1 2 3; do
        SSH_ASKPASS="$work/askpass" SSH_ASKPASS_REQUIRE=force ssh -o UserKnownHostsFile="$lab/known_hosts" \
            -o PreferredAuthentications=password "pi@10.99.0.1$n" true 2>/dev/null &
    done
    wait
    since "$begun"
}
printf '#!/bin/sh\ncat %s\n' "$lab/password" >"$work/askpass"
chmod 700 "$work/askpass"

for _ in $(seq "$runs"); do
    dist/lab reset >/dev/null 2>&1
    floor >>"$work/floor"
    dist/lab reset >/dev/null 2>&1
    first >>"$work/first"
    for _ in 1 2 3; do
        noop >>"$work/noop"
        raw >>"$work/raw"
    done
done

python3 - "$work" <<'PY'
import os, statistics, sys
rows = lambda name: [[float(word) for word in line.split()] for line in open(os.path.join(sys.argv[1], name))]
median = lambda name, column=0: statistics.median(row[column] for row in rows(name))
floor, ready, whole = median("floor"), median("first"), median("first", 1)
noop, raw = median("noop"), median("raw")
print("| what | seconds, median | ratio |")
print("|---|---|---|")
print(f"| floor: three nodes Ready, placed by hand | {floor:.1f} | 1 |")
print(f"| first run, until three nodes are Ready | {ready:.1f} | {ready / floor:.2f} |")
print(f"| first run, agents and the starter stack too | {whole:.1f} | {whole / floor:.2f} |")
print(f"| floor: one raw `ssh` a node | {raw:.2f} | 1 |")
print(f"| run with nothing to do | {noop:.2f} | {noop / raw:.2f} |")
PY
