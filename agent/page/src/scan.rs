//! Reading the kernel's text files: lines, fields, numbers.

use crate::value::Value;

/// The lines of a file, empty ones left out.
pub fn lines(input: &[u8]) -> Lines<'_> {
    Lines(input)
}

/// The fields of a line: what stands between blanks.
pub fn fields(line: &[u8]) -> Fields<'_> {
    Fields(line)
}

/// See [`lines`].
#[derive(Debug, Clone)]
pub struct Lines<'i>(&'i [u8]);

impl<'i> Iterator for Lines<'i> {
    type Item = &'i [u8];

    fn next(&mut self) -> Option<&'i [u8]> {
        next(&mut self.0, |byte| byte == b'\n')
    }
}

/// See [`fields`].
#[derive(Debug, Clone)]
pub struct Fields<'i>(&'i [u8]);

impl<'i> Iterator for Fields<'i> {
    type Item = &'i [u8];

    fn next(&mut self) -> Option<&'i [u8]> {
        // What is below a blank and none is in none of these files.
        next(&mut self.0, |byte| byte <= b' ' && byte.is_ascii_whitespace())
    }
}

/// The next part that is not empty: a page is made of thousands of them, which
/// is what the two loops are for.
#[inline]
fn next<'i>(rest: &mut &'i [u8], ends: impl Fn(u8) -> bool) -> Option<&'i [u8]> {
    let mut text = *rest;
    while let [first, after @ ..] = text
        && ends(*first)
    {
        text = after;
    }
    let mut length = 0;
    while length < text.len() && !ends(text[length]) {
        length += 1;
    }
    let (part, after) = text.split_at(length);
    *rest = after;
    (length > 0).then_some(part)
}

/// A whole number without a sign; `None` for anything else, overflow included.
pub fn unsigned(field: &[u8]) -> Option<u64> {
    if field.is_empty() {
        return None;
    }
    field.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// A whole number with or without a minus sign, blanks around it allowed: the
/// content of a sysfs attribute.
pub fn attribute(content: &[u8]) -> Option<i64> {
    let content = content.trim_ascii();
    match content.strip_prefix(b"-") {
        Some(digits) => 0_i64.checked_sub_unsigned(unsigned(digits)?),
        None => i64::try_from(unsigned(content)?).ok(),
    }
}

/// A decimal fraction such as `0.72`; at most nine places.
pub fn decimal(field: &[u8]) -> Option<Value> {
    let Some(point) = field.iter().position(|byte| *byte == b'.') else {
        return unsigned(field).map(Value::from);
    };
    let (whole, fraction) = (unsigned(&field[..point])?, &field[point + 1..]);
    let places = u8::try_from(fraction.len()).ok().filter(|places| *places <= 9)?;
    let digits = whole.checked_mul(10_u64.pow(u32::from(places)))?;
    Some(Value::scaled(digits.checked_add(unsigned(fraction)?)?, places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_or_refused() {
        let largest = u64::MAX.to_string();
        for (field, expected) in [
            ("0", Some(0)),
            ("042", Some(42)),
            (largest.as_str(), Some(u64::MAX)),
            ("18446744073709551616", None),
            ("", None),
            ("-1", None),
            ("1a", None),
        ] {
            assert_eq!(unsigned(field.as_bytes()), expected, "{field}");
        }
        for (content, expected) in [
            ("48312\n", Some(48312)),
            ("-5000\n", Some(-5000)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("--1", None),
            ("-", None),
            ("\n", None),
        ] {
            assert_eq!(attribute(content.as_bytes()), expected, "{content:?}");
        }
        for (field, expected) in [
            ("0.72", Some(Value::scaled(72, 2))),
            ("3", Some(Value::from(3))),
            ("1.", None),
            (".5", None),
            ("1.2.3", None),
            ("1.1234567890", None),
        ] {
            assert_eq!(decimal(field.as_bytes()), expected, "{field}");
        }
    }
}
