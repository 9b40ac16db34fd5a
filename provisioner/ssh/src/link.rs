//! The stream under the session: counted, and asked afterwards how it ended.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

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
#[derive(Debug, Default)]
pub(crate) struct LinkState {
    sent: AtomicU64,
    received: AtomicU64,
    lost: Mutex<Option<Lost>>,
    over: Notify,
}

impl LinkState {
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

/// A stream that counts its bytes and notes how it ends.
pub(crate) struct Link {
    stream: Box<dyn Stream>,
    state: Arc<LinkState>,
}

impl Link {
    pub(crate) fn new(stream: Box<dyn Stream>, state: Arc<LinkState>) -> Self {
        Self { stream, state }
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
                if count == 0 && room > 0 {
                    self.state.set_lost(Lost::Closed);
                }
            }
            Poll::Ready(Err(error)) => self.note(error),
            Poll::Pending => {}
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
