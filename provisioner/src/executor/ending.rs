//! The end of a node's task. However it comes, it is said, and nobody goes on
//! waiting for a server that will not come.

use std::sync::Arc;

use terrarium_plan::State;
use tokio::sync::watch;

use super::barrier::Server;
use crate::view::Reporter;

/// Held by a node's task for as long as it works. Dropped without a word (by an
/// error nobody turned into one, a panic, or because the run is given up) it
/// says that the node failed.
pub(super) struct Ending {
    reporter: Reporter,
    /// What the other nodes wait for, when this one is the server.
    server: Option<Arc<watch::Sender<Server>>>,
    said: bool,
}

impl Ending {
    pub(super) fn new(reporter: Reporter, server: Option<Arc<watch::Sender<Server>>>) -> Self {
        Self { reporter, server, said: false }
    }

    /// The node is as it should be.
    pub(super) fn well(mut self) {
        self.reporter.say("node", State::Unchanged("as the inventory wishes".to_owned()));
        (self.said, self.server) = (true, None);
    }

    /// A change failed.
    pub(super) fn failed(mut self, change: &str, why: String) {
        self.reporter.say(change, State::Failed(why));
        self.said = true;
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.said {
            let why = if std::thread::panicking() {
                "its task panicked, which is a fault of this program; run the same command again"
            } else {
                "it was given up before its end; run the same command again"
            };
            self.reporter.say("node", State::Failed(why.to_owned()));
        }
        if let Some(server) = &self.server {
            server.send_replace(Server::Failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use terrarium_plan::Outcome;

    use super::*;
    use crate::view;

    /// How a server's task left its part of the report and the barrier.
    async fn left(
        work: impl Future<Output = ()> + Send + 'static,
        give_up: bool,
    ) -> (Outcome, Server) {
        let (reporter, done) = view::open(true, &[]);
        let (server, mut state) = watch::channel(Server::Pending(None));
        let ending = Ending::new(reporter.of("pi-1"), Some(Arc::new(server)));
        drop(reporter);
        let task = tokio::spawn(async move {
            let _ending = ending;
            work.await;
        });
        if give_up {
            task.abort();
        }
        assert_eq!(task.await.is_err_and(|error| error.is_cancelled()), give_up);
        let report = done.await.unwrap();
        let state = state.borrow_and_update().clone();
        (report.parts["pi-1"].outcome, state)
    }

    #[tokio::test]
    async fn whatever_ends_a_task_is_said_and_opens_the_barrier() {
        let failed = (Outcome::Failed, Server::Failed);
        assert_eq!(left(async {}, false).await, failed, "ended without a word");
        assert_eq!(left(async { panic!("a fault of the test's own") }, false).await, failed);
        assert_eq!(left(std::future::pending(), true).await, failed, "given up");
    }

    #[tokio::test]
    async fn an_end_that_was_said_is_said_once() {
        for well in [true, false] {
            let (reporter, done) = view::open(true, &[]);
            let (server, state) = watch::channel(Server::Ready);
            let ending = Ending::new(reporter.of("pi-1"), Some(Arc::new(server)));
            if well {
                ending.well();
            } else {
                ending.failed("k3s.start", "no".to_owned());
            }
            drop(reporter);
            let report = done.await.unwrap();
            assert_eq!(report.failures.len(), usize::from(!well));
            assert_eq!(*state.borrow(), if well { Server::Ready } else { Server::Failed });
        }
    }
}
