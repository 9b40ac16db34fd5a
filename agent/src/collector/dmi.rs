//! `/sys/class/dmi/id`: what a PC's firmware says of it. A Pi has none.

use std::path::{Path, PathBuf};

use super::Collector;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::settings::Settings;
use crate::source::{wanted, whole};

const INFO: Family =
    Family::gauge("node_dmi_info", "What the firmware says of the machine; always 1.");

/// The files, whose names are the labels'.
const FILES: [&str; 20] = [
    "bios_date",
    "bios_release",
    "bios_vendor",
    "bios_version",
    "board_asset_tag",
    "board_name",
    "board_serial",
    "board_vendor",
    "board_version",
    "chassis_asset_tag",
    "chassis_serial",
    "chassis_vendor",
    "chassis_version",
    "product_family",
    "product_name",
    "product_serial",
    "product_sku",
    "product_uuid",
    "product_version",
    "sys_vendor",
];

/// The label of a file: of one alone another than its name.
fn label(file: &'static str) -> &'static str {
    if file == "sys_vendor" { "system_vendor" } else { file }
}

/// The collector. Firmware does not change: once it could be read, it is known.
#[derive(Debug)]
pub struct Dmi {
    folder: PathBuf,
    known: Option<Vec<(&'static str, Vec<u8>)>>,
}

impl Dmi {
    /// Reads below sysfs.
    pub fn new(settings: &Settings) -> Self {
        Self { folder: settings.sysfs.join("class/dmi/id"), known: None }
    }

    fn find(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
        // Serial numbers are root's to read: those that cannot be are left out.
        let read = |file: &'static str| {
            let content = whole(folder.join(file)).ok()?;
            Some((label(file), content.trim_ascii().to_vec()))
        };
        FILES.into_iter().filter_map(read).collect()
    }
}

impl Collector for Dmi {
    fn name(&self) -> &'static str {
        "dmi"
    }

    fn collect(&mut self, _: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let wanted_before = wanted();
        let known = self.known.take().unwrap_or_else(|| Self::find(&self.folder));
        if known.is_empty() && wanted() == wanted_before {
            self.known = Some(known);
            return Err(Failure::Absent { what: "DMI table" });
        }
        out.family(&INFO);
        let mut labels = [("", &b""[..]); FILES.len()];
        for (slot, (label, value)) in labels.iter_mut().zip(&known) {
            *slot = (label, value);
        }
        out.sample(&INFO, &labels[..known.len()], true);
        // What could not be opened now is looked for at the next page.
        self.known = (wanted() == wanted_before).then_some(known);
        Ok(())
    }
}
