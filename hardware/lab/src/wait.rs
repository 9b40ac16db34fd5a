//! Waiting with a deadline that says what it waits for.

use std::thread;
use std::time::{Duration, Instant};

use crate::{LabError, Result};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

/// What one look found.
#[derive(Debug)]
pub(crate) enum Look<T> {
    /// It is there.
    Done(T),
    /// Not yet; what was seen instead.
    NotYet(String),
}

/// Looks again and again, ever less often, until it is done or the deadline passes.
pub(crate) fn until<T>(
    what: impl Into<String>,
    deadline: Duration,
    mut look: impl FnMut() -> Result<Look<T>>,
) -> Result<T> {
    let start = Instant::now();
    let mut pause = FIRST;
    loop {
        match look()? {
            Look::Done(value) => return Ok(value),
            Look::NotYet(seen) if start.elapsed() >= deadline => {
                return Err(LabError::Deadline { what: what.into(), deadline, seen });
            }
            Look::NotYet(_) => thread::sleep(pause),
        }
        pause = (pause * 2).min(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_until_done() {
        let mut looks = 0;
        let value = until("x", Duration::from_secs(5), || {
            looks += 1;
            Ok(if looks == 2 { Look::Done(looks) } else { Look::NotYet(String::new()) })
        });
        assert_eq!(value.unwrap(), 2);
    }

    #[test]
    fn a_passed_deadline_says_what_was_waited_for_and_seen() {
        let error = until::<()>("the lamp", Duration::ZERO, || Ok(Look::NotYet("dark".to_owned())));
        let text = error.unwrap_err().to_string();
        assert!(text.contains("the lamp") && text.contains("dark"), "{text}");
    }
}
