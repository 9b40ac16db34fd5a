//! The budget of a search, in steps, so that equal inputs give equal answers.

use crate::limit;

/// Counts steps down; the question's limit ends it too. A caller with a clock may end the work early.
pub struct Meter<'a> {
    left: u64,
    spent: u64,
    stop: Option<&'a dyn Fn() -> bool>,
}

impl<'a> Meter<'a> {
    /// So many steps; `stop` is asked now and then.
    pub fn new(steps: u64, stop: Option<&'a dyn Fn() -> bool>) -> Self {
        Self { left: steps, spent: 0, stop }
    }

    /// Takes one step; false when none is left.
    pub fn step(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.spent += 1;
        let stopped = self.spent.is_multiple_of(4096) && self.stop.is_some_and(|stop| stop());
        if stopped || limit::spent() {
            self.left = 0;
        }
        self.left > 0
    }

    /// Whether none is left.
    pub fn empty(&self) -> bool {
        self.left == 0
    }

    /// Steps taken.
    pub fn spent(&self) -> u64 {
        self.spent
    }
}

impl std::fmt::Debug for Meter<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Meter")
            .field("left", &self.left)
            .field("spent", &self.spent)
            .finish_non_exhaustive()
    }
}
