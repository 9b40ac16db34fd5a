//! Moments and durations as they are written in files and headers.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Milliseconds since 1970 of a moment as GitHub writes it:
/// `2026-11-22T08:30:00Z`.
pub fn millis(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// The moment `millis` as GitHub takes it in `since`: whole seconds, in UTC.
pub fn written(millis: i64) -> String {
    let second = Timestamp::from_second(millis.div_euclid(1000)).unwrap_or(Timestamp::UNIX_EPOCH);
    second.to_string()
}

/// Seconds since 1970 of an HTTP date: `Sun, 22 Nov 2026 08:30:00 GMT`.
pub fn http_seconds(text: &str) -> Option<i64> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(text).ok().map(Timestamp::as_second)
}

/// The moment `seconds` as an HTTP date.
pub fn http_date(seconds: i64) -> String {
    let moment = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// This machine's clock, in milliseconds since 1970.
pub fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

/// A duration: a whole number and its unit, `250ms`, `10s`, `5m`, `12h`, `90d`.
/// The other side of the result says what was expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    let expected =
        || format!("{text:?} is no duration; expected a whole number and a unit, such as 10s");
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 3_600 * 1000,
        "d" => 86_400 * 1000,
        "" => return Err(format!("{text:?} has no unit; expected ms, s, m, h or d")),
        _ => return Err(format!("{unit:?} in {text:?} is no unit; expected ms, s, m, h or d")),
    };
    match number.checked_mul(unit) {
        Some(0) => Err(format!("{text:?} is no time at all")),
        // A thousand years; sums with today's date stay in range.
        Some(millis) if millis <= 365_000 * 86_400 * 1000 => Ok(Duration::from_millis(millis)),
        _ => Err(format!("{text:?} is too long")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_read_and_written() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-22T08:30:00Z", Some(1_795_336_200_000)),
            ("2026-11-22T08:30:00.250Z", Some(1_795_336_200_250)),
            ("2026-11-22T09:30:00+01:00", Some(1_795_336_200_000)),
            ("2026-11-22", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(millis(text), expected, "{text}");
        }
        assert_eq!(written(1_795_336_200_999), "2026-11-22T08:30:00Z");
        assert_eq!(written(-1), "1969-12-31T23:59:59Z");
        assert_eq!(http_seconds("Sun, 22 Nov 2026 08:30:00 GMT"), Some(1_795_336_200));
        assert_eq!(http_date(1_795_336_200), "Sun, 22 Nov 2026 08:30:00 GMT");
        assert_eq!(http_seconds("2026-11-22"), None);
    }

    #[test]
    fn durations_are_plain() {
        for (text, expected) in [
            ("250ms", Ok(250)),
            ("10s", Ok(10_000)),
            ("5m", Ok(300_000)),
            ("12h", Ok(43_200_000)),
            ("90d", Ok(7_776_000_000)),
            ("0s", Err("no time at all")),
            ("5", Err("has no unit")),
            ("5 m", Err("is no unit")),
            ("m", Err("no duration")),
            ("", Err("no duration")),
            ("-5m", Err("no duration")),
            ("1w", Err("is no unit")),
            ("18446744073709551615d", Err("too long")),
            ("99999999999999999999s", Err("no duration")),
        ] {
            let read = duration(text);
            match expected {
                Ok(millis) => assert_eq!(read, Ok(Duration::from_millis(millis)), "{text}"),
                Err(part) => assert!(read.clone().unwrap_err().contains(part), "{text}: {read:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parsers(text in ".{0,40}") {
            let _ = (millis(&text), http_seconds(&text), duration(&text));
        }

        #[test]
        fn what_is_written_is_read_again(seconds in -2_000_000_000_i64..200_000_000_000) {
            prop_assert_eq!(millis(&written(seconds * 1000)), Some(seconds * 1000));
        }

        #[test]
        fn http_dates_are_read_again(seconds in 0_i64..200_000_000_000) {
            prop_assert_eq!(http_seconds(&http_date(seconds)), Some(seconds));
        }
    }
}
