//! What the other nodes know of the server, and how they wait for it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How often a node that waits says for what.
const SAY_EVERY: Duration = Duration::from_secs(15);
/// What a step of the server may take beyond its own deadline before the
/// others stop believing in it.
const GRACE: Duration = Duration::from_mins(1);

/// How far the server is, as the other nodes need to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Server {
    /// On its way: at this step, once it has begun.
    Pending(Option<Step>),
    /// Its API answers.
    Ready,
    /// It will not come.
    Failed,
}

/// What the server is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The change's id.
    pub change: String,
    /// When it has ended at the latest, one way or the other.
    pub until: Instant,
}

/// How a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// The API answers.
    Ready,
    /// The server failed.
    Failed,
    /// Nothing was heard of it although this step should have ended.
    Silent(String),
}

/// Waits for the server, for as long as it is at something; `say` is told every
/// so often what that is.
pub(super) async fn wait(
    mut server: watch::Receiver<Server>,
    patience: Duration,
    mut say: impl FnMut(Option<&str>),
) -> Waited {
    let mut silent = Instant::now() + patience;
    loop {
        let at = match &*server.borrow_and_update() {
            Server::Ready => return Waited::Ready,
            Server::Failed => return Waited::Failed,
            Server::Pending(step) => step.clone(),
        };
        if let Some(step) = &at {
            silent = step.until + GRACE;
        }
        let at = at.map(|step| step.change);
        if Instant::now() >= silent {
            return Waited::Silent(at.unwrap_or_else(|| "its first step".to_owned()));
        }
        say(at.as_deref());
        tokio::select! {
            changed = server.changed() => if changed.is_err() { return Waited::Failed },
            () = sleep_until(silent.min(Instant::now() + SAY_EVERY)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(40);

    fn at(change: &str, seconds: u64) -> Server {
        let until = Instant::now() + Duration::from_secs(seconds);
        Server::Pending(Some(Step { change: change.to_owned(), until }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_at_something_is_waited_for_and_what_it_is_at_is_said() {
        let (tell, server) = watch::channel(Server::Pending(None));
        let mut said = Vec::new();
        let telling = async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            tell.send_replace(at("k3s.start", 600));
            tokio::time::sleep(Duration::from_secs(590)).await;
            tell.send_replace(Server::Ready);
        };
        let waiting = wait(server, PATIENCE, |at| said.push(at.map(str::to_owned)));
        let (waited, ()) = tokio::join!(waiting, telling);
        assert_eq!(waited, Waited::Ready);
        assert_eq!(said[..3], [None, None, Some("k3s.start".to_owned())]);
        assert!(said.len() > 30, "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_nothing_is_heard_of_is_not_waited_for_for_ever() {
        for (begun_step, named, seconds) in
            [(None, "its first step", PATIENCE.as_secs()), (Some("reboot"), "reboot", 160)]
        {
            let begun = Instant::now();
            let state = begun_step.map_or(Server::Pending(None), |change| at(change, 100));
            let (_tell, server) = watch::channel(state);
            assert_eq!(wait(server, PATIENCE, |_| {}).await, Waited::Silent(named.to_owned()));
            assert_eq!(begun.elapsed().as_secs(), seconds);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_failed_or_is_gone_ends_the_wait_at_once() {
        let (tell, server) = watch::channel(Server::Failed);
        assert_eq!(wait(server, PATIENCE, |_| {}).await, Waited::Failed);
        tell.send_replace(Server::Pending(None));
        let server = tell.subscribe();
        drop(tell);
        assert_eq!(wait(server, PATIENCE, |_| {}).await, Waited::Failed);
    }
}
