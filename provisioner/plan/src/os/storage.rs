//! Where the node keeps things: whether what is written stays, and whether k3s'
//! data comes to lie where it is meant to. A root on an overlay in memory forgets
//! everything at the next boot; a disk that is not mounted fills the card below it.

use terrarium_k3s::paths;

use crate::os::boot;
use crate::{Change, Facts, Mount, Refusal};

/// What is written besides k3s' data, and read by programs that are started.
const WRITTEN: [&str; 4] = ["/etc", "/usr/local/bin", "/usr/bin", "/var/lib"];
const STARTED: [&str; 3] = ["/usr/local/bin", "/var/lib", paths::DATA];
pub(crate) const LOGS: &str = "/var/log";

/// Places the probe looks at.
pub(crate) fn places() -> Vec<&'static str> {
    let mut all = vec!["/", LOGS, paths::DATA];
    all.extend(WRITTEN);
    all.extend(boot::FOLDERS);
    all
}

/// Below these lies what makes the data k3s'.
const DATA: [&str; 2] = [paths::DATA, "/var/lib/kubelet"];

/// File systems that images' layers cannot be stacked on, or a database not kept on.
const UNFIT: [&str; 16] = [
    "overlay",
    "aufs",
    "squashfs",
    "vfat",
    "msdos",
    "exfat",
    "ntfs",
    "ntfs3",
    "fuseblk",
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "9p",
    "fuse.sshfs",
    "hfsplus",
];
const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// Reasons not to carry these changes out.
pub(crate) fn refusals(node: &str, facts: &Facts, changes: &[Change]) -> Vec<Refusal> {
    if changes.is_empty() {
        return Vec::new();
    }
    let refuse = |id: &str, what, hint: String| Refusal::new(node, id, what, hint);
    let mut refusals = Vec::new();
    refusals.extend(passing(facts).map(|(what, hint)| refuse("passing-root", what, hint)));
    if refusals.is_empty() {
        let at = |place: &str| facts.mounts.get(place).filter(|mount| mount.read_only);
        let edits = changes.iter().any(|change| change.id == "boot.cmdline");
        let boot = boot::FOLDERS
            .into_iter()
            .filter(|_| edits)
            .find(|folder| boot::cmdline(facts).is_some_and(|(path, _)| path.starts_with(*folder)));
        let places = WRITTEN.into_iter().chain([paths::DATA]).chain(boot);
        let mut seen: Vec<&str> = Vec::new();
        for mount in places.filter_map(at) {
            if !seen.contains(&mount.target.as_str()) {
                seen.push(&mount.target);
            }
        }
        refusals.extend(seen.into_iter().map(|target| {
            refuse(
                "read-only",
                format!("{target} is mounted read-only, and would have to be written to"),
                format!("`sudo mount -o remount,rw {target}`; when that fails or does not last, `sudo dmesg` tells of errors of the card, and /etc/fstab of `ro`"),
            )
        }));
    }
    refusals.extend(unmounted(facts).map(|place| {
        refuse(
            "not-mounted",
            format!("{place} is a mount point of its own, and nothing is mounted there: what is written would come to lie on the disk below it"),
            format!("`sudo mount {place}`, and look why it was not mounted at boot: `systemctl status {place}`, /etc/fstab; or take it out of there"),
        )
    }));
    refusals.extend(data(facts).map(|(what, hint)| refuse("data-disk", what, hint)));
    for place in STARTED {
        if let Some(mount) = facts.mounts.get(place).filter(|mount| mount.no_exec) {
            let target = &mount.target;
            let what = format!("{target} is mounted `noexec`; programs are started from {place}");
            if refusals.iter().all(|refusal| refusal.what != what) {
                let hint = format!(
                    "take `noexec` out of the options of {target} in /etc/fstab, then `sudo mount -o remount,exec {target}`"
                );
                refusals.push(refuse("noexec", what, hint));
            }
        }
    }
    refusals
}

/// What is written is gone at the next boot, or will be with the boot after.
fn passing(facts: &Facts) -> Option<(String, String)> {
    let off = "turn that off (`sudo raspi-config`, Performance Options, Overlay File System), restart the node and run the same command again".to_owned();
    let word = boot::volatile(facts);
    for place in ["/", "/etc", "/var/lib"] {
        let Some(mount) = facts.mounts.get(place) else { continue };
        if !mount.forgets && !IN_MEMORY.contains(&mount.kind.as_str()) {
            continue;
        }
        let how = word.as_ref().map_or_else(String::new, |word| format!(" ({word})"));
        let what = format!(
            "{}, {}, is in memory{how}: nothing that is written there outlives the next boot",
            mount.target, mount.kind
        );
        let hint = if word.is_some() {
            off
        } else {
            format!(
                "find what mounts it (`findmnt {}`), turn that off, restart the node and run the same command again",
                mount.target
            )
        };
        return Some((what, hint));
    }
    let what = format!("will forget at each boot from the next one on what is written: {}", word?);
    Some((what, off))
}

/// Mount points that k3s' data or our own files would lie below.
fn unmounted(facts: &Facts) -> impl Iterator<Item = &String> {
    let data = facts.data_path.as_deref().unwrap_or(paths::DATA);
    let boot = !facts.memory_cgroup() || !facts.pressure;
    let ours = move |place: &str| {
        let above = |path: &&str| below(path, place);
        let within = DATA.iter().chain([&data]).any(|path| below(place, path));
        let folders = boot::FOLDERS.iter().filter(|_| boot);
        within || WRITTEN.iter().chain(&DATA).chain([&data]).chain(folders).any(above)
    };
    facts.unmounted.iter().filter(move |place| ours(place))
}

/// Whether a path is another one or lies below it.
fn below(path: &str, other: &str) -> bool {
    let other = other.trim_end_matches('/');
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn data(facts: &Facts) -> Option<(String, String)> {
    if let Some(link) = &facts.dangling {
        return Some((
            format!(
                "{link} is a link that leads nowhere: {}",
                facts.data_path.as_deref().unwrap_or("its target is not there")
            ),
            "mount the disk it leads to, or take the link away".to_owned(),
        ));
    }
    let Mount { target, kind, .. } = facts.mounts.get(paths::DATA)?;
    let what = format!("{} would lie on {target}, which is {kind}", paths::DATA);
    let hint =
        "mount a disk with ext4 or xfs at /var/lib/rancher, or leave it on the card".to_owned();
    if IN_MEMORY.contains(&kind.as_str()) {
        return Some((format!("{what}: the cluster would be gone at the next boot"), hint));
    }
    UNFIT
        .contains(&kind.as_str())
        .then(|| (format!("{what}: k3s cannot keep images and its database on that"), hint))
}

/// Logs in memory are no reason to refuse, and worth knowing.
pub(crate) fn note(node: &str, facts: &Facts) -> Option<Refusal> {
    let Mount { target, kind, source, .. } = facts.mounts.get(LOGS)?;
    let memory = IN_MEMORY.contains(&kind.as_str()) || source.starts_with("/dev/zram");
    if !memory || target == "/" {
        return None;
    }
    let size =
        facts.log_bytes.map_or_else(String::new, |bytes| format!(", {} MiB of it", bytes >> 20));
    Some(Refusal::new(
        node,
        "logs-in-memory",
        format!(
            "keeps {target} in memory ({source}{size}): the logs of all pods go there, and are lost at each boot"
        ),
        "when it is full, pods cannot log: give it 512 MiB, or turn it off (log2ram, `tmpfs` in /etc/fstab)",
    ))
}

#[cfg(test)]
mod tests;
