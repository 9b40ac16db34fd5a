#!/bin/sh
# Makes Debian packages of the agent, from what agent/build.sh built.
#
#   agent/deb/build.sh PROGRAMS [aarch64] [x86_64]     (default: both)
#
# PROGRAMS is agent/build.sh's OUTDIR. Leaves each package beside its program,
# PROGRAMS/ARCH/terrarium-agent_VERSION_DEBARCH.deb, and prints their names.
# Equal programs give equal packages.
set -eu

if [ $# -lt 1 ]; then
    echo "usage: $0 PROGRAMS [aarch64] [x86_64]" >&2
    exit 2
fi
programs=$1
shift
[ $# -gt 0 ] || set -- aarch64 x86_64

here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/../../Cargo.toml" | head -n 1)
# Times in the package are those of the last change to what it is made of.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || echo 0)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for machine; do
    case $machine in
    aarch64) arch=arm64 ;;
    x86_64) arch=amd64 ;;
    *)
        echo "$0: no package for architecture '$machine'; expected aarch64 or x86_64" >&2
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
    install -D -m 0644 "$here/../unit/terrarium-agent.service" \
        "$root/usr/lib/systemd/system/terrarium-agent.service"
    install -D -m 0644 "$here/../../LICENSE" "$root/usr/share/doc/terrarium-agent/copyright"
    mkdir -p "$root/DEBIAN"
    for script in postinst prerm postrm; do
        install -m 0755 "$here/$script" "$root/DEBIAN/$script"
    done
    # What `dpkg --verify` compares.
    (cd "$root" && find usr -type f | LC_ALL=C sort | xargs md5sum >DEBIAN/md5sums)
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
    package=$programs/$machine/terrarium-agent_${version}_$arch.deb
    # Compressed by gzip, which `provision` reads: it looks into the package for
    # what a node should have. Renamed, so that a package that is there is whole.
    dpkg-deb --root-owner-group -Zgzip --build "$root" "$package.part" >/dev/null
    mv "$package.part" "$package"
    echo "$package"
done
