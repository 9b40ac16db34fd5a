//! How long cards and file systems will last, as far as anybody may ask.
//!
//! A health report of an `NVMe` drive needs a command that only root may give;
//! it is not asked. All this changes slowly and is read once a minute.

use std::path::{Path, PathBuf};

use crate::collector::attributes::{self, Attribute, Device, word};
use crate::encoder::{Encoder, Family};
use crate::scan;
use crate::value::Value;

const CARD: Family = Family::gauge("rpi_card_info", "Which card this is; always 1.");

/// What eMMC says of itself; an SD card says nothing.
const CARDS: [Attribute; 2] = [
    Attribute {
        file: "life_time",
        family: Family::gauge(
            "rpi_card_life_used_ratio",
            "How much of its life is used up, at most: in tenths; above 1, more than all.",
        ),
        read: |content| life_used(content).map(|tenths| Value::scaled(tenths, 1)),
        constant: true,
    },
    Attribute {
        file: "pre_eol_info",
        family: Family::gauge(
            "rpi_card_reserve_state",
            "Its spare blocks: 1 enough, 2 four fifths used, 3 nine tenths used.",
        ),
        read: |content| attributes::hexadecimal(content).filter(|state| *state != Value::from(0)),
        constant: true,
    },
];

/// What ext4 keeps for each of its file systems, over restarts.
const FILE_SYSTEMS: [Attribute; 2] = [
    Attribute {
        file: "errors_count",
        family: Family::counter(
            "rpi_filesystem_errors_total",
            "Errors in the file system since it was last repaired.",
        ),
        read: attributes::number,
        constant: true,
    },
    Attribute {
        file: "lifetime_write_kbytes",
        family: Family::counter(
            "rpi_filesystem_written_bytes_total",
            "Bytes written since the file system was made.",
        ),
        read: |content| scan::unsigned(content.trim_ascii())?.checked_mul(1024).map(Value::from),
        constant: true,
    },
];

const CLOCKS: [Attribute; 1] = [Attribute {
    file: "battery_voltage",
    family: Family::gauge("rpi_rtc_battery_volts", "Voltage of the clock's battery."),
    read: |content| scan::attribute(content).map(|microvolts| Value::signed(microvolts, 6)),
    constant: true,
}];

/// Two estimates in tenths, `0x01 0x02`, for the two kinds of cells: the worse
/// one counts, and 11 is more than all of its life. 0 is "not defined".
pub fn life_used(content: &[u8]) -> Option<u64> {
    let tenths = scan::fields(content).map(|field| {
        let digits = str::from_utf8(field).ok()?.strip_prefix("0x")?;
        u64::from_str_radix(digits, 16).ok()
    });
    let worst = tenths.collect::<Option<Vec<u64>>>()?.into_iter().max()?;
    (worst > 0).then_some(worst)
}

/// The labels of a card and their files. Its serial number is left out.
const WORDS: [(&str, &str); 5] = [
    ("type", "type"),
    ("name", "name"),
    ("manfid", "manfid"),
    ("oemid", "oemid"),
    ("date", "date"),
];

/// Cards, file systems and clocks as they were found.
#[derive(Debug, Default)]
pub struct Storage {
    cards: Vec<(Device, [Vec<u8>; WORDS.len()])>,
    /// The devices of the tables of attributes.
    health: Vec<Device>,
    file_systems: Vec<Device>,
    clocks: Vec<Device>,
}

impl Storage {
    /// Looks below `sysfs`.
    pub fn find(sysfs: &Path, scratch: &mut Vec<u8>) -> Self {
        let mut found =
            |folder: &str, below: &str, keeps: fn(&str) -> bool, table: &[Attribute]| {
                let entries = attributes::class(&sysfs.join(folder), "such a folder");
                let mut devices = Vec::new();
                for (name, path) in entries.unwrap_or_default() {
                    if keeps(&name) {
                        devices.push(Device::new(name, path.join(below), table, &[], scratch));
                    }
                }
                devices
            };
        let is_card = |name: &str| {
            // mmcblk0boot0 is a part of the card with the same health.
            name.strip_prefix("mmcblk")
                .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let health = found("block", "device", is_card, &CARDS);
        let file_systems = found("fs/ext4", "", |name| name != "features", &FILE_SYSTEMS);
        let clocks = found("class/rtc", "", |_| true, &CLOCKS);
        let words = |folder: &PathBuf| WORDS.map(|(_, file)| word(&folder.join(file)));
        let cards = health.iter().map(|card| {
            let shown = Device::new(card.name.clone(), card.folder.clone(), &[], &[], scratch);
            (shown, words(&card.folder))
        });
        Self { cards: cards.collect(), health, file_systems, clocks }
    }

    /// Encodes what was found.
    pub fn encode(&self, out: &mut Encoder) {
        for (nth, (card, words)) in self.cards.iter().enumerate() {
            if nth == 0 {
                out.family(&CARD);
            }
            let mut labels = [("device", card.name.as_bytes()); 1 + WORDS.len()];
            for (label, ((name, _), word)) in labels[1..].iter_mut().zip(WORDS.iter().zip(words)) {
                *label = (name, word);
            }
            out.sample(&CARD, &labels, true);
        }
        attributes::encode(&CARDS, "device", &self.health, out);
        attributes::encode(&FILE_SYSTEMS, "device", &self.file_systems, out);
        attributes::encode(&CLOCKS, "rtc", &self.clocks, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_estimate_counts() {
        for (content, used) in [
            ("0x01 0x02\n", Some(2)),
            ("0x0b 0x01\n", Some(11)),
            ("0x00 0x00\n", None),
            ("0x01\n", Some(1)),
            ("1 2\n", None),
            ("", None),
        ] {
            assert_eq!(life_used(content.as_bytes()), used, "{content}");
        }
    }
}
