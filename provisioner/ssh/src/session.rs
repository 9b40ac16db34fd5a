//! One connection to one node.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use russh::client::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::connect::{self, Connection, Greeting};
use crate::error::ConnectError;
use crate::handler::Watcher;
use crate::link::{LinkState, Lost};
use crate::secret::Secret;
use crate::sudo::{SudoError, SudoMode};
use crate::target::{Limits, Place, Target};

/// How long `close` waits for the goodbye to be sent.
const GOODBYE: Duration = Duration::from_secs(2);

/// One authenticated connection; clones share it. It ends with the last clone
/// or with [`Session::close`].
#[derive(Clone)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) handle: Arc<Handle<Watcher>>,
    pub(crate) link: Arc<LinkState>,
    pub(crate) place: Arc<Place>,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) limits: Limits,
    /// One permit per command under way.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) channels: AtomicU64,
    pub(crate) sudo: Arc<OnceLock<SudoMode>>,
    /// Held by the first root command until the way to root is known; keeps
    /// why there is none, so that a wrong password is not tried again.
    pub(crate) gate: Arc<tokio::sync::Mutex<Option<SudoError>>>,
    /// The jump host's connection lives as long as this one.
    pub(crate) _through: Option<Arc<Connection>>,
}

/// What a session has cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Key exchanges with the node: 1.
    pub handshakes: u64,
    /// Channels opened, one per command.
    pub round_trips: u64,
    /// Bytes sent over TCP.
    pub bytes_sent: u64,
    /// Bytes received over TCP.
    pub bytes_received: u64,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { place, user, .. } = &*self.inner;
        f.debug_struct("Session").field("place", place).field("user", user).finish_non_exhaustive()
    }
}

impl Session {
    /// Connects, checks the host key and logs in: one TCP connection, one
    /// handshake. Must be called inside a tokio runtime.
    pub async fn connect(
        target: &Target,
        limits: &Limits,
    ) -> Result<(Self, Greeting), ConnectError> {
        let (Connection { handle, link, through, .. }, greeting) =
            connect::connect(target, limits).await?;
        let inner = Inner {
            handle: Arc::new(handle),
            link,
            place: target.place(),
            user: target.user.clone(),
            password: target.password.clone(),
            limits: target.limits(limits),
            slots: Arc::new(Semaphore::new(limits.channels.max(1))),
            channels: AtomicU64::new(0),
            sudo: Arc::default(),
            gate: Arc::default(),
            _through: through,
        };
        Ok((Self { inner: Arc::new(inner) }, greeting))
    }

    /// Says goodbye to the node and ends the connection, for all clones.
    pub async fn close(self) {
        self.inner.link.set_lost(Lost::ClosedByUs);
        let goodbye = self.inner.handle.disconnect(russh::Disconnect::ByApplication, "", "en");
        let said = async {
            if goodbye.await.is_ok() {
                // The message is only queued so far; a runtime that stops now would lose it.
                self.inner.link.ended().await;
            }
        };
        let _ = timeout(GOODBYE, said).await;
    }

    /// Whether both are one connection.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// How this session becomes root; `None` until a root command has run.
    pub fn sudo(&self) -> Option<SudoMode> {
        self.inner.sudo.get().copied()
    }

    /// Why the connection ended; `None` while it is believed to live.
    pub fn lost(&self) -> Option<Lost> {
        self.inner.link.lost()
    }

    /// How long the node has given no sign of life. It is asked for one whenever
    /// it is silent for [`Limits::keepalive_interval`].
    pub fn silent_for(&self) -> Duration {
        self.inner.link.heard().elapsed()
    }

    /// What the session has cost so far.
    pub fn stats(&self) -> Stats {
        Stats {
            handshakes: 1,
            round_trips: self.inner.channels.load(Ordering::Relaxed),
            bytes_sent: self.inner.link.sent(),
            bytes_received: self.inner.link.received(),
        }
    }
}
