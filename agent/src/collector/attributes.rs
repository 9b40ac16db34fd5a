//! Devices of a class of sysfs, a number or a word in each attribute file.
//!
//! Listing and opening costs more than reading: both are done once a minute,
//! and what does not change by itself is read only then.

use std::path::{Path, PathBuf};

use super::entries;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;
use crate::value::Value;

/// An attribute: its file, its family, and how its number becomes the value.
#[derive(Debug)]
pub struct Attribute {
    /// The file in the device's folder.
    pub file: &'static str,
    /// Where it goes.
    pub family: Family,
    /// How the content is read.
    pub read: fn(&[u8]) -> Option<Value>,
    /// Read once a minute only.
    pub constant: bool,
}

/// A device and the attributes it has.
#[derive(Debug)]
pub struct Device {
    /// Its label's value.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    attributes: Vec<Held>,
    /// What the kernel adds up of others is not read.
    sum: Option<(usize, [usize; 2])>,
}

/// An attribute that a device has.
#[derive(Debug)]
struct Held {
    /// Its place in the table.
    index: usize,
    /// Where it is read anew.
    source: Option<Source>,
    value: Option<Value>,
}

impl Device {
    /// The device in `folder`; of `table` it has what can be read there. What is
    /// `known` already is not read.
    pub fn new(
        name: String,
        folder: PathBuf,
        table: &[Attribute],
        known: &[(&str, &[u8])],
        scratch: &mut Vec<u8>,
    ) -> Self {
        let attributes = table.iter().enumerate().filter_map(|(index, attribute)| {
            let mut source = Source::new(folder.join(attribute.file));
            let value = match known.iter().find(|(file, _)| *file == attribute.file) {
                Some((_, content)) => (attribute.read)(content),
                None => source.read(scratch).ok().and_then(attribute.read),
            };
            // Open, a file has a page of the kernel's: what is not read again
            // before all is looked for anew is closed.
            let source = (!attribute.constant).then_some(source);
            Some(Held { index, source, value: Some(value?) })
        });
        Self { attributes: attributes.collect(), name, folder, sum: None }
    }

    /// From now on the attribute at that place of the table is not read but added
    /// up of two others, if that is what it is.
    pub fn add_up(&mut self, sum: usize, parts: [usize; 2]) {
        let told = self.value(sum);
        self.sum = (told.is_some() && told == self.added(parts)).then_some((sum, parts));
        if self.sum.is_some() {
            self.attributes.iter_mut().filter(|held| held.index == sum).for_each(|held| {
                held.source = None;
            });
        }
    }

    fn value(&self, index: usize) -> Option<Value> {
        self.attributes.iter().find(|held| held.index == index)?.value
    }

    fn added(&self, parts: [usize; 2]) -> Option<Value> {
        let [one, other] = parts.map(|index| self.value(index).and_then(Value::whole));
        one?.checked_add(other?).map(Value::from)
    }

    /// Reads what may have changed. A device may be gone, or have nothing to
    /// say just now (a cable that is out): then there is no value.
    pub fn refresh(&mut self, table: &[Attribute], scratch: &mut Vec<u8>) {
        for Held { index, source, value } in &mut self.attributes {
            if let Some(source) = source {
                *value = source.read(scratch).ok().and_then(table[*index].read);
            }
        }
        if let Some((sum, parts)) = self.sum {
            let value = self.added(parts);
            self.attributes.iter_mut().filter(|held| held.index == sum).for_each(|held| {
                held.value = value;
            });
        }
    }
}

/// Encodes the devices' attributes, family by family.
pub fn encode(table: &[Attribute], label: &'static str, devices: &[Device], out: &mut Encoder) {
    for (index, attribute) in table.iter().enumerate() {
        let mut opened = false;
        for device in devices {
            let Some(value) = device.value(index) else { continue };
            if !opened {
                out.family(&attribute.family);
                opened = true;
            }
            out.sample(&attribute.family, &[(label, device.name.as_bytes())], value);
        }
    }
}

/// A whole number.
pub fn number(content: &[u8]) -> Option<Value> {
    scan::attribute(content).map(|number| Value::signed(number, 0))
}

/// Millionths of the family's unit.
pub fn millionths(content: &[u8]) -> Option<Value> {
    scan::attribute(content).map(|number| Value::signed(number, 6))
}

/// Tenths of the family's unit.
pub fn tenths(content: &[u8]) -> Option<Value> {
    scan::attribute(content).map(|number| Value::signed(number, 1))
}

