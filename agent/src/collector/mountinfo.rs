//! `/proc/PID/mountinfo`: which mounts are worth showing.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::apart::{LAID_OVER, is_remote};
use crate::scan;
use crate::settings::Filter;

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted: `/dev/mmcblk0p2`.
    pub device: Vec<u8>,
    /// The file system's type: `ext4`.
    pub fstype: Vec<u8>,
    /// Where, seen from the host's root.
    pub mountpoint: Vec<u8>,
    /// Where, seen from the agent.
    pub path: PathBuf,
    /// Whether it is mounted read-only.
    pub readonly: bool,
    /// Major and minor number of its device.
    pub number: (Vec<u8>, Vec<u8>),
    /// Whoever has to answer for it, or for the way to it, is not the kernel.
    pub remote: bool,
}

/// Types with no space of their own to run out of.
const PSEUDO: [&str; 25] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "erofs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "overlay",
    "proc",
    "procfs",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tracefs",
];

/// The kernel's own trees, shown neither themselves nor below.
const KERNEL: [&str; 3] = ["/dev", "/proc", "/sys"];

/// Where container runtimes and the kubelet mount things, several a pod. The
/// folder itself may well be a disk of its own.
const CONTAINERS: [&str; 10] = [
    "/run/containerd",
    "/run/credentials",
    "/run/docker",
    "/run/k3s",
    "/run/netns",
    "/var/lib/containerd",
    "/var/lib/containers/storage",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "/var/lib/rancher/k3s/agent",
];

/// What the operator said of mounts; without a word the lists here decide.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// By mount point.
    pub mounts: Filter,
    /// By type.
    pub fstypes: Filter,
}

impl Shown {
    fn keeps(&self, mount: &Mount) -> bool {
        self.fstypes.keeps(&mount.fstype, || !is_pseudo(&mount.fstype))
            && self.mounts.keeps(&mount.mountpoint, || !is_internal(&mount.mountpoint))
    }
}

fn is_pseudo(fstype: &[u8]) -> bool {
    PSEUDO.iter().any(|pseudo| pseudo.as_bytes() == fstype)
}

fn is_internal(mountpoint: &[u8]) -> bool {
    // Below, or at, the folder: `Some` of what follows it.
    let under = |folder: &&str| {
        let rest = mountpoint.strip_prefix(folder.as_bytes())?;
        (rest.is_empty() || rest.starts_with(b"/")).then_some(rest)
    };
    KERNEL.iter().any(|folder| under(folder).is_some())
        || CONTAINERS.iter().any(|folder| under(folder).is_some_and(|rest| !rest.is_empty()))
}

/// A field with the kernel's `\ooo` turned back into the blanks, line breaks
/// and backslashes they stand for.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let octal = |byte: &u8| byte.checked_sub(b'0').filter(|digit| *digit < 8);
        let code = match (first, tail) {
            (b'\\', [a @ b'0'..=b'3', b, c, after @ ..]) => {
                octal(a).zip(octal(b)).zip(octal(c)).map(|((a, b), c)| (a * 64 + b * 8 + c, after))
            }
            _ => None,
        };
        match code {
            Some((byte, after)) => {
                plain.push(byte);
                rest = after;
            }
            None => plain.push(first),
        }
    }
    plain
}

/// One line: `id parent major:minor root mountpoint options … - type source superoptions`.
fn parse(line: &[u8], rootfs: &Path) -> Option<Mount> {
    let mut fields = scan::fields(line).skip(2);
    let number = fields.next()?;
    let colon = number.iter().position(|byte| *byte == b':')?;
    let number = (number[..colon].to_vec(), number[colon + 1..].to_vec());
    fields.next()?;
    let mountpoint = unescape(fields.next()?);
    let options = fields.next()?;
    fields.find(|field| *field == b"-")?;
    let fstype = fields.next()?;
    // A mount may come from nowhere: the source's place is empty then.
    let (device, of_super) = match (fields.next()?, fields.next()) {
        (device, Some(of_super)) => (device, of_super),
        (of_super, None) => (&b""[..], of_super),
    };
    let readonly = |options: &[u8]| options.split(|byte| *byte == b',').any(|word| word == b"ro");
    let below = mountpoint.strip_prefix(b"/").unwrap_or(&mountpoint);
    Some(Mount {
        device: unescape(device),
        fstype: fstype.to_vec(),
        path: rootfs.join(OsStr::from_bytes(below)),
        mountpoint,
        readonly: readonly(options) || readonly(of_super),
        number,
        remote: is_remote(fstype),
    })
}

