//! When a certificate ends: the one date out of its DER.

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of validity, in seconds since 1970; `None` for what is no X.509
/// certificate.
pub fn end(der: &[u8]) -> Option<i64> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut body, _) = element(certificate, SEQUENCE)?;
    if let Some((_version, rest)) = element(body, VERSION) {
        body = rest;
    }
    let (_serial, rest) = element(body, INTEGER)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (_issuer, rest) = element(rest, SEQUENCE)?;
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_, rest) = time(validity)?;
    time(rest).map(|(end, _)| end)
}

/// The content of an element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        // Lengths of certificates fit in four bytes.
        let digits = Some(digits).filter(|digits| (1..=4).contains(&digits.len()))?;
        (digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}

/// A date, and what follows it.
fn time(der: &[u8]) -> Option<(i64, &[u8])> {
    let (text, years, rest) = match element(der, UTC_TIME) {
        Some((text, rest)) => (text, 2, rest),
        None => element(der, GENERALIZED_TIME).map(|(text, rest)| (text, 4, rest))?,
    };
    let text = text.strip_suffix(b"Z")?;
    (text.len() == years + 10).then_some(())?;
    let number = |from: usize, length: usize| {
        text[from..from + length].iter().try_fold(0_i64, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let mut year = number(0, years)?;
    if years == 2 {
        // Two digits stand for 1950 to 2049.
        year += if year < 50 { 2000 } else { 1900 };
    }
    let field = |nth: usize| number(years + 2 * nth, 2);
    let (month, day) = (field(0)?, field(1)?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(())?;
    let clock = (field(2)? * 60 + field(3)?) * 60 + field(4)?;
    Some((days(year, month, day) * 86_400 + clock, rest))
}

/// Days from 1970-01-01 in the Gregorian calendar. Years are taken to begin in
/// March, so that the day of a leap year is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 306 + 5) / 10 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (date, expected) in [
            ((1970, 1, 1), 0),
            ((1969, 12, 31), -1),
            ((2000, 2, 29), 11_016),
            ((2000, 3, 1), 11_017),
            ((2026, 1, 1), 20_454),
            ((2100, 3, 1), 47_541),
        ] {
            assert_eq!(days(date.0, date.1, date.2), expected, "{date:?}");
        }
    }

    #[test]
    fn both_kinds_of_dates_are_read() {
        for (der, expected) in [
            (&b"\x17\x0d260101000000Z"[..], Some(1_767_225_600)),
            (b"\x18\x0f20260101000001Z", Some(1_767_225_601)),
            (b"\x17\x0d700101000000Z", Some(0)),
            (b"\x17\x0d261301000000Z", None),
            (b"\x17\x0c26010100000Z", None),
            (b"\x17\x0d26010100000xZ", None),
            (b"\x18\x0f2026", None),
        ] {
            assert_eq!(time(der).map(|(end, _)| end), expected, "{}", der.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes: Vec<u8>) {
            let _ = (end(&bytes), time(&bytes), element(&bytes, SEQUENCE));
        }
    }
}
