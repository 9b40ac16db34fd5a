//! The operator's clock: the one place that reads it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// RFC 3339 with milliseconds, UTC.
pub(crate) fn timestamp() -> String {
    jiff::Timestamp::from_millisecond(now_ms())
        .map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}
