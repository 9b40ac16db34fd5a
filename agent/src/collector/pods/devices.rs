//! What block devices are called.
//!
//! A control group knows them by their numbers.

use std::path::{Path, PathBuf};

/// Major and minor number.
type Number = (u32, u32);

/// The devices seen so far.
#[derive(Debug)]
pub(super) struct Devices {
    folder: PathBuf,
    known: Vec<(Number, Option<Vec<u8>>)>,
}

impl Devices {
    /// Looks below `sysfs`.
    pub(super) fn new(sysfs: &Path) -> Self {
        Self { folder: sysfs.join("dev/block"), known: Vec::new() }
    }

    /// Looks up the devices not seen before.
    pub(super) fn learn(&mut self, devices: impl Iterator<Item = Number>) {
        for (major, minor) in devices {
            if !self.known.iter().any(|(known, _)| *known == (major, minor)) {
                let link = std::fs::read_link(self.folder.join(format!("{major}:{minor}")));
                let name = link.ok().and_then(|link| {
                    // A slash of a name is an exclamation mark in sysfs.
                    let name = link.file_name()?.to_str()?.replace('!', "/");
                    let plain = !name.contains(['"', '\\', '\n']);
                    plain.then(|| name.into_bytes())
                });
                self.known.push(((major, minor), name));
            }
        }
    }

    /// A device's name; `None` for one that sysfs does not know.
    pub(super) fn name(&self, device: Number) -> Option<&[u8]> {
        let (_, name) = self.known.iter().find(|(known, _)| *known == device)?;
        name.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_called_as_their_links_say() {
        let sysfs = tempfile::tempdir().unwrap();
        let folder = sysfs.path().join("dev/block");
        std::fs::create_dir_all(&folder).unwrap();
        let card = "../../devices/platform/mmc/block/mmcblk0";
        std::os::unix::fs::symlink(card, folder.join("179:0")).unwrap();
        std::os::unix::fs::symlink("../../devices/virtual/block/md!0", folder.join("9:0")).unwrap();
        let mut devices = Devices::new(sysfs.path());
        assert_eq!(devices.name((179, 0)), None);
        devices.learn([(179, 0), (9, 0), (1, 1)].into_iter());
        assert_eq!(devices.name((179, 0)), Some(&b"mmcblk0"[..]));
        assert_eq!(devices.name((9, 0)), Some(&b"md/0"[..]));
        assert_eq!(devices.name((1, 1)), None);
    }
}
