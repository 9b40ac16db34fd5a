//! `/sys/class/nvme`: the `NVMe` drives. Their health needs a command to the
//! drive and is the Pi collectors' matter.

use super::attributes::{Device, word};
use super::devices::{Class, Devices};
use super::rescan::Rescan;
use super::{Collector, entries};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::settings::Settings;

use std::path::{Path, PathBuf};

/// Drives and what they are.
pub const CLASS: Class = Class {
    name: "nvme",
    folder: "class/nvme",
    what: "NVMe drive",
    label: "device",
    numbers: &[],
    info: Family::gauge("node_nvme_info", "What the drive is, and its state; always 1."),
    words: &[
        ("cntlid", "cntlid"),
        ("firmware_revision", "firmware_rev"),
        ("model", "model"),
        ("serial", "serial"),
        ("state", "state"),
    ],
    empty: true,
};

/// A drive's namespace, which is what has its blocks.
#[derive(Debug, PartialEq, Eq)]
struct Namespace {
    drive: String,
    id: String,
    state: Vec<u8>,
    /// In the order of [`SIZES`].
    sizes: [Option<u64>; 4],
}

const INFO: Family =
    Family::gauge("node_nvme_namespace_info", "How the namespace is reached; always 1.");
const SIZES: [Family; 4] = [
    Family::gauge("node_nvme_namespace_capacity_bytes", "Bytes the namespace has room for."),
    Family::gauge("node_nvme_namespace_logical_block_size_bytes", "Size of its blocks."),
    Family::gauge("node_nvme_namespace_size_bytes", "Bytes the namespace has."),
    Family::gauge("node_nvme_namespace_used_bytes", "Bytes of it that are in use."),
];

/// The kernel counts a disk's size in these, whatever its blocks.
const SECTOR: u64 = 512;

/// The number of the namespace whose folder in a drive's this is: `1` of
/// `nvme0n1` and of `nvme0c3n1`.
fn namespace_id(name: &str) -> Option<&str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (drive, id) = name.strip_prefix("nvme")?.split_once('n')?;
    let plain = digits(drive) || drive.split_once('c').is_some_and(|(a, b)| digits(a) && digits(b));
    (plain && digits(id)).then_some(id)
}

fn namespaces(class: &Path, drives: &[Device]) -> Vec<Namespace> {
    let mut found = Vec::new();
    for drive in drives.iter().map(|drive| &drive.name) {
        let folder = class.join(drive);
        for name in entries(&folder).unwrap_or_default() {
            let Some(id) = namespace_id(&name) else { continue };
            let number = |file: &str| scan::unsigned(&word(&folder.join(&name).join(file)));
            let block = number("queue/logical_block_size");
            let size = number("size").and_then(|sectors| sectors.checked_mul(SECTOR));
            let used = number("nuse").zip(block).and_then(|(used, block)| used.checked_mul(block));
            let state = word(&folder.join(&name).join("ana_state"));
            found.push(Namespace {
                drive: drive.clone(),
                id: id.to_owned(),
                state: if state.is_empty() { b"unknown".to_vec() } else { state },
                sizes: [size, block, size, used],
            });
        }
    }
    found
}

fn encode(namespaces: &[Namespace], out: &mut Encoder) {
    if namespaces.is_empty() {
        return;
    }
    out.family(&INFO);
    for Namespace { drive, id, state, .. } in namespaces {
        let labels =
            [("ana_state", &state[..]), ("device", drive.as_bytes()), ("nsid", id.as_bytes())];
        out.sample(&INFO, &labels, true);
    }
    for (at, family) in SIZES.iter().enumerate() {
        out.family(family);
        for Namespace { drive, id, sizes, .. } in namespaces {
            let Some(size) = sizes[at] else { continue };
            out.sample(family, &[("device", drive.as_bytes()), ("nsid", id.as_bytes())], size);
        }
    }
}

/// The collector.
#[derive(Debug)]
pub struct Nvme {
    drives: Devices,
    class: PathBuf,
    namespaces: Vec<Namespace>,
    rescan: Rescan,
}

impl Nvme {
    /// Reads below sysfs.
    pub fn new(settings: &Settings) -> Self {
        Self {
            drives: Devices::new(&CLASS, settings),
            class: settings.sysfs.join(CLASS.folder),
            namespaces: Vec::new(),
            rescan: Rescan::default(),
        }
    }
}

impl Collector for Nvme {
    fn name(&self) -> &'static str {
        CLASS.name
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        self.drives.collect(scratch, out)?;
        if self.rescan.due() {
            self.namespaces = namespaces(&self.class, self.drives.found());
        }
        encode(&self.namespaces, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_told_by_their_folders() {
        for (name, id) in [
            ("nvme0n1", Some("1")),
            ("nvme10n12", Some("12")),
            ("nvme0c3n1", Some("1")),
            ("nvme0", None),
            ("nvme0n1p1", None),
            ("power", None),
            ("nvmexn1", None),
        ] {
            assert_eq!(namespace_id(name), id, "{name}");
        }
    }
}
