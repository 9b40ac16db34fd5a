#!/bin/sh
# Builds the agent for the nodes: static, stripped, with no C toolchain.
#
#   agent/build.sh OUTDIR [aarch64] [x86_64]     (default: both)
#
# leaves OUTDIR/ARCH/terrarium-agent and prints the sizes in bytes.
set -eu

if [ $# -lt 1 ]; then
    echo "usage: $0 OUTDIR [aarch64] [x86_64]" >&2
    exit 2
fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- aarch64 x86_64

cd "$(dirname "$0")/.."
# A folder of its own: a build of the workspace holds the lock of the other.
target_dir=${CARGO_TARGET_DIR:-target}/agent

for arch; do
    target=$arch-unknown-linux-musl
    case $arch in
    # rustc's own linker serves any architecture. On x86_64 the host's does as well.
    aarch64) export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld ;;
    x86_64) export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld ;;
    *)
        echo "$0: no recipe for architecture '$arch'; expected aarch64 or x86_64" >&2
        exit 2
        ;;
    esac
    # Where rustc comes from a distribution the target has to be there already.
    if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx "$target"; then
        rustup target add "$target"
    fi
    cargo build --package terrarium-agent --profile agent \
        --target "$target" --target-dir "$target_dir"
    install -D -m 0755 "$target_dir/$target/agent/terrarium-agent" "$out/$arch/terrarium-agent"
done

for arch; do
    printf '%s %s bytes\n' "$out/$arch/terrarium-agent" "$(stat -c %s "$out/$arch/terrarium-agent")"
done
