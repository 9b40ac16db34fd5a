#!/bin/bash
# Installs what building, testing and the lab need on a Debian machine, and
# starts none of it. Quick when all is there.
#
# Rust and Go come from elsewhere, Debian's are too old; they are looked at, and
# what was found and what is needed is said.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/local/go/bin:/usr/sbin:/sbin

# --- Debian's packages ----------------------------------------------------
# A package, and the program or file it is there for.
needs='
chromium                  chromium
csh                       bsd-csh
dbus-daemon               dbus-daemon
debian-archive-keyring    /usr/share/keyrings/debian-archive-keyring.gpg
docker.io                 dockerd
fish                      fish
gcc                       cc
gcc-aarch64-linux-gnu     aarch64-linux-gnu-gcc
git                       git
iproute2                  ip
iptables                  iptables
ksh93u+m                  ksh93
libc6-dev                 /usr/include/stdio.h
libc6-dev-arm64-cross     /usr/aarch64-linux-gnu/include/stdio.h
maven                     mvn
mksh                      mksh
mmdebstrap                mmdebstrap
mount                     umount
npm                       npm
openssh-client            ssh-keygen
openssh-server            sshd
openssl                   openssl
passwd                    useradd
postgresql                /usr/lib/postgresql/*/bin/initdb
procps                    kill
prometheus                promtool
prometheus-blackbox-exporter  prometheus-blackbox-exporter
prometheus-node-exporter  prometheus-node-exporter
python3                   python3
python3-prometheus-client  /usr/lib/python3/dist-packages/prometheus_client/openmetrics/parser.py
python3-venv              /usr/lib/python3.*/ensurepip/__init__.py
qemu-user-static          qemu-aarch64-static
redis-server              redis-server
strace                    strace
sudo                      sudo
systemd                   systemd-analyze
tcsh                      tcsh
util-linux                setsid
valgrind                  valgrind
zsh                       zsh
'
# What those packages would have running, now or from the next boot on. The lab
# starts a Docker daemon of its own when the machine has none.
services='docker.service docker.socket containerd.service ssh.service ssh.socket
    prometheus.service prometheus-blackbox-exporter.service prometheus-node-exporter.service redis-server.service
    postgresql.service'

there() {
    case $1 in
    /*) compgen -G "$1" > /dev/null ;;
    *) type -P "$1" > /dev/null ;;
    esac
}
enabled() { [ "$(systemctl is-enabled "$1" 2> /dev/null)" = enabled ]; }
install() { DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"; }

# While packages are installed nothing may be started; a policy the machine has
# comes back afterwards, also when the installation fails or is interrupted.
policy=${TERRARIUM_POLICY_RC_D:-/usr/sbin/policy-rc.d}
hold_services() {
    trap 'rm -f "$policy"; [ ! -e "$policy.terrarium" ] || mv -f "$policy.terrarium" "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    # One that an interrupted run has put aside is the machine's own.
    if [ -e "$policy" ] && [ ! -e "$policy.terrarium" ]; then mv "$policy" "$policy.terrarium"; fi
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
}

missing=()
while read -r package provides; do
    [ -z "$package" ] || there "$provides" || missing+=("$package")
done <<< "$needs"
if [ ${#missing[@]} -gt 0 ] || ! there docker; then
    if [ "$(id -u)" != 0 ]; then
        echo "$0: ${missing[*]:-docker-cli}: not installed, and installing needs root; run this as root" >&2
        exit 1
    fi
    echo "installing: ${missing[*]:-docker-cli}"
    wanted=()
    for service in $services; do ! enabled "$service" || wanted+=("$service"); done
    hold_services
    apt-get update -q
    [ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
    # From Debian 13 on the client is a package of its own, which docker.io only recommends.
    there docker || install docker-cli
    for service in $services; do
        case " ${wanted[*]-} " in
        *" $service "*) ;;
        *) ! enabled "$service" || systemctl disable --quiet "$service" ;;
        esac
    done
fi

# --- Rust and Go ------------------------------------------------------------
fail=0
lacking() {
    echo "$0: $1" >&2
    fail=1
}
# Whether version $1 is at least $2.
at_least() { printf '%s\n%s\n' "$2" "$1" | sort -V -C; }

go_needed=$(awk '$1 == "go" { print $2 }' "$here/k3s/go.mod")
if ! there go; then
    lacking "go is not found; Go $go_needed or later is needed for the stand-in for k3s and for helm: https://go.dev/dl"
else
    # What `go env` would say in the module's folder could be another toolchain's.
    go_found=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
    at_least "${go_found#go}" "$go_needed" \
        || lacking "$(type -P go) is Go ${go_found#go}; $go_needed or later is needed: https://go.dev/dl"
fi

rust_needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$here/../../Cargo.toml")
if ! there cargo || ! there rustc; then
    lacking "cargo is not found; Rust $rust_needed or later is needed: https://rustup.rs"
else
    rust_found=$(rustc --version | cut -d' ' -f2)
    at_least "$rust_found" "$rust_needed" \
        || lacking "$(type -P rustc) is Rust $rust_found; $rust_needed or later is needed: rustup update stable"
    # The targets of the nodes are added by agent/build.sh when it needs them.
    bin=$(rustc --print sysroot)/bin
    if [ ! -e "$bin/cargo-clippy" ] || [ ! -e "$bin/cargo-fmt" ]; then
        if there rustup; then
            rustup component add clippy rustfmt
        elif ! there cargo-clippy || ! there cargo-fmt; then
            lacking "clippy or rustfmt is not there and neither is rustup, which would add them"
        fi
    fi
fi
exit "$fail"
