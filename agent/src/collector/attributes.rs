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
    attributes: Vec<(usize, Source, Option<Value>)>,
}

impl Device {
    /// The device in `folder`; of `table` it has what can be read there.
    pub fn new(name: String, folder: PathBuf, table: &[Attribute], scratch: &mut Vec<u8>) -> Self {
        let attributes = table.iter().enumerate().filter_map(|(index, attribute)| {
            let mut source = Source::new(folder.join(attribute.file));
            let value = source.read(scratch).ok().and_then(attribute.read);
            // Open, a file has a page of the kernel's: what is not read again
            // before all is looked for anew is closed.
            if attribute.constant {
                source.close();
            }
            Some((index, value?, source))
        });
        let attributes = attributes.map(|(index, value, source)| (index, source, Some(value)));
        Self { attributes: attributes.collect(), name, folder }
    }

    /// Reads what may have changed. A device may be gone, or have nothing to
    /// say just now (a cable that is out): then there is no value.
    pub fn refresh(&mut self, table: &[Attribute], scratch: &mut Vec<u8>) {
        for (index, source, value) in &mut self.attributes {
            let attribute = &table[*index];
            if !attribute.constant {
                *value = source.read(scratch).ok().and_then(attribute.read);
            }
        }
    }
}

/// Encodes the devices' attributes, family by family.
pub fn encode(table: &[Attribute], label: &'static str, devices: &[Device], out: &mut Encoder) {
    for (index, attribute) in table.iter().enumerate() {
        let mut opened = false;
        for device in devices {
            let own = device.attributes.iter().find(|(own, ..)| *own == index);
            let Some(value) = own.and_then(|(.., value)| *value) else { continue };
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
        let mut device =
            Device::new("eth0".to_owned(), folder.path().to_owned(), &TABLE, &mut Vec::new());
        device.refresh(&TABLE, &mut Vec::new());
        let open =
            device.attributes.iter().map(|(_, source, value)| (source.is_open(), value.is_some()));
        assert_eq!(open.collect::<Vec<_>>(), [(false, true), (true, true)]);
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
