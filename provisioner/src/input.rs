//! Standard input, read as a file is, and left when the run is to end.

use std::io::{self, IsTerminal as _, Read};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::cancel::Cancel;
use crate::report::terminal;

/// How often the run's end is looked at.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Standard input up to its end, or the run's.
pub(crate) fn standard(cancel: &Cancel) -> impl Read + '_ {
    if io::stdin().is_terminal() {
        terminal::remark("reading the inventory from this terminal, up to Ctrl-D\n");
    }
    Patient { cancel }
}

struct Patient<'a> {
    cancel: &'a Cancel,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let input = io::stdin();
        loop {
            if self.cancel.is_set() {
                return Ok(0);
            }
            let mut wanted = [PollFd::new(&input, PollFlags::IN)];
            match poll(&mut wanted, Some(&TICK)) {
                Ok(0) | Err(Errno::INTR) => {}
                // Not by way of a buffer: what lies there is not seen by the next poll.
                Ok(_) => return Ok(rustix::io::read(&input, buffer)?),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
