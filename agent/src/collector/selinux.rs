//! `/sys/fs/selinux`: whether the kernel enforces rules of its own
//! beyond the files' permissions. A Pi's systems do not.

use std::path::PathBuf;

use super::Collector;
use super::attributes::{number, word};
use super::rescan::Rescan;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::settings::Settings;
use crate::value::Value;

const ENABLED: Family = Family::gauge("node_selinux_enabled", "1 if the kernel has SELinux on.");
const CURRENT: Family =
    Family::gauge("node_selinux_current_mode", "1 if its rules are enforced, 0 if only logged.");

/// Encodes whether it is there and, if so, its mode.
pub fn encode(there: bool, mode: Option<Value>, out: &mut Encoder) {
    out.single(&ENABLED, there);
    if let Some(mode) = mode.filter(|_| there) {
        out.single(&CURRENT, mode);
    }
}

/// The collector. The mode is an operator's to change: it is read once a minute.
#[derive(Debug)]
pub struct Selinux {
    folder: PathBuf,
    there: bool,
    mode: Option<Value>,
    rescan: Rescan,
}

impl Selinux {
    /// Reads below sysfs.
    pub fn new(settings: &Settings) -> Self {
        let folder = settings.sysfs.join("fs/selinux");
        Self { folder, there: false, mode: None, rescan: Rescan::default() }
    }
}

impl Collector for Selinux {
    fn name(&self) -> &'static str {
        "selinux"
    }

    fn collect(&mut self, _: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        if self.rescan.due() {
            let enforce = self.folder.join("enforce");
            self.there = enforce.exists();
            self.mode = number(&word(&enforce));
        }
        encode(self.there, self.mode, out);
        Ok(())
    }
}
