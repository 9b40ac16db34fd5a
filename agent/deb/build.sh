#!/bin/sh
# Makes Debian packages of the agent, from what agent/build.sh built.
#
#   agent/deb/build.sh PROGRAMS OUTDIR [arm64] [amd64]     (default: both)
#
# PROGRAMS is agent/build.sh's OUTDIR. Leaves OUTDIR/terrarium-agent_VERSION_ARCH.deb
# and prints their names. Equal programs give equal packages.
set -eu

if [ $# -lt 2 ]; then
    echo "usage: $0 PROGRAMS OUTDIR [arm64] [amd64]" >&2
    exit 2
fi
programs=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
shift 2
[ $# -gt 0 ] || set -- arm64 amd64

here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/../../Cargo.toml" | head -n 1)
# Times in the package are those of the last change to what it is made of.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || echo 0)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for arch; do
    case $arch in
    arm64) machine=aarch64 ;;
    amd64) machine=x86_64 ;;
    *)
        echo "$0: no package for architecture '$arch'; expected arm64 or amd64" >&2
        exit 2
        ;;
    esac
    program=$programs/$machine/terrarium-agent
    if [ ! -f "$program" ]; then
        echo "$0: $program is not there; agent/build.sh $programs $machine makes it" >&2
        exit 1
    fi
    root=$work/$arch
    install -D -m 0755 "$program" "$root/usr/bin/terrarium-agent"
    # A program of the distribution is in /usr/bin, one of the operator's own in
    # /usr/local/bin; the unit is the same.
    mkdir -p "$root/usr/lib/systemd/system"
    sed 's,/usr/local/bin/,/usr/bin/,' "$here/../unit/terrarium-agent.service" \
        >"$root/usr/lib/systemd/system/terrarium-agent.service"
    install -D -m 0644 "$here/../../LICENSE" "$root/usr/share/doc/terrarium-agent/copyright"
    mkdir -p "$root/DEBIAN"
    for script in postinst prerm postrm; do
        install -m 0755 "$here/$script" "$root/DEBIAN/$script"
    done
    size=$(du -k -s --apparent-size "$root/usr" | cut -f 1)
    cat >"$root/DEBIAN/control" <<CONTROL
Package: terrarium-agent
Version: $version
Architecture: $arch
Maintainer: The Terrarium maintainers <maintainers@terrarium.invalid>
Installed-Size: $size
Section: net
Priority: optional
Description: metrics of a Raspberry Pi for Prometheus, in one small process
 Resource metrics under node_exporter's names, the firmware's own state, use and
 pressure by pod, and probes of services. Static; needs no other package.
CONTROL
    find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
    chmod -R u+rwX,go+rX,go-w "$root"
    package=$out/terrarium-agent_${version}_$arch.deb
    dpkg-deb --root-owner-group -Zxz --build "$root" "$package" >/dev/null
    echo "$package"
done
