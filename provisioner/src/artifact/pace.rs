//! How fast a download has to come, and when it has to be done.

use std::time::{Duration, Instant};

/// Deadlines of a download. A slow line is no fault; one that would take for
/// ever is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For name resolution, connection and TLS together.
    pub connect: Duration,
    /// For the first byte, and between any two.
    pub silence: Duration,
    /// The time in which [`Timeouts::least`] bytes have to come, again and again.
    pub window: Duration,
    /// Bytes.
    pub least: u64,
    /// For all of it, attempts and pauses included.
    pub whole: Duration,
}

impl Default for Timeouts {
    /// 4 KiB a second would be five hours for k3s: the hour ends what is faster
    /// than that and still of no use. 70 MiB within it are 20 KiB a second.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            silence: Duration::from_mins(1),
            window: Duration::from_mins(1),
            least: 60 * (4 << 10),
            whole: Duration::from_hours(1),
        }
    }
}

impl Timeouts {
    /// For an operator with more patience, or less.
    #[must_use]
    pub fn times(self, patience: f64) -> Self {
        Self {
            connect: self.connect.mul_f64(patience),
            silence: self.silence.mul_f64(patience),
            window: self.window.mul_f64(patience),
            least: self.least,
            whole: self.whole.mul_f64(patience),
        }
    }
}

/// Watches the bytes of one attempt come.
#[derive(Debug)]
pub(super) struct Pace {
    /// When the present window began, and how many bytes were there then.
    window: (Instant, u64),
}

/// Why a download is given up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Slow {
    /// So many bytes came in a window.
    Dripping(u64),
    /// The whole deadline is over.
    Late,
}

impl Pace {
    pub(super) const fn new(now: Instant) -> Self {
        Self { window: (now, 0) }
    }

    /// `got` bytes are there; the download began, with its first attempt, at
    /// `begun`.
    pub(super) fn look(
        &mut self,
        now: Instant,
        begun: Instant,
        got: u64,
        timeouts: &Timeouts,
    ) -> Option<Slow> {
        if now.duration_since(begun) >= timeouts.whole {
            return Some(Slow::Late);
        }
        let (since, before) = self.window;
        if now.duration_since(since) < timeouts.window {
            return None;
        }
        self.window = (now, got);
        (got - before < timeouts.least).then_some(Slow::Dripping(got - before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_window_needs_its_bytes_and_the_whole_has_an_end() {
        let timeouts = Timeouts::default();
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut pace = Pace::new(begun);
        for (second, got, expected) in [
            (1, 0, None),
            (59, 10, None),
            // Enough, and a new window begins.
            (60, timeouts.least, None),
            (119, timeouts.least, None),
            (120, timeouts.least + 12, Some(Slow::Dripping(12))),
            (3599, u64::MAX, None),
            (3600, u64::MAX, Some(Slow::Late)),
        ] {
            assert_eq!(pace.look(at(second), begun, got, &timeouts), expected, "{second}");
        }
    }

    #[test]
    fn patience_gives_time_and_asks_for_no_more_bytes() {
        let patient = Timeouts::default().times(4.0);
        assert_eq!(patient.whole, Duration::from_hours(4));
        assert_eq!(patient.window, Duration::from_mins(4));
        assert_eq!(patient.least, Timeouts::default().least);
    }
}