/// The mounts worth showing, in the order of the file, and whether every line
/// could be read. Where several are stacked on one mount point, the last one:
/// the others cannot be reached.
pub fn mounts(input: &[u8], rootfs: &Path, shown: &Shown) -> (Vec<Mount>, bool) {
    let mut whole = !input.is_empty();
    let mut mounts: Vec<Mount> = Vec::new();
    let mut remote: Vec<Vec<u8>> = Vec::new();
    for line in scan::lines(input) {
        match parse(line, rootfs) {
            Some(mount) => {
                // Shown or not, the way to others may lead through it.
                if mount.remote && mount.mountpoint != b"/" {
                    remote.push(mount.mountpoint.clone());
                }
                if shown.keeps(&mount) {
                    mounts.retain(|earlier| earlier.mountpoint != mount.mountpoint);
                    mounts.push(mount);
                }
            }
            None => whole = false,
        }
    }
    for mount in &mut mounts {
        let is_through =
            |other: &Vec<u8>| mount.fstype == LAID_OVER || is_below(&mount.mountpoint, other);
        mount.remote = mount.remote || remote.iter().any(is_through);
    }
    (mounts, whole)
}

/// Whether the one folder is the other or in it.
fn is_below(mountpoint: &[u8], folder: &[u8]) -> bool {
    let rest = mountpoint.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(fstype: &str, mountpoint: &str) -> bool {
        is_pseudo(fstype.as_bytes()) || is_internal(mountpoint.as_bytes())
    }

    #[test]
    fn the_kernel_s_and_the_containers_mounts_are_left_out() {
        for (fstype, mountpoint) in [
            ("tmpfs", "/dev/shm"),
            ("tmpfs", "/sys/fs/cgroup"),
            ("overlay", "/mnt/x"),
            ("tmpfs", "/run/k3s/containerd/io.containerd.grpc.v1.cri/sandboxes/1/shm"),
            ("tmpfs", "/var/lib/kubelet/pods/1/volumes/x"),
            ("ext4", "/var/lib/docker/volumes"),
        ] {
            assert!(left_out(fstype, mountpoint), "{fstype} {mountpoint}");
        }
        for (fstype, mountpoint) in [
            ("ext4", "/"),
            ("vfat", "/boot/firmware"),
            ("ext4", "/var/lib/kubelet"),
            ("ext4", "/var/lib/docker"),
            ("ext4", "/devices"),
            ("tmpfs", "/run"),
        ] {
            assert!(!left_out(fstype, mountpoint), "{fstype} {mountpoint}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        for (field, plain) in [
            ("a\\040b", "a b"),
            ("\\134", "\\"),
            ("\\", "\\"),
            ("\\04", "\\04"),
            ("\\777", "\\777"),
        ] {
            assert_eq!(unescape(field.as_bytes()), plain.as_bytes());
        }
    }

    #[test]
    fn a_disk_that_is_reached_through_a_server_s_mount_is_asked_apart() {
        let input = b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:50 / /net rw - nfs4 nas:/x rw\n\
            3 2 8:2 / /net/disk rw - ext4 /dev/sdb1 rw\n4 1 8:3 / /network rw - ext4 /dev/sdc1 rw\n\
            5 1 0:51 / /auto rw - autofs systemd-1 rw\n6 5 8:4 / /auto rw - ext4 /dev/sdd1 rw\n";
        let of_disks = Shown {
            fstypes: Filter {
                include: None,
                exclude: regex_lite::Regex::new("^(nfs4|autofs)$").ok(),
            },
            ..Shown::default()
        };
        let (mounts, whole) = mounts(input, Path::new("/"), &of_disks);
        assert!(whole);
        let apart: Vec<bool> = mounts.iter().map(|mount| mount.remote).collect();
        assert_eq!(apart, [false, true, false, true]);
    }

    #[test]
    fn of_stacked_mounts_the_last_is_shown() {
        let input =
            b"1 0 8:1 / /mnt rw - ext4 /dev/sda1 rw\n2 0 8:2 / /mnt ro - vfat /dev/sda2 rw\n";
        let (mounts, whole) = mounts(input, Path::new("/"), &Shown::default());
        assert!(whole);
        assert_eq!(mounts.len(), 1);
        assert_eq!(mounts[0].device, b"/dev/sda2");
        assert!(mounts[0].readonly);
    }
}
