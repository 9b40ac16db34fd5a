#!/bin/bash
# Turns a plain Debian tree into what a freshly flashed Pi presents:
# customize.sh ROOT, called by mmdebstrap (its apt configuration in the environment).
set -euo pipefail

root=$1
here=$LAB_NODE_SOURCE
wanted() { sed 's/#.*//' "$1" | xargs; }

# --- the local repository -------------------------------------------------
repo=$root/usr/share/terrarium-lab/apt
mkdir -p "$repo"
rm -f "$root"/var/cache/apt/archives/*.deb
# shellcheck disable=SC2046
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --yes --quiet install --download-only \
    $(wanted "$here/offline-packages")
mv "$root"/var/cache/apt/archives/*.deb "$repo/"
(
    cd "$repo"
    for deb in *.deb; do
        dpkg-deb --field "$deb"
        printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' \
            "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d' ' -f1)"
    done > Packages
)

# --- files ----------------------------------------------------------------
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
cp -r --no-preserve=ownership "$here"/rootfs/. "$root/"
chmod 755 "$root"/usr/lib/terrarium-lab/* "$root"/usr/lib/systemd/system-shutdown/lab-power
ln -sf /usr/share/zoneinfo/Europe/London "$root/etc/localtime"
printf 'Europe/London\n' > "$root/etc/timezone"
: > "$root/etc/machine-id"
rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id"

# --- the user of the image --------------------------------------------------
chroot "$root" useradd --create-home --shell /bin/bash --groups sudo,adm,video,users pi
printf 'pi:raspberry\n' | chroot "$root" chpasswd

# --- units ------------------------------------------------------------------
# containerd is a part of k3s, never a service of its own. The others would
# reach for what belongs to the machine under the lab: its consoles, kernel
# file systems and disks.
systemctl --root="$root" --quiet mask \
    containerd.service \
    console-getty.service getty@.service serial-getty@.service getty-static.service \
    proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount systemd-binfmt.service \
    dev-hugepages.mount sys-kernel-config.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount sys-fs-fuse-connections.mount \
    fstrim.timer e2scrub_all.timer e2scrub_reap.service \
    apt-daily.timer apt-daily-upgrade.timer
systemctl --root="$root" --quiet enable \
    ssh.service systemd-timesyncd.service lab-ssh-keys.service lab-memory.service
