//! A command on its way, and what happens when nobody wants it any more.
//!
//! The SSH library leaves a dropped channel open, and sshd counts a closed
//! one for as long as its process lives; ten of them use up the connection.
//! So a dropped command is ended on the node, and its place among the
//! session's channels is given back only then.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{Handle, Msg};
use russh::{ChannelWriteHalf, Sig};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::bootstrap::Way;
use crate::channel::{Collected, Progress, Start};
use crate::handler::Watcher;
use crate::opening::{Patience, until_begun};
use crate::proof::Proof;
use crate::secret::Secret;
use crate::sudo::SudoMode;

/// How long a polite request to end is waited for before `kill` is sent.
const POLITE: Duration = Duration::from_millis(300);
/// How long the whole clean-up may take; `timeout -k 5` needs five seconds
/// with a command that ignores the signal.
const CLEAN_UP: Duration = Duration::from_secs(20);

/// A command on its way. Dropping it ends it, in the background.
#[derive(Debug)]
pub(crate) struct Running {
    /// There until dropped.
    channel: Option<Open>,
}

/// An open channel with a command on it.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) write: ChannelWriteHalf<Msg>,
    pub(crate) collector: JoinHandle<Collected>,
    pub(crate) progress: watch::Receiver<Progress>,
    pub(crate) slot: Option<OwnedSemaphorePermit>,
    /// `None` for the command that ends another.
    pub(crate) killer: Option<Killer>,
    /// Whether the command ends by itself when its input does.
    pub(crate) ends_with_input: bool,
    pub(crate) runtime: tokio::runtime::Handle,
}

/// What it takes to end a command from another channel.
pub(crate) struct Killer {
    pub(crate) handle: Arc<Handle<Watcher>>,
    pub(crate) password: Option<Secret>,
    pub(crate) patience: Patience,
}

impl Running {
    pub(crate) fn new(open: Open) -> Self {
        Self { channel: Some(open) }
    }

    /// The sending half and the task that collects the output, side by side.
    pub(crate) fn split(&mut self) -> Option<(&ChannelWriteHalf<Msg>, &mut JoinHandle<Collected>)> {
        self.channel.as_mut().map(|open| (&open.write, &mut open.collector))
    }

    /// Follows the command without owning it.
    pub(crate) fn progress(&self) -> Option<watch::Receiver<Progress>> {
        self.channel.as_ref().map(|open| open.progress.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(open) = self.channel.take() else { return };
        if !open.collector.is_finished() {
            open.runtime.clone().spawn(open.clean_up());
        }
    }
}

impl Open {
    async fn clean_up(mut self) {
        // However far this gets in time, the channel is closed afterwards.
        let _ = timeout(CLEAN_UP, self.end()).await;
        self.collector.abort();
        let _ = self.write.close().await;
        // Only now may the next command take the place.
        drop(self.slot);
    }

    /// Gets the command to end and waits for it. Failures to send are no news
    /// here: they mean that the link is gone, and with it the channel.
    async fn end(&mut self) {
        // A command that is merely fed must not see the end of its input: it
        // could take what it has for all there is. One that has not begun has
        // got nothing yet, and may be a program that waits for something.
        let began = self.progress.borrow().began.is_some();
        let _ = if self.ends_with_input || !began {
            self.write.eof().await
        } else {
            self.write.signal(Sig::TERM).await
        };
        let ended = self.progress.wait_for(|progress| progress.ended);
        if timeout(POLITE, ended).await.is_ok() {
            return;
        }
        // OpenSSH passes no signals on for root, and sudo's processes are out
        // of the login user's reach: `kill` goes the way the command went.
        let began =
            self.progress.wait_for(|progress| progress.ended || progress.began.is_some()).await;
        let began = began.ok().and_then(|progress| progress.began.clone());
        if let (Some(killer), Some(began)) = (self.killer.take(), began)
            && let Some(pid) = began.pid
        {
            killer.kill(&began.mode, pid).await;
        }
        let _ = self.progress.wait_for(|progress| progress.ended).await;
    }
}

impl fmt::Debug for Killer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Killer").finish_non_exhaustive()
    }
}

impl Killer {
    async fn kill(self, mode: &str, pid: u32) {
        let way = SudoMode::from_word(mode).map_or(Way::User, Way::Known);
        let Ok(proof) = Proof::new() else { return };
        let kill = Start::to_kill(self.handle, way, pid, proof);
        let Ok(mut running) = kill.start(None).await else { return };
        let Some(mut progress) = running.progress() else { return };
        if let Some((write, collector)) = running.split() {
            let begun =
                until_begun(write, &mut progress, self.password.as_ref(), self.patience).await;
            if begun.is_err() {
                return;
            }
            let _ = write.eof().await;
            let _ = collector.await;
        }
    }
}
