//! Ctrl-C and the polite requests to end, heard at any moment.
//!
//! The process' first thread does nothing but listen; all work is done on others,
//! so nothing that computes or blocks can keep a signal from being heard. The
//! first signal sets the [`Cancel`] and gives the work a moment to end by itself,
//! and the programs it started a little longer. A second one ends at once.
//! Returning from `main` ends every thread that is left.

use std::future::pending;
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, kill_process};
use terrarium_helm::children::Children;
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::oneshot;

use crate::cancel::{Cancel, interrupted};
use crate::error::{Code, Failure};
use crate::prompt;
use crate::report::terminal;

/// How long the work may take to end by itself once it was told.
const ALONE: Duration = Duration::from_millis(700);
/// How long it may take while a program it started is ending.
const WITH_CHILDREN: Duration = Duration::from_millis(2_600);
/// After so long the operator hears what is waited for.
const SILENT: Duration = Duration::from_millis(250);
/// The stack of the thread that works: as large as that of a first thread.
pub(crate) const STACK: usize = 8 << 20;

/// Runs the work on a thread of its own until it ends or is interrupted.
pub(crate) fn supervise(
    cancel: &Cancel,
    children: &Children,
    work: impl FnOnce() -> Result<Code, Failure> + Send + 'static,
) -> Result<Code, Failure> {
    let internal = |error: &std::io::Error| Failure::internal("cannot listen for signals", error);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| internal(&error))?;
    let result = runtime.block_on(async {
        let signals = Signals::listen().map_err(|error| internal(&error))?;
        let (done, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("work".to_owned())
            .stack_size(STACK)
            // Nobody waits for the result any more only when the process ends.
            .spawn(move || drop(done.send(work())))
            .map_err(|error| internal(&error))?;
        watch(signals, ended, cancel, children).await
    });
    children.kill();
    prompt::restore();
    result
}

/// Waits for the work's end, or for signals.
async fn watch(
    mut signals: Signals,
    mut ended: oneshot::Receiver<Result<Code, Failure>>,
    cancel: &Cancel,
    children: &Children,
) -> Result<Code, Failure> {
    let result = |ended: Result<_, oneshot::error::RecvError>| {
        // The thread that panicked has said so itself.
        ended.unwrap_or_else(|_| {
            Err(Failure::plain(Code::Internal, "the program met a fault of its own, see above"))
        })
    };
    tokio::select! {
        done = &mut ended => return result(done),
        () = signals.end() => {}
    }
    cancel.set();
    let begun = Instant::now();
    let mut told = false;
    loop {
        tokio::select! {
            done = &mut ended => return result(done),
            () = signals.end() => return Err(interrupted()),
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        let most = if children.is_empty() { ALONE } else { WITH_CHILDREN };
        if begun.elapsed() > most {
            return Err(interrupted());
        }
        if begun.elapsed() > SILENT && !told && !children.is_empty() {
            terminal::remark(
                "interrupted: helm is given a moment to end; once more ends at once\n",
            );
            told = true;
        }
    }
}

/// The signals that end a run, and the one that puts it to sleep.
struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hang_up: Option<unix::Signal>,
    stop: unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            // Under nohup the run is to outlive its terminal.
            hang_up: if hang_up_is_ignored() { None } else { Some(signal(SignalKind::hangup())?) },
            stop: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
        })
    }

    /// Waits until the run is to end; sleeps on Ctrl-Z as every program does, but
    /// with the terminal as it was.
    async fn end(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                () = received(self.hang_up.as_mut()) => return,
                _ = self.stop.recv() => {
                    prompt::restore();
                    // A process may always stop itself.
                    let _ = kill_process(getpid(), Signal::STOP);
                }
            }
        }
    }
}

async fn received(signal: Option<&mut unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

/// Whether whoever started us had SIGHUP ignored; told by Linux alone.
fn hang_up_is_ignored() -> bool {
    fs_err::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hang_up(&status))
}

/// Whether the lowest bit, which is SIGHUP's, is set in the mask of `SigIgn`.
fn ignores_hang_up(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_hang_up_is_read_from_the_mask() {
        assert!(ignores_hang_up("Name:\tx\nSigIgn:\t0000000000001001\n"));
        for text in ["SigIgn:\t0000000000001000\n", "SigIgn:\t\n", "SigIgn:\tx1\n", ""] {
            assert!(!ignores_hang_up(text), "{text:?}");
        }
    }
}
