//! Proof that a lab leaves the machine's kernel alone: its settings and its
//! cgroup mounts, before and after.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;

/// Settings that change by themselves or count what happens.
const MOVING: &[&str] = &[
    "fs.aio-nr",
    "fs.dentry-state",
    "fs.file-nr",
    "fs.inode-nr",
    "fs.inode-state",
    "fs.quota.",
    "kernel.hung_task_detect_count",
    "kernel.ns_last_pid",
    "kernel.perf_event_max_sample_rate",
    "kernel.pty.nr",
    "kernel.random.",
    "net.netfilter.nf_conntrack_count",
];

/// The machine's kernel settings and cgroup mounts at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Setting, as sysctl names it, to value.
    settings: BTreeMap<String, String>,
    /// Mount point of a cgroup hierarchy to its type and options.
    cgroups: BTreeMap<String, String>,
}

/// One difference between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The setting or the mount point.
    pub what: String,
    /// Its value in the first snapshot.
    pub before: String,
    /// Its value in the second; empty when it is gone.
    pub after: String,
}

impl Snapshot {
    /// Reads the machine's settings and mounts.
    pub fn take() -> Result<Self> {
        let mut settings = BTreeMap::new();
        read_settings(Path::new("/proc/sys"), "", &mut settings)?;
        let mounts = fs_err::read_to_string("/proc/self/mountinfo")?;
        Ok(Self { settings, cgroups: cgroup_mounts(&mounts) })
    }

    /// How many settings and mounts it holds.
    pub fn len(&self) -> usize {
        self.settings.len() + self.cgroups.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is different in `later`. Settings that only one of them has belong
    /// to interfaces and subsystems that came or went and are left out.
    pub fn changes(&self, later: &Self) -> Vec<Change> {
        let settings = self.settings.iter().filter_map(|(name, before)| {
            let after = later.settings.get(name)?;
            Some((name, before, after.clone()))
        });
        let cgroups = self.cgroups.iter().map(|(point, before)| {
            (point, before, later.cgroups.get(point).cloned().unwrap_or_default())
        });
        settings
            .chain(cgroups)
            .filter(|(_, before, after)| *before != after)
            .map(|(what, before, after)| Change {
                what: what.clone(),
                before: before.clone(),
                after,
            })
            .collect()
    }
}

fn read_settings(dir: &Path, prefix: &str, into: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs_err::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            // An interface may go while it is being read.
            if entry.path().exists() {
                read_settings(&entry.path(), &format!("{name}."), into)?;
            }
        } else if !MOVING.iter().any(|moving| name.starts_with(moving)) {
            // Some can only be written, some ask a device that is not there.
            if let Ok(value) = std::fs::read_to_string(entry.path()) {
                into.insert(name, value.trim().to_owned());
            }
        }
    }
    Ok(())
}

/// The cgroup mounts of a mountinfo file: mount point to type and options.
fn cgroup_mounts(mountinfo: &str) -> BTreeMap<String, String> {
    mountinfo
        .lines()
        .filter_map(|line| {
            let (mount, kind) = line.split_once(" - ")?;
            if !kind.starts_with("cgroup") {
                return None;
            }
            let mut fields = mount.split(' ').skip(3);
            let (root, point, options) = (fields.next()?, fields.next()?, fields.next()?);
            Some((point.to_owned(), format!("{root} {options} {kind}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(settings: &[(&str, &str)], mounts: &str) -> Snapshot {
        let pairs = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Snapshot { settings: pairs.collect(), cgroups: cgroup_mounts(mounts) }
    }

    const MOUNTS: &str = "\
        30 29 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
        31 29 0:27 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n\
        32 1 0:28 / /proc rw - proc proc rw\n";

    #[test]
    fn changed_settings_and_mounts_are_told() {
        let before = snapshot(&[("vm.swappiness", "60"), ("kernel.panic", "0")], MOUNTS);
        let remounted = MOUNTS.replace("memory rw,relatime", "memory ro,relatime");
        let after = snapshot(&[("vm.swappiness", "5"), ("kernel.panic", "0")], &remounted);
        let what: Vec<String> = before.changes(&after).into_iter().map(|c| c.what).collect();
        assert_eq!(what, ["vm.swappiness", "/sys/fs/cgroup/memory"]);
        assert!(before.changes(&before).is_empty());
    }

    #[test]
    fn a_mount_that_is_gone_is_a_change_and_a_new_interface_is_none() {
        let before = snapshot(&[("kernel.panic", "0")], MOUNTS);
        let after = snapshot(&[("kernel.panic", "0"), ("net.ipv4.conf.x.mtu", "1")], "");
        assert_eq!(before.changes(&after).len(), 2);
    }

    #[test]
    fn this_machine_can_be_read() {
        let snapshot = Snapshot::take().unwrap();
        assert!(snapshot.settings.contains_key("vm.swappiness"));
        assert!(!snapshot.settings.contains_key("kernel.random.uuid"));
        assert!(snapshot.len() > 100 && !snapshot.is_empty());
    }
}
