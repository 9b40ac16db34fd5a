//! Amounts of memory, as Kubernetes and as programs write them.

use serde_json::Value;

use crate::card::Heap;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// Bytes of a quantity as the charts' schemas allow it: `512Mi`, `1.5Gi`.
pub fn memory(text: &str) -> Option<u64> {
    number(text, &[("Ki", KIB), ("Mi", MIB), ("Gi", GIB), ("Ti", TIB)], 1)
}

/// Thousandths of a core: `250m`, `0.5`.
pub fn millicores(text: &str) -> Option<u64> {
    number(text, &[("m", 1)], 1000)
}

/// The shortest text of so many bytes that says them exactly.
pub fn of_memory(bytes: u64) -> String {
    let units = [(GIB, "Gi"), (MIB, "Mi"), (KIB, "Ki")];
    let whole = units.iter().find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit));
    whole.map_or_else(|| bytes.to_string(), |(unit, name)| format!("{}{name}", bytes / unit))
}

/// The text of so many thousandths of a core.
pub fn of_millicores(cpu: u64) -> String {
    format!("{cpu}m")
}

/// Bytes of a heap or cache, as its program reads it: `512m`, `96mb`, `128MB`,
/// or a number that counts the card's unit.
pub(crate) fn heap(value: &Value, heap: &Heap) -> Option<u64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.to_ascii_lowercase(),
        _ => return None,
    };
    let units = [
        ("kb", KIB),
        ("mb", MIB),
        ("gb", GIB),
        ("tb", TIB),
        ("k", KIB),
        ("m", MIB),
        ("g", GIB),
        ("t", TIB),
    ];
    number(&text, &units, heap.unit)
}

/// A decimal number with one of `units`, rounded up.
fn number(text: &str, units: &[(&str, u64)], plain: u64) -> Option<u64> {
    let found = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)));
    let (digits, unit) = found.unwrap_or((text, plain));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // More places than these are less than a byte.
    if !all_digits(whole) || !all_digits(part) || part.len() > 12 {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let part = (part.parse::<u128>().ok()? * u128::from(unit)).div_ceil(scale);
    let whole = u128::from(whole.parse::<u64>().ok()?) * u128::from(unit);
    u64::try_from(whole + part).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        for (text, expected) in [
            ("512Mi", Some(512 * MIB)),
            ("1.5Gi", Some(1536 * MIB)),
            ("0.1Ki", Some(103)),
            ("7", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551615Ki", None),
            ("0.1234567890123Mi", None),
            ("512MB", None),
            ("-1", None),
            (".5Mi", None),
            ("Mi", None),
            ("", None),
        ] {
            assert_eq!(memory(text), expected, "{text}");
        }
        for (text, expected) in [("250m", Some(250)), ("0.5", Some(500)), ("2", Some(2000))] {
            assert_eq!(millicores(text), expected, "{text}");
        }
    }

    #[test]
    fn heaps_are_read_as_their_programs_read_them() {
        for (value, unit, expected) in [
            (Value::from("512m"), MIB, Some(512 * MIB)),
            (Value::from("96mb"), MIB, Some(96 * MIB)),
            (Value::from("128MB"), MIB, Some(128 * MIB)),
            (Value::from(96), MIB, Some(96 * MIB)),
            (Value::from("0.25"), GIB, Some(256 * MIB)),
            (Value::from("lots"), MIB, None),
            (Value::Null, MIB, None),
        ] {
            let card = Heap { value: String::new(), unit };
            assert_eq!(heap(&value, &card), expected, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes: u64, cpu in 0..1_000_000_u64) {
            proptest::prop_assert_eq!(memory(&of_memory(bytes)), Some(bytes));
            proptest::prop_assert_eq!(millicores(&of_millicores(cpu)), Some(cpu));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = (memory(&text), millicores(&text));
        }
    }
}
