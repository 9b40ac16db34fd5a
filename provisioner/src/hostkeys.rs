//! First contact: whose host key is trusted before anything is sent to a node.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use terrarium_ssh::config::Strict;
use terrarium_ssh::{FirstContact, HostKey, Look, Standing, Target};
use tokio::task::JoinSet;

use crate::cancel::Cancel;
use crate::error::{Code, Failure};
use crate::host::Host;
use crate::prompt;
use crate::reach::Stricts;

/// What happens to a host key, of a node or of a host on the way, that nobody has
/// recorded yet.
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

/// What happens at the first contact with each host of a way, by what was said, or else
/// by its own `ssh_config`. Whether somebody is asked about it comes back.
pub(crate) fn settle(
    target: &mut Target,
    stricts: Stricts,
    said: Option<HostKeys>,
    somebody: bool,
) -> Result<Vec<bool>, Failure> {
    // No jump host gets the password, but what is behind it does.
    let password = target.password.is_some();
    let hops = target.jumps.iter_mut().map(|jump| &mut jump.first_contact);
    let stops = hops.chain([&mut target.first_contact]).zip(stricts);
    let mut asks = Vec::new();
    for (first_contact, strict) in stops {
        let own = match strict {
            Some(Strict::Yes) => Some(HostKeys::Strict),
            Some(Strict::AcceptNew) => Some(HostKeys::AcceptNew),
            Some(Strict::Ask) | None => None,
        };
        let policy = HostKeys::or_default(said.or(own), somebody, password)?;
        if policy == HostKeys::AcceptNew {
            *first_contact = FirstContact::Record;
        }
        asks.push(policy == HostKeys::Ask);
    }
    Ok(asks)
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

/// A host's place and keys, one a line.
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

/// Asks about every node whose key nobody has recorded, and every host on the way to
/// one, one after another, before anything else is shown or sent. Of a way, what
/// comes later can only be looked at when what comes before it is trusted. A host that
/// does not answer is not asked about.
pub(crate) async fn meet(hosts: &[Arc<Host>], cancel: &Cancel) -> Result<(), Failure> {
    let mut met = BTreeSet::new();
    loop {
        let mut tasks = JoinSet::new();
        for (index, host) in hosts.iter().enumerate() {
            if let Some(target) = host.stranger()
                && met.insert(Record::of(&target))
            {
                let limits = host.limits();
                tasks.spawn(async move {
                    let look = terrarium_ssh::look(&target, &limits).await;
                    (index, target, look)
                });
            }
        }
        if tasks.is_empty() {
            return Ok(());
        }
        let mut looks = tasks.join_all().await;
        looks.sort_by_key(|(index, ..)| *index);
        for (index, target, look) in looks {
            match look {
                // What is changed or revoked is refused by the connection itself.
                Ok(look) if look.standing == Standing::New => {
                    introduce(&target, &hosts[index].node.name, &look, cancel).await?;
                }
                _ => {}
            }
        }
    }
}

/// Which line of which file is a host's: many nodes may be behind one jump host.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record {
    file: PathBuf,
    name: String,
}

impl Record {
    pub(crate) fn of(target: &Target) -> Self {
        let name = target.recorded_name().unwrap_or_else(|| target.host.clone());
        Self { file: target.known_hosts.clone(), name }
    }
}

/// Asks about one host, which is a node or on the way to it.
async fn introduce(
    target: &Target,
    node: &str,
    look: &Look,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let what = if target.is_jump {
        format!("jump host `{}`, on the way to node `{node}`,", target.node)
    } else {
        format!("node `{node}`")
    };
    let introduction = format!(
        "Nobody has recorded the host key of {what} yet. It offers, at {}",
        describe(target, &look.keys)
    );
    let Some(keys) = ask(introduction, &look.keys, cancel).await? else {
        let hint = if target.is_jump {
            let by_hand = terrarium_ssh::quote(&target.node);
            format!(
                "write another `jump` into the inventory, or look at its key again with `provision trust {node}`, or by hand with `ssh {by_hand}`"
            )
        } else {
            format!(
                "take the node out of the inventory, or look at its key again with `provision trust {node}`"
            )
        };
        let what = what.trim_end_matches(',');
        let said = format!("{what}: its host key was not accepted, and nothing was sent to it");
        return Err(Failure::plain(Code::Connection, said).hint(Some(hint)));
    };
    record(target, &keys, false)
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
