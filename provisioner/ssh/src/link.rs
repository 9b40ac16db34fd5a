//! The stream under the session: counted, and asked afterwards how it ended.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

/// Why a connection is gone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Lost {
    /// The node stopped answering.
    #[error("the node no longer answers (keepalives unanswered)")]
    Silent,
    /// The other side closed the TCP connection.
    #[error("the node closed the connection")]
    Closed,
    /// The other side said why it disconnects.
    #[error("the node disconnected: {0}")]
    Said(String),
    /// The system reported an error on the connection.
    #[error("{0}")]
    Io(String),
    /// Anything else the SSH library reports.
    #[error("{0}")]
    Protocol(String),
    /// We closed it ourselves.
    #[error("the session was closed on this side")]
    ClosedByUs,
}

/// What is known about the link; shared by stream, handler and session.
#[derive(Debug)]
pub(crate) struct LinkState {
    sent: AtomicU64,
    received: AtomicU64,
    /// When anything came last.
    heard: Mutex<Instant>,
    /// The node is there for commands: its silence means something.
    live: AtomicBool,
    lost: Mutex<Option<Lost>>,
    over: Notify,
}

impl Default for LinkState {
    fn default() -> Self {
        Self {
            sent: AtomicU64::default(),
            received: AtomicU64::default(),
            heard: Mutex::new(Instant::now()),
            live: AtomicBool::default(),
            lost: Mutex::default(),
            over: Notify::new(),
        }
    }
}

impl LinkState {
    /// The login is over, and what is asked is answered.
    pub(crate) fn set_live(&self) {
        self.live.store(true, Ordering::Relaxed);
    }

    /// When anything came last.
    pub(crate) fn heard(&self) -> Instant {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_heard(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Remembers a cause. The first one wins: what follows is its consequence,
    /// except that the node's own words beat a bare closed connection.
    pub(crate) fn set_lost(&self, lost: Lost) {
        let mut slot = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let better = matches!((&*slot, &lost), (None, _) | (Some(Lost::Closed), Lost::Said(_)));
        if better {
            *slot = Some(lost);
        }
    }

    /// Called when the library has put the session away.
    pub(crate) fn set_ended(&self) {
        self.over.notify_one();
    }

    /// Waits for the library to put the session away, messages sent.
    pub(crate) async fn ended(&self) {
        self.over.notified().await;
    }

    pub(crate) fn lost(&self) -> Option<Lost> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a session can run over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A stream that counts its bytes, notes how it ends, and ends when the node has
/// been silent for too long although it is asked for signs of life.
pub(crate) struct Link {
    stream: Box<dyn Stream>,
    state: Arc<LinkState>,
    /// How long a node that is there for commands may be silent, if it is asked.
    silence: Option<Duration>,
    /// When it is looked at how long it has been.
    look: Pin<Box<Sleep>>,
}

impl Link {
    pub(crate) fn new(
        stream: Box<dyn Stream>,
        state: Arc<LinkState>,
        silence: Option<Duration>,
    ) -> Self {
        let look = Box::pin(sleep_until(Instant::now() + silence.unwrap_or_default()));
        Self { stream, state, silence, look }
    }

    /// Ready when the node has been silent for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(silence) = self.silence else { return Poll::Pending };
        loop {
            ready!(self.look.as_mut().poll(cx));
            let end = self.state.heard() + silence;
            let now = Instant::now();
            let live = self.state.live.load(Ordering::Relaxed);
            if live && end <= now {
                return Poll::Ready(());
            }
            // Until the login is over the silence is looked at, and borne.
            let next = if end <= now { now + silence } else { end };
            self.look.as_mut().reset(next);
        }
    }

    fn note(&self, error: &io::Error) {
        self.state.set_lost(match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Lost::Closed,
            _ => Lost::Io(error.to_string()),
        });
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buf.remaining();
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        match &result {
            Poll::Ready(Ok(())) => {
                let count = buf.filled().len() - before;
                self.state.received.fetch_add(count as u64, Ordering::Relaxed);
                self.state.set_heard();
                if count == 0 && room > 0 {
                    self.state.set_lost(Lost::Closed);
                }
            }
            Poll::Ready(Err(error)) => self.note(error),
            Poll::Pending => {
                ready!(self.poll_silence(cx));
                self.state.set_lost(Lost::Silent);
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        result
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        match &result {
            Poll::Ready(Ok(count)) => {
                self.state.sent.fetch_add(*count as u64, Ordering::Relaxed);
            }
            Poll::Ready(Err(error)) => self.note(error),
            Poll::Pending => {}
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// A failing shutdown is not reported: the library would then skip its
    /// disconnect callback and with it the reason the session really ended for.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx).map(|_| Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_wins_but_words_beat_a_closed_connection() {
        let state = LinkState::default();
        state.set_lost(Lost::Closed);
        state.set_lost(Lost::Said("too many failures".to_owned()));
        state.set_lost(Lost::Silent);
        assert_eq!(state.lost(), Some(Lost::Said("too many failures".to_owned())));
    }
}
