//! When to look for devices again.

use std::time::{Duration, Instant};

/// Drivers are loaded late and devices come back: looking once is not enough,
/// and listing folders at every scrape would cost more than reading them.
const EVERY: Duration = Duration::from_mins(1);

/// Due at first, and then once a minute.
#[derive(Debug, Default)]
pub struct Rescan {
    last: Option<Instant>,
}

impl Rescan {
    /// Whether it is time; if so, the minute starts anew.
    pub fn due(&mut self) -> bool {
        self.due_at(Instant::now())
    }

    fn due_at(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.duration_since(last) >= EVERY);
        if due {
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_once_and_then_every_minute() {
        let mut rescan = Rescan::default();
        let start = Instant::now();
        let due = [0, 1, 59, 60, 61, 119, 120]
            .map(|seconds| rescan.due_at(start + Duration::from_secs(seconds)));
        assert_eq!(due, [true, false, false, true, false, false, true]);
    }
}
