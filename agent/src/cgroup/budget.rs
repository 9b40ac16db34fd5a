//! How many files may be kept open.
//!
//! The kernel keeps a page for each open file that was read: 4 KiB, on a Pi 5
//! 16, charged to the agent's own control group. Few are cheap, thousands not.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Left for connections, the host's own files and whatever is opened for a
/// moment.
const RESERVED: u64 = 400;

/// Bytes of kernel memory for files kept open, a quarter of the unit's limit.
const MEMORY: u64 = 8 * 1024 * 1024;

/// Counts the files kept open for containers.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    kept: u64,
}

impl Budget {
    /// Raises the limit as far as an unprivileged process may. Where even that
    /// is forbidden, the limit there is has to do.
    pub fn of_this_process() -> Self {
        let now = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: now.maximum, maximum: now.maximum };
        let limit = match setrlimit(Resource::Nofile, raised) {
            Ok(()) => now.maximum,
            Err(_) => now.current,
        };
        Self::new(limit.unwrap_or(u64::MAX), rustix::param::page_size() as u64)
    }

    /// For a process that may open `limit` files, where a page has `page` bytes.
    pub fn new(limit: u64, page: u64) -> Self {
        let by_memory = MEMORY.checked_div(page).unwrap_or(0);
        Self { limit: limit.saturating_sub(RESERVED).min(by_memory), kept: 0 }
    }

    /// Begins to count anew.
    pub fn clear(&mut self) {
        self.kept = 0;
    }

    /// Whether one more may be kept; if so, it counts. A file over the budget
    /// is opened and closed at each reading, which costs three times as much.
    pub fn take(&mut self) -> bool {
        let fits = self.kept < self.limit;
        self.kept += u64::from(fits);
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_limit_is_not_kept() {
        let mut budget = Budget::new(RESERVED + 2, 4096);
        assert_eq!([budget.take(), budget.take(), budget.take()], [true, true, false]);
        budget.clear();
        assert!(budget.take());
        assert!(!Budget::new(10, 4096).take());
    }

    #[test]
    fn large_pages_make_it_smaller() {
        let of = |page| Budget::new(u64::MAX, page).limit;
        assert_eq!((of(4096), of(16_384)), (2048, 512));
    }
}
