//! Programs that were started, each with all that it starts in a group of its
//! own: asked to end when nobody waits for them any more, and then made to.

use std::collections::BTreeSet;
use std::io;
use std::process::Output;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;
use tokio::sync::oneshot;

/// How long a program may take to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// The programs under way. Clones are the same set.
#[derive(Debug, Clone, Default)]
pub struct Children(Arc<Mutex<BTreeSet<i32>>>);

/// How a program ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself.
    Alone(Output),
    /// It outlived its deadline.
    Late,
}

impl Children {
    /// Whether no program is under way.
    pub fn is_empty(&self) -> bool {
        self.groups().is_empty()
    }

    /// Ends all of them at once.
    pub fn kill(&self) {
        for group in self.groups().iter() {
            signal(*group, Signal::KILL);
        }
    }

    /// Runs a program to its end. Whoever drops the future, and the deadline, have
    /// it asked to end; if it does not within two seconds it is killed with all it
    /// has started. A terminal's Ctrl-C does not reach it: we decide when it ends.
    pub(crate) async fn run(&self, mut command: Command, within: Duration) -> io::Result<Ended> {
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()) else {
            return Err(io::Error::other("it ended before it was waited for"));
        };
        let running = Running::new(self, group);
        let (mut wanted, result) = oneshot::channel();
        // A task of its own: it sees the program to its end also when this future
        // is dropped.
        tokio::spawn(async move {
            let ended = child.wait_with_output();
            tokio::pin!(ended);
            let late = tokio::select! {
                ended = &mut ended => {
                    drop(running);
                    // Nobody listens only when the future was dropped just now.
                    let _ = wanted.send(ended.map(Ended::Alone));
                    return;
                }
                () = wanted.closed() => false,
                () = tokio::time::sleep(within) => true,
            };
            signal(group, Signal::TERM);
            // What it says now is nobody's.
            let ends = tokio::time::timeout(GRACE, &mut ended).await.is_ok();
            // Also what it has left behind.
            signal(group, Signal::KILL);
            if !ends {
                let _ = tokio::time::timeout(GRACE, &mut ended).await;
            }
            drop(running);
            if late {
                let _ = wanted.send(Ok(Ended::Late));
            }
        });
        result.await.unwrap_or_else(|_| Err(io::Error::other("nobody waited for its end")))
    }

    fn groups(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A program in the set, until it is dropped.
struct Running(Children, i32);

impl Running {
    fn new(children: &Children, group: i32) -> Self {
        children.groups().insert(group);
        Self(children.clone(), group)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.groups().remove(&self.1);
    }
}

/// Sends a signal to a group; one that is gone needs none.
fn signal(group: i32, signal: Signal) {
    if let Some(group) = Pid::from_raw(group) {
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(test)]
mod tests;