/// A number with a leading `0x`.
pub fn hexadecimal(content: &[u8]) -> Option<Value> {
    let digits = str::from_utf8(content).ok()?.trim().strip_prefix("0x")?;
    u64::from_str_radix(digits, 16).ok().map(Value::from)
}

/// Kilohertz, shown in hertz.
pub fn kilohertz(content: &[u8]) -> Option<Value> {
    scan::unsigned(content.trim_ascii())?.checked_mul(1000).map(Value::from)
}

/// The content of a small file less the blanks around it; empty when it cannot
/// be read.
pub fn word(path: &Path) -> Vec<u8> {
    crate::source::whole(path).map(|content| content.trim_ascii().to_vec()).unwrap_or_default()
}

/// The folders of a class, by name.
///
/// # Errors
/// When there is no such class on this host.
pub fn class(folder: &Path, what: &'static str) -> Result<Vec<(String, PathBuf)>, Failure> {
    let names = entries(folder).map_err(|_| Failure::Absent { what })?;
    let beside = |name: String| {
        let path = folder.join(&name);
        (name, path)
    };
    Ok(names.into_iter().map(beside).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_again_is_not_kept_open() {
        const TABLE: [Attribute; 2] = [
            Attribute {
                file: "mtu",
                family: Family::gauge("mtu", "Constant."),
                read: number,
                constant: true,
            },
            Attribute {
                file: "speed",
                family: Family::gauge("speed", "Not so."),
                read: number,
                constant: false,
            },
        ];
        let folder = tempfile::tempdir().unwrap();
        for file in ["mtu", "speed"] {
            std::fs::write(folder.path().join(file), "7\n").unwrap();
        }
        let path = folder.path().to_owned();
        let mut device = Device::new("eth0".to_owned(), path, &TABLE, &[], &mut Vec::new());
        device.refresh(&TABLE, &mut Vec::new());
        let open = device
            .attributes
            .iter()
            .map(|held| (held.source.as_ref().is_some_and(Source::is_open), held.value.is_some()));
        assert_eq!(open.collect::<Vec<_>>(), [(false, true), (true, true)]);
    }

    #[test]
    fn what_the_kernel_adds_up_is_added_up_here() {
        const FILES: [&str; 3] = ["changes", "down", "up"];
        const TABLE: [Attribute; 3] =
            [attribute(FILES[0]), attribute(FILES[1]), attribute(FILES[2])];
        const fn attribute(file: &'static str) -> Attribute {
            let family = Family::counter(file, "Counted.");
            Attribute { file, family, read: number, constant: false }
        }
        let folder = tempfile::tempdir().unwrap();
        let write = |numbers: [u8; 3]| {
            for (file, number) in FILES.iter().zip(numbers) {
                std::fs::write(folder.path().join(file), format!("{number}\n")).unwrap();
            }
        };
        for (first, second, shown) in [([5, 2, 3], [9, 4, 4], 8), ([6, 2, 3], [9, 4, 4], 9)] {
            write(first);
            let path = folder.path().to_owned();
            let mut device = Device::new("eth0".to_owned(), path, &TABLE, &[], &mut Vec::new());
            device.add_up(0, [1, 2]);
            assert_eq!(device.value(0), Some(Value::from(u64::from(first[0]))));
            write(second);
            device.refresh(&TABLE, &mut Vec::new());
            assert_eq!(device.value(0), Some(Value::from(shown)));
        }
    }

    #[test]
    fn contents_are_numbers_or_nothing() {
        let text = |value: Option<Value>| {
            value.map(|value| value.with_text(|text| String::from_utf8(text.to_vec()).unwrap()))
        };
        assert_eq!(text(number(b"-1\n")).as_deref(), Some("-1"));
        assert_eq!(text(hexadecimal(b"0x1003\n")).as_deref(), Some("4099"));
        assert_eq!(text(kilohertz(b"1800000\n")).as_deref(), Some("1800000000"));
        assert_eq!(text(millionths(b"3700000\n")).as_deref(), Some("3.7"));
        assert_eq!(text(tenths(b"-55\n")).as_deref(), Some("-5.5"));
        for broken in [&b""[..], b"fast", b"0x", b"0xfg", b"\xff", b"99999999999999999999"] {
            assert_eq!(text(number(broken)), None);
            assert_eq!(text(hexadecimal(broken)), None);
            assert_eq!(text(millionths(broken)), None);
            assert_eq!(text(tenths(broken)), None);
            assert_eq!(text(kilohertz(broken)), None);
        }
    }
}
