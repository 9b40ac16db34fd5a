//! First contact: whose host key is trusted before anything is sent to a node.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use clap::ValueEnum;
use terrarium_ssh::{HostKey, Look, Standing, Target};
use tokio::task::JoinSet;

use crate::cancel::Cancel;
use crate::error::{Code, Failure};
use crate::host::Host;
use crate::prompt;

/// What happens to a host key that nobody has recorded yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HostKeys {
    /// Ask on the terminal, with the fingerprint
    Ask,
    /// Record and trust it; a changed key is refused all the same
    AcceptNew,
    /// Refuse it
    Strict,
}

impl HostKeys {
    /// The value of `TERRARIUM_HOST_KEYS`.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        Self::from_str(text, false).map_err(|_| {
            Failure::plain(Code::Usage, format!("TERRARIUM_HOST_KEYS is `{}`", text.escape_debug()))
                .hint(Some("write `ask`, `accept-new` or `strict`".to_owned()))
        })
    }

    /// What holds for a node when nothing is said: somebody at a terminal is
    /// asked; nobody gets a password without that.
    pub(crate) fn or_default(
        wanted: Option<Self>,
        somebody: bool,
        password: bool,
    ) -> Result<Self, Failure> {
        match wanted {
            Some(Self::Ask) if !somebody => Err(Failure::plain(
                Code::Usage,
                "cannot ask about host keys: standard input is not a terminal",
            )
            .hint(Some(
                "run it on a terminal, record the keys before with `provision trust`, or write `host_key` in each [[node]]"
                    .to_owned(),
            ))),
            Some(wanted) => Ok(wanted),
            None if somebody => Ok(Self::Ask),
            None if password => Ok(Self::Strict),
            None => Ok(Self::AcceptNew),
        }
    }
}

/// What was answered to the question about a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These are the node's keys.
    Trust(Vec<HostKey>),
    No,
    /// A fingerprint, of none of its keys.
    Other,
    Unclear,
}

/// Understands an answer as OpenSSH does: `yes`, `no`, or the fingerprint itself,
/// which vouches for the one key it belongs to.
pub(crate) fn understand(text: &str, keys: &[HostKey]) -> Answer {
    let text = text.trim();
    if let Some(key) = keys.iter().find(|key| key.fingerprint() == text.trim_end_matches('=')) {
        return Answer::Trust(vec![key.clone()]);
    }
    match text.to_ascii_lowercase().as_str() {
        "yes" => Answer::Trust(keys.to_vec()),
        "no" => Answer::No,
        other if other.starts_with("sha256:") => Answer::Other,
        _ => Answer::Unclear,
    }
}

/// A node's place and keys, one a line.
pub(crate) fn describe(target: &Target, keys: &[HostKey]) -> String {
    let mut text = format!("{}:{}\n", target.host, target.port);
    for key in keys {
        let _ = writeln!(text, "  {:<20} {}", key.algorithm(), key.fingerprint());
    }
    text
}

/// Asks until the answer is clear; `None` is a no.
pub(crate) async fn ask(
    introduction: String,
    keys: &[HostKey],
    cancel: &Cancel,
) -> Result<Option<Vec<HostKey>>, Failure> {
    let file = keys.first().map_or("", HostKey::file);
    let mut question = format!(
        "{introduction}Compare them with `ssh-keygen -lf {file}` at its own console.\n\
         Trust it (yes/no/fingerprint)? "
    );
    loop {
        let (asked, cancel) = (question.clone(), cancel.clone());
        let asking = tokio::task::spawn_blocking(move || prompt::line(&asked, &cancel));
        let line =
            asking.await.map_err(|error| Failure::internal("the question ended", &error))??;
        match line.map_or(Answer::No, |line| understand(&line, keys)) {
            Answer::Trust(keys) => return Ok(Some(keys)),
            Answer::No => return Ok(None),
            Answer::Other => {
                "This is the fingerprint of none of its keys. Type yes, no or one of the above: "
                    .clone_into(&mut question);
            }
            Answer::Unclear => {
                "Type yes, no or the fingerprint: ".clone_into(&mut question);
            }
        }
    }
}

/// Asks about every node whose key nobody has recorded, one after another, before
/// anything else is shown or sent. A node that does not answer is not asked about.
pub(crate) async fn meet(hosts: &[Arc<Host>], cancel: &Cancel) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for (index, host) in hosts.iter().enumerate() {
        if host.is_stranger() {
            let (target, limits) = (host.target().clone(), host.limits());
            tasks.spawn(async move { (index, terrarium_ssh::look(&target, &limits).await) });
        }
    }
    let mut looks: BTreeMap<usize, Look> = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        if let Ok((index, Ok(look))) = done {
            looks.insert(index, look);
        }
    }
    for (index, look) in looks {
        // What is changed or revoked is refused by the connection itself.
        if look.standing != Standing::New {
            continue;
        }
        let target = hosts[index].target();
        let introduction = format!(
            "Nobody has recorded the host key of node `{}` yet. It offers, at {}",
            target.node,
            describe(target, &look.keys)
        );
        let Some(keys) = ask(introduction, &look.keys, cancel).await? else {
            return Err(Failure::plain(
                Code::Connection,
                format!("node `{}`: its host key was not accepted, and nothing was sent to it", target.node),
            )
            .hint(Some(format!("take the node out of the inventory, or look at its key again with `provision trust {}`", target.node))));
        };
        record(target, &keys, false)?;
    }
    Ok(())
}

/// Records the keys in the cluster's own `known_hosts`.
pub(crate) fn record(target: &Target, keys: &[HostKey], replace: bool) -> Result<(), Failure> {
    terrarium_ssh::record(target, keys, replace)
        .map_err(|error| Failure::of(Code::Connection, &error).hint(error.hint()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_a_password_unasked() {
        use HostKeys::{AcceptNew, Ask, Strict};
        for (wanted, somebody, password, expected) in [
            (None, true, true, Ask),
            (None, true, false, Ask),
            (None, false, true, Strict),
            (None, false, false, AcceptNew),
            (Some(AcceptNew), true, true, AcceptNew),
            (Some(AcceptNew), false, true, AcceptNew),
            (Some(Strict), true, false, Strict),
            (Some(Ask), true, true, Ask),
        ] {
            let policy = HostKeys::or_default(wanted, somebody, password).unwrap();
            assert_eq!(policy, expected, "{wanted:?} {somebody} {password}");
        }
        assert_eq!(HostKeys::or_default(Some(Ask), false, false).unwrap_err().code, Code::Usage);
    }

    #[test]
    fn the_environment_knows_three_words() {
        assert_eq!(HostKeys::read("accept-new").unwrap(), HostKeys::AcceptNew);
        assert_eq!(HostKeys::read("no").unwrap_err().code, Code::Usage);
    }

    #[test]
    fn answers_that_are_not_clear_trust_nobody() {
        for text in ["", "y", "ye", "yes please", "ja", "1", "\u{1b}[A"] {
            assert_eq!(understand(text, &[]), Answer::Unclear, "{text:?}");
        }
        assert_eq!(understand(" YES ", &[]), Answer::Trust(Vec::new()));
        assert_eq!(understand("no", &[]), Answer::No);
        assert_eq!(understand("SHA256:abc", &[]), Answer::Other);
    }
}
