//! When to look for devices again.

use std::time::{Duration, Instant};

use crate::source::wanted;

/// Drivers are loaded late and devices come back: looking once is not enough,
/// and listing folders at every scrape would cost more than reading them.
const EVERY: Duration = Duration::from_mins(1);

/// Due at first, and then once a minute; at once where something could not be
/// opened since, for want of descriptors or memory.
#[derive(Debug, Default)]
pub struct Rescan {
    last: Option<(Instant, u64)>,
}

impl Rescan {
    /// Whether it is time; if so, the minute starts anew.
    pub fn due(&mut self) -> bool {
        self.due_at(Instant::now(), wanted())
    }

    fn due_at(&mut self, now: Instant, wanted: u64) -> bool {
        let due = self
            .last
            .is_none_or(|(last, then)| now.duration_since(last) >= EVERY || wanted != then);
        if due {
            self.last = Some((now, wanted));
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
            .map(|seconds| rescan.due_at(start + Duration::from_secs(seconds), 0));
        assert_eq!(due, [true, false, false, true, false, false, true]);
    }

    #[test]
    fn it_is_due_again_after_a_look_that_lacked_descriptors() {
        let (mut rescan, now) = (Rescan::default(), Instant::now());
        let due = [0, 0, 3, 4, 4].map(|wanted| rescan.due_at(now, wanted));
        assert_eq!(due, [true, false, true, true, false]);
    }
}
