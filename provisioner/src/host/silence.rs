//! A node that gives no sign of life over a connection that is not lost yet.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long such a node is taken for a slow one; then it is said. It is asked for
/// signs of life more often.
const QUIET: Duration = Duration::from_secs(10);

/// Whether that it is silent has been said.
#[derive(Debug, Default)]
pub(super) struct Silence(AtomicBool);

impl Silence {
    /// What is to be said now that it has been silent for this long: when it falls
    /// silent, and when it answers again, each once.
    pub(super) fn turn(&self, silent_for: Duration) -> Option<String> {
        let silent = silent_for > QUIET;
        if self.0.swap(silent, Ordering::Relaxed) == silent {
            return None;
        }
        Some(if silent {
            format!("has not answered for {} s; still waiting for it", silent_for.as_secs())
        } else {
            "answers again".to_owned()
        })
    }

    /// Another connection is another matter.
    pub(super) fn forget(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_said_once_while_it_lasts_and_so_is_its_end() {
        let silence = Silence::default();
        let said: Vec<Option<String>> =
            [0, 6, 11, 13, 19, 1, 0, 12].map(|s| silence.turn(Duration::from_secs(s))).into();
        let fallen = |s: u32| Some(format!("has not answered for {s} s; still waiting for it"));
        let again = Some("answers again".to_owned());
        assert_eq!(said, [None, None, fallen(11), None, None, again, None, fallen(12)]);
        silence.forget();
        assert_eq!(silence.turn(Duration::ZERO), None);
    }
}
