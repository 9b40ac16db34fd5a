//! Collectors of a class of sysfs of which little is worth knowing: some
//! numbers a device, and words as the labels of a series that is always 1.

use std::path::PathBuf;

use super::Collector;
use super::attributes::{Attribute, Device, class, encode, word};
use super::rescan::Rescan;
use crate::encoder::{Encoder, Family, Label};
use crate::failure::Failure;
use crate::settings::Settings;

/// A class and what is shown of its devices.
#[derive(Debug)]
pub struct Class {
    /// The collector's name.
    pub name: &'static str,
    /// The folder below sysfs.
    pub folder: &'static str,
    /// What a host without such a device lacks.
    pub what: &'static str,
    /// The label that has the device's name.
    pub label: &'static str,
    /// The numbers.
    pub numbers: &'static [Attribute],
    /// The series of words.
    pub info: Family,
    /// Its labels and the files they come from.
    pub words: &'static [(&'static str, &'static str)],
    /// Whether a word that is not there is a label all the same, an empty one.
    pub empty: bool,
}

/// As many labels as a series of words has.
pub const MOST: usize = 16;

/// The collector of one class.
#[derive(Debug)]
pub struct Devices {
    class: &'static Class,
    folder: PathBuf,
    found: Vec<Device>,
    words: Vec<Vec<Vec<u8>>>,
    rescan: Rescan,
}

impl Devices {
    /// Reads below sysfs.
    pub fn new(class: &'static Class, settings: &Settings) -> Self {
        Self {
            class,
            folder: settings.sysfs.join(class.folder),
            found: Vec::new(),
            words: Vec::new(),
            rescan: Rescan::default(),
        }
    }

    /// Lists the devices and reads what does not change by itself.
    /// The devices there are.
    pub fn found(&self) -> &[Device] {
        &self.found
    }

    fn find(&mut self, scratch: &mut Vec<u8>) -> Result<(), Failure> {
        let listed = class(&self.folder, self.class.what)?.into_iter();
        self.found = listed
            .map(|(name, folder)| Device::new(name, folder, self.class.numbers, &[], scratch))
            .collect();
        let words = |device: &Device| {
            self.class.words.iter().map(|(_, file)| word(&device.folder.join(file))).collect()
        };
        self.words = self.found.iter().map(words).collect();
        Ok(())
    }
}

/// Encodes the series of words of the devices.
pub fn encode_words(class: &Class, devices: &[(&str, &[Vec<u8>])], out: &mut Encoder) {
    out.family(&class.info);
    for (name, words) in devices {
        sample(class, name, words, out);
    }
}

fn sample(class: &Class, name: &str, words: &[Vec<u8>], out: &mut Encoder) {
    let mut labels: [Label<'_>; MOST] = [("", b""); MOST];
    labels[0] = (class.label, name.as_bytes());
    let mut used = 1;
    for ((label, _), word) in class.words.iter().zip(words) {
        if class.empty || !word.is_empty() {
            labels[used] = (label, word);
            used += 1;
        }
    }
    out.sample(&class.info, &labels[..used], true);
}

impl Collector for Devices {
    fn name(&self) -> &'static str {
        self.class.name
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        if self.rescan.due() {
            self.found.clear();
            self.find(scratch)?;
        } else {
            for device in &mut self.found {
                device.refresh(self.class.numbers, scratch);
            }
        }
        if self.found.is_empty() {
            return Err(Failure::Absent { what: self.class.what });
        }
        encode(self.class.numbers, self.class.label, &self.found, out);
        out.family(&self.class.info);
        for (device, words) in self.found.iter().zip(&self.words) {
            sample(self.class, &device.name, words, out);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{nvme, powersupplyclass, watchdog};
    use super::*;

    #[test]
    fn every_class_has_room_for_its_labels() {
        for class in [&nvme::CLASS, &powersupplyclass::CLASS, &watchdog::CLASS] {
            assert!(class.words.len() < MOST, "{}", class.name);
        }
    }

    #[test]
    fn words_that_are_not_there_are_empty_labels_or_none() {
        let page = |class| {
            let mut out = Encoder::default();
            let words = [b"x".to_vec(), Vec::new(), Vec::new()];
            encode_words(class, &[("d", &words)], &mut out);
            String::from_utf8(out.page().to_vec()).unwrap()
        };
        assert!(
            page(&nvme::CLASS)
                .contains("{device=\"d\",cntlid=\"x\",firmware_revision=\"\",model=\"\"} 1")
        );
        assert!(
            page(&powersupplyclass::CLASS).contains("{power_supply=\"d\",capacity_level=\"x\"} 1")
        );
    }
}
