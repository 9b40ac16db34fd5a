#!/bin/sh
# Builds the agent for the nodes: static and stripped.
#
#   agent/build.sh OUTDIR [aarch64] [x86_64]     (default: both)
#
# leaves OUTDIR/ARCH/terrarium-agent, prints the sizes in bytes, and makes the
# Debian package of each beside it.
#
# TLS is rustls with ring, and ring is C and assembly: each architecture takes a
# C compiler for it, the host's own or Debian's gcc-aarch64-linux-gnu with
# libc6-dev-arm64-cross (on an arm64 host: gcc-x86-64-linux-gnu with
# libc6-dev-amd64-cross). Nothing of the C library is linked but musl, which
# rustc brings; rustc's own linker puts it together.
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
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
[ -d "$registry" ] || cargo fetch

for arch; do
    target=$arch-unknown-linux-musl
    case $arch in
    aarch64) export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld ;;
    x86_64) export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld ;;
    *)
        echo "$0: no recipe for architecture '$arch'; expected aarch64 or x86_64" >&2
        exit 2
        ;;
    esac
    if [ "$arch" = "$(uname -m)" ]; then compiler=cc; else compiler=$arch-linux-gnu-gcc; fi
    command -v "$compiler" >/dev/null || {
        echo "$0: no $compiler; install gcc-$(echo "$arch" | tr _ -)-linux-gnu" >&2
        exit 1
    }
    # Where rustc comes from a distribution the target has to be there already.
    if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx "$target"; then
        rustup target add "$target"
    fi
    # Places to relocate go into a bitmap, and nothing unwinds: see link.ld.
    # Functions that came out the same are one. Of what several have in common,
    # only what is worth it: calls in the way of a scrape cost it a tenth.
    lean="-C link-arg=-zpack-relative-relocs -C link-arg=-T$PWD/agent/link.ld"
    lean="$lean -C link-arg=--icf=all -C llvm-args=-enable-machine-outliner=always"
    lean="$lean -C llvm-args=-outliner-benefit-threshold=24"
    # Every panic has its place in the sources: not where those lie here.
    for sources in "$registry"/*/; do
        lean="$lean --remap-path-prefix=$sources="
    done
    variable=CARGO_TARGET_$(echo "$target" | tr a-z- A-Z_)_RUSTFLAGS
    # Atomics are written out: those of gcc's own library are not linked.
    flags=
    [ "$arch" != aarch64 ] || flags=-mno-outline-atomics
    env "$variable=$lean" \
        "CC_$(echo "$target" | tr - _)=$compiler" "CFLAGS_$(echo "$target" | tr - _)=$flags" \
        cargo build --package terrarium-agent --profile agent \
        --target "$target" --target-dir "$target_dir"
    install -D -m 0755 "$target_dir/$target/agent/terrarium-agent" "$out/$arch/terrarium-agent"
done

for arch; do
    printf '%s %s bytes\n' "$out/$arch/terrarium-agent" "$(stat -c %s "$out/$arch/terrarium-agent")"
done
agent/deb/build.sh "$out" "$@"
