//! Our side of the SSH library's callbacks: host keys, banner, and how it ends.
//!
//! No per-channel callback is overridden: what a server sends for channels
//! nobody opened then has nowhere to go.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use russh::Preferred;
use russh::client::{DisconnectReason, Handler, Session};
use russh::keys::{Algorithm, Certificate, PublicKey, PublicKeyOrCertificate};

use crate::hostkey::{
    self, ALGORITHMS, ChangedHostKey, Entry, FirstContact, HostKey, Judgement, RecordedKey,
    RevokedHostKey, UnknownHostKey, Vouched,
};
use crate::link::{LinkState, Lost};

/// What the handshake taught us, read by `connect` afterwards.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) host_key: Option<HostKey>,
    /// An authority that is trusted for the host vouches for its key.
    pub(crate) vouched: bool,
    pub(crate) new_host_key: bool,
    /// The line that trusts an authority, which did not vouch for the key.
    pub(crate) authority: Option<RecordedKey>,
    /// Why the node's certificate was not accepted.
    pub(crate) certificate: Option<String>,
    pub(crate) banner: String,
}

/// Banners are for people; a node that sends a novel gets it cut here.
const BANNER_BYTES_MAX: usize = 4096;

/// What the connection is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To log in, once the key is accepted.
    LogIn { pinned: Vec<String>, first_contact: FirstContact },
    /// To see the key, and no more.
    Look,
}

/// Judges the node's host key and listens to how the session ends.
#[derive(Debug)]
pub(crate) struct Watcher {
    /// The host as `known_hosts` files name it.
    pub(crate) name: String,
    /// Where a new key is recorded.
    pub(crate) known_hosts: PathBuf,
    /// What both files say about the host.
    pub(crate) entries: Vec<Entry>,
    pub(crate) purpose: Purpose,
    pub(crate) seen: Arc<Mutex<Seen>>,
    pub(crate) link: Arc<LinkState>,
}

/// Why the handshake was ended from our side, or by the library.
#[derive(Debug)]
pub(crate) enum HandshakeError {
    Ssh(russh::Error),
    Changed(Box<ChangedHostKey>),
    Revoked(Box<RevokedHostKey>),
    Record(PathBuf, io::Error),
    Certificate,
    /// Nothing is recorded for the host, and that is not enough.
    Unknown(Box<UnknownHostKey>),
    /// The key is none of those the node may have.
    NotPinned(HostKey),
    /// The key was all that was wanted.
    Looked,
}

impl From<russh::Error> for HandshakeError {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl Watcher {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// On first contact the key is recorded at once, as OpenSSH does: the
    /// library has already verified the node's signature with it.
    async fn accept(
        &self,
        offered: &HostKey,
        certificate: Option<&Certificate>,
    ) -> Result<Judgement, HandshakeError> {
        let vouched = certificate.map(|certificate| {
            hostkey::vouched(&self.entries, &self.name, certificate, SystemTime::now())
        });
        let Purpose::LogIn { pinned, first_contact } = &self.purpose else {
            let mut seen = self.seen();
            seen.host_key = Some(offered.clone());
            seen.vouched = vouched == Some(Vouched::Yes);
            return Err(HandshakeError::Looked);
        };
        let refused = match vouched {
            None => None,
            Some(Vouched::Yes) => return Ok(Judgement::Known),
            Some(Vouched::Revoked(revoked)) => return Ok(Judgement::Revoked(revoked)),
            Some(Vouched::No(why)) => Some(why.to_string()),
        };
        // As OpenSSH: a key that nobody vouches for may be known by itself.
        self.seen().certificate.clone_from(&refused);
        let judgement = hostkey::judge(&self.entries, &self.name, offered);
        if !pinned.is_empty() {
            return match judgement {
                // A key that is known to be stolen stays so.
                Judgement::Revoked(_) => Ok(judgement),
                _ if pinned.contains(&offered.fingerprint()) => Ok(Judgement::Known),
                _ => Err(HandshakeError::NotPinned(offered.clone())),
            };
        }
        let authority = match judgement {
            Judgement::New { authority } => authority,
            Judgement::Changed(changed) => {
                return Ok(Judgement::Changed(ChangedHostKey { certificate: refused, ..changed }));
            }
            known => return Ok(known),
        };
        if *first_contact == FirstContact::Refuse {
            let (key, known_hosts) = (offered.clone(), self.known_hosts.clone());
            return Err(HandshakeError::Unknown(Box::new(UnknownHostKey {
                key,
                known_hosts,
                certificate: refused,
            })));
        }
        let (file, name, key) = (self.known_hosts.clone(), self.name.clone(), offered.clone());
        let written =
            tokio::task::spawn_blocking(move || hostkey::append(&file, &name, &key)).await;
        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
        match written {
            Ok(Judgement::New { .. }) => Ok(Judgement::New { authority }),
            // Somebody recorded a key between our reading and our writing.
            Ok(judgement) => Ok(judgement),
            Err(error) => Err(HandshakeError::Record(self.known_hosts.clone(), error)),
        }
    }
}

impl Handler for Watcher {
    type Error = HandshakeError;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let (key, certificate) = match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => (key.clone(), None),
            PublicKeyOrCertificate::Certificate(certificate)
                if wants_certificates(&self.purpose, &self.entries) =>
            {
                (PublicKey::from(certificate.public_key().clone()), Some(certificate))
            }
            // A server that sends one unasked breaks the protocol.
            PublicKeyOrCertificate::Certificate(_) => return Err(HandshakeError::Certificate),
        };
        let blob = key.to_bytes().map_err(|error| HandshakeError::Ssh(error.into()))?;
        let offered = HostKey { algorithm: key.algorithm().as_str().to_owned(), blob };
        // The keys are exchanged again in long sessions: the same one must come back.
        if let Some(accepted) = &self.seen().host_key {
            return Ok(*accepted == offered);
        }
        let (new, authority) = match self.accept(&offered, certificate).await? {
            Judgement::Known => (false, None),
            Judgement::New { authority } => (true, authority),
            Judgement::Changed(changed) => return Err(HandshakeError::Changed(Box::new(changed))),
            Judgement::Revoked(revoked) => return Err(HandshakeError::Revoked(Box::new(revoked))),
        };
        let mut seen = self.seen();
        seen.new_host_key = new;
        seen.authority = authority;
        seen.host_key = Some(offered);
        Ok(true)
    }

    async fn auth_banner(
        &mut self,
        banner: &str,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        let mut seen = self.seen();
        let room = BANNER_BYTES_MAX.saturating_sub(seen.banner.len());
        let end = (0..=room.min(banner.len()))
            .rev()
            .find(|&end| banner.is_char_boundary(end))
            .unwrap_or(0);
        seen.banner.push_str(&banner[..end]);
        Ok(())
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<Self::Error>,
    ) -> Result<(), Self::Error> {
        self.link.set_ended();
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                self.link.set_lost(Lost::Said(info.message));
                Ok(())
            }
            DisconnectReason::Error(error) => {
                if let HandshakeError::Ssh(error) = &error {
                    self.link.set_lost(lost(error));
                }
                Err(error)
            }
        }
    }
}

