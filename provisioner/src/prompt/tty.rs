//! The controlling terminal, its echo switched off and on again.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpgrp, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use super::Answer;
use crate::cancel::Cancel;

/// The terminal as it was before its echo was switched off. The thread that asks
/// may be in the middle of a read when the process ends, so whoever ends it puts
/// this back.
static FORMER: Mutex<Option<(File, Termios)>> = Mutex::new(None);

/// How often the run's end and the terminal's state are looked at.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// More than a terminal gives for one line.
const LINE_BYTES: usize = 8192;

/// Puts the terminal back as it was before a question, if one is open.
pub(crate) fn restore() {
    let former = FORMER.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((terminal, former)) = former
        // In the background it is another's, who has set it up for itself.
        && in_foreground(&terminal)
    {
        // A terminal that is gone needs no echo.
        let _ = tcsetattr(&terminal, OptionalActions::Flush, &former);
    }
}

fn in_foreground(terminal: &File) -> bool {
    tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
}

/// Switches the echo off until it is dropped.
struct Silence;

impl Silence {
    /// What was typed before the question is not the answer: it is dropped.
    fn keep(terminal: &File) -> io::Result<Self> {
        let former = tcgetattr(terminal)?;
        let mut silent = former.clone();
        silent
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ECHOE | LocalModes::ECHOK | LocalModes::ECHONL);
        silent.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        let mut slot = FORMER.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some((terminal.try_clone()?, former));
        drop(slot);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        restore();
    }
}

/// The terminal the program was started from.
pub(super) struct Tty(File);

impl Tty {
    /// The controlling terminal, if standard input is one.
    pub(super) fn open() -> io::Result<Self> {
        if !io::stdin().is_terminal() {
            return Err(io::Error::other("standard input is not a terminal"));
        }
        File::options().read(true).write(true).open("/dev/tty").map(Self).map_err(|error| {
            io::Error::new(error.kind(), format!("there is no controlling terminal: {error}"))
        })
    }

    /// Asks, and waits for a line.
    pub(super) fn ask(mut self, question: &str, echo: bool, cancel: &Cancel) -> io::Result<Answer> {
        let mut line = Vec::new();
        'asked: loop {
            self.foreground(cancel)?;
            let silence = if echo { None } else { Some(Silence::keep(&self.0)?) };
            self.0.write_all(question.as_bytes())?;
            let answer = loop {
                if cancel.is_set() {
                    break Answer::Cancelled;
                }
                // Stopped and continued since: the terminal was put back.
                if silence.is_some() && self.is_loud()? {
                    line.clear();
                    continue 'asked;
                }
                if self.is_ready()?
                    && let Some(answer) = self.read(&mut line)?
                {
                    break answer;
                }
            };
            drop(silence);
            // The terminal itself showed the end of a line that was shown.
            if !echo || !matches!(answer, Answer::Line(_)) {
                self.0.write_all(b"\n")?;
            }
            return Ok(answer);
        }
    }

    /// Waits to be in the foreground, as every program that reads from its
    /// terminal: it stops until the shell's `fg`.
    fn foreground(&self, cancel: &Cancel) -> io::Result<()> {
        if in_foreground(&self.0) || cancel.is_set() {
            return Ok(());
        }
        kill_process(getpid(), Signal::TTIN)?;
        if in_foreground(&self.0) || cancel.is_set() {
            return Ok(());
        }
        Err(io::Error::other("the program runs in the background of its terminal"))
    }

    /// Whether the echo is on.
    fn is_loud(&self) -> io::Result<bool> {
        Ok(!in_foreground(&self.0) || tcgetattr(&self.0)?.local_modes.contains(LocalModes::ECHO))
    }

    /// Waits a moment for something to read.
    fn is_ready(&self) -> io::Result<bool> {
        let mut wanted = [PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut wanted, Some(&TICK)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads on; an answer once the line or the input is at its end.
    fn read(&mut self, line: &mut Vec<u8>) -> io::Result<Option<Answer>> {
        let mut buffer = zeroize::Zeroizing::new([0; LINE_BYTES]);
        let read = match self.0.read(&mut *buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
            // Nobody holds the other end any more.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => 0,
            Err(error) => return Err(error),
        };
        if read == 0 {
            return Ok(Some(Answer::End));
        }
        line.extend_from_slice(&buffer[..read]);
        if line.last() != Some(&b'\n') {
            return Ok(None);
        }
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(Answer::Line(std::mem::take(line))))
    }
}
