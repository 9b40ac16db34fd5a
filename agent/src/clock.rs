//! The host's clocks, and whether somebody set the wall's.

use rustix::time::{ClockId, clock_gettime};

/// A clock that went so far at once was set, in nanoseconds.
pub(crate) const SET: i128 = 1_000_000_000;

/// What a clock shows, in nanoseconds.
pub(crate) fn now(clock: ClockId) -> i128 {
    let now = clock_gettime(clock);
    i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec)
}

/// How far the wall's clock is from the host's own, which counts from the boot.
pub(crate) fn offset() -> i128 {
    now(ClockId::Realtime) - now(ClockId::Boottime)
}

/// Whether the clock was set between these two offsets: one that is steered goes
/// no such way.
pub(crate) fn was_set(before: i128, after: i128) -> bool {
    (after - before).abs() > SET
}