/// The library's reason in the words of [`Lost`].
pub(crate) fn lost(error: &russh::Error) -> Lost {
    use russh::Error as E;
    match error {
        E::KeepaliveTimeout | E::InactivityTimeout | E::ConnectionTimeout => Lost::Silent,
        E::HUP | E::Disconnect | E::SendError | E::RecvError => Lost::Closed,
        E::IO(error) if error.kind() == io::ErrorKind::UnexpectedEof => Lost::Closed,
        E::IO(error) => Lost::Io(error.to_string()),
        other => Lost::Protocol(other.to_string()),
    }
}

/// Whether a host certificate could be accepted: of a node for which an authority is
/// trusted, unless the inventory names its key.
fn wants_certificates(purpose: &Purpose, entries: &[Entry]) -> bool {
    let pinned = matches!(purpose, Purpose::LogIn { pinned, .. } if !pinned.is_empty());
    !pinned && hostkey::has_authority(entries)
}

/// What is offered in the key exchange: the host key algorithms known for the
/// host first, so that the node proves itself with the key we can check. None of
/// those whose keys have been seen and were not the right ones.
pub(crate) fn preferred(entries: &[Entry], without: &[HostKey], purpose: &Purpose) -> Preferred {
    let key = algorithms(&hostkey::known_algorithms(entries), without);
    let wanted = wants_certificates(purpose, entries);
    let certificates = if wanted { key.clone() } else { Vec::new() };
    Preferred {
        key: Cow::Owned(key),
        host_key_certificates: Cow::Owned(certificates),
        ..Preferred::default()
    }
}

fn algorithms(known: &[String], without: &[HostKey]) -> Vec<Algorithm> {
    let mut names: Vec<&str> =
        known.iter().map(String::as_str).filter(|name| ALGORITHMS.contains(name)).collect();
    names.extend(ALGORITHMS.iter().filter(|name| !known.iter().any(|known| known == *name)));
    names.retain(|name| without.iter().all(|key| key.algorithm != **name));
    names.iter().filter_map(|name| Algorithm::new(name).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(known: &[&str]) -> Vec<String> {
        let known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        algorithms(&known, &[]).iter().map(|algorithm| algorithm.as_str().to_owned()).collect()
    }

    #[test]
    fn known_algorithms_come_first_and_rsa_never() {
        assert_eq!(names(&[]), ALGORITHMS);
        assert_eq!(
            names(&["ecdsa-sha2-nistp384", "ssh-rsa", "made-up"])[..2],
            ["ecdsa-sha2-nistp384", "ssh-ed25519"]
        );
        assert_eq!(names(&["ecdsa-sha2-nistp384"]).len(), ALGORITHMS.len());
    }
}
