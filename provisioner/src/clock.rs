//! The operator's clock: the one place that reads it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The present day, UTC.
pub(crate) fn today() -> jiff::civil::Date {
    jiff::Timestamp::from_millisecond(now_ms())
        .map(|time| time.to_zoned(jiff::tz::TimeZone::UTC).date())
        .unwrap_or_default()
}

/// RFC 3339 with milliseconds, UTC.
pub(crate) fn timestamp() -> String {
    jiff::Timestamp::from_millisecond(now_ms())
        .map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}

/// For people: the day and the minute, UTC.
pub(crate) fn minute() -> String {
    jiff::Timestamp::from_millisecond(now_ms())
        .map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
