//! A look at a node's host keys, as far as the key exchange and no further: no
//! login, no password, nothing recorded but by [`record`].

use std::sync::{Arc, Mutex, PoisonError};

use crate::connect::{Host, Unshaken, shake_hands};
use crate::error::ConnectError;
use crate::handler::{Purpose, Seen, Watcher, preferred};
use crate::hostkey::{self, ALGORITHMS, ChangedHostKey, HostKey, Judgement, RevokedHostKey};
use crate::target::{Limits, Target};

/// What is known of a node's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// One of them is recorded for the host, or is one it has to have, or an authority
    /// that is trusted for the host vouches for it.
    Known,
    /// Nothing is recorded for the host.
    New,
    /// Something is recorded for the host, and it is none of them.
    Changed(ChangedHostKey),
    /// One of them must never be accepted.
    Revoked(RevokedHostKey),
    /// None of them is one it has to have.
    NotPinned,
}

/// A node's host keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Those it offers, one of each algorithm, the strongest first; never empty.
    pub keys: Vec<HostKey>,
    /// What is known of them.
    pub standing: Standing,
}

/// Asks a node for its host keys, one connection for each algorithm.
pub async fn look(target: &Target, limits: &Limits) -> Result<Look, ConnectError> {
    let place = target.place();
    let limits = &target.limits(limits);
    let Host { name, entries } = Host::of(target, &place)?;
    let mut keys: Vec<HostKey> = Vec::new();
    let mut vouched = false;
    while keys.len() < ALGORITHMS.len() {
        let seen = Arc::new(Mutex::new(Seen::default()));
        // Asked for a certificate it shows no other key: once is enough.
        let asks = keys.is_empty() && target.host_keys.is_empty();
        let lines = if asks { hostkey::about_certificates(&entries) } else { Vec::new() };
        let algorithms = preferred(&lines, &keys, &Purpose::Look);
        let watcher = |link| Watcher {
            name: name.clone(),
            known_hosts: target.known_hosts.clone(),
            entries: lines,
            purpose: Purpose::Look,
            seen: Arc::clone(&seen),
            link,
        };
        match shake_hands(target, limits, &place, algorithms, watcher).await {
            Err(Unshaken::Looked) => {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                keys.extend(seen.host_key.take());
                vouched |= seen.vouched;
            }
            // What is left of the algorithms it does not have.
            _ if !keys.is_empty() => break,
            Err(Unshaken::Failed(error)) => return Err(error),
            Ok(_) | Err(Unshaken::NotPinned(_)) => {
                let source = "the handshake went on after the key was seen".into();
                return Err(ConnectError::Protocol { place, source });
            }
        }
    }
    let mut standing = standing(&keys, |key| hostkey::judge(&entries, &name, key));
    if vouched && !matches!(standing, Standing::Revoked(_)) {
        standing = Standing::Known;
    }
    if !target.host_keys.is_empty() && !matches!(standing, Standing::Revoked(_)) {
        let pinned = keys.iter().any(|key| target.host_keys.contains(&key.fingerprint()));
        standing = if pinned { Standing::Known } else { Standing::NotPinned };
    }
    Ok(Look { keys, standing })
}

/// A host with several keys is the recorded one when it has the recorded key.
fn standing(keys: &[HostKey], judge: impl Fn(&HostKey) -> Judgement) -> Standing {
    let mut standing = Standing::New;
    for key in keys {
        match judge(key) {
            Judgement::Revoked(revoked) => return Standing::Revoked(revoked),
            Judgement::Known => standing = Standing::Known,
            Judgement::Changed(changed) if standing == Standing::New => {
                standing = Standing::Changed(changed);
            }
            Judgement::Changed(_) | Judgement::New { .. } => {}
        }
    }
    standing
}

/// Whether any key is recorded for the host, or it has to have a certain one.
/// Nothing is asked of the node.
pub fn is_recorded(target: &Target) -> Result<bool, ConnectError> {
    let Host { entries, .. } = Host::of(target, &target.place())?;
    Ok(!target.host_keys.is_empty() || !hostkey::known_algorithms(&entries).is_empty())
}

/// Records these keys as the host's, in our own `known_hosts`. With `replace`,
/// what that file recorded before is forgotten; the user's own is never touched.
///
/// Fails with what the file says instead when something else is recorded there.
pub fn record(target: &Target, keys: &[HostKey], replace: bool) -> Result<(), ConnectError> {
    let place = target.place();
    let Some(name) = target.recorded_name() else {
        return Err(ConnectError::InvalidHost { place });
    };
    let file = &target.known_hosts;
    let failed = |source| {
        let (place, file) = (Arc::clone(&place), file.clone());
        ConnectError::KnownHosts { place, action: "write", file, source }
    };
    if replace {
        return hostkey::replace(file, &name, keys).map_err(failed);
    }
    // The first decides whether the host is new: it is not any more for the rest.
    let Some((first, rest)) = keys.split_first() else { return Ok(()) };
    match hostkey::append(file, &name, first).map_err(failed)? {
        Judgement::New { .. } if !rest.is_empty() => {
            hostkey::replace(file, &name, keys).map_err(failed)
        }
        Judgement::New { .. } | Judgement::Known => Ok(()),
        Judgement::Changed(changed) => {
            Err(ConnectError::HostKeyChanged { place, changed: Box::new(changed) })
        }
        Judgement::Revoked(revoked) => {
            Err(ConnectError::HostKeyRevoked { place, revoked: Box::new(revoked) })
        }
    }
}
