//! From a target to an authenticated connection.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use russh::Preferred;
use russh::client::{self, Config, Handle};
use tokio::time::timeout;

use crate::account::Turned;
use crate::auth::{self, AuthMethod};
use crate::error::ConnectError;
use crate::handler::{HandshakeError, Purpose, Seen, Watcher, lost, preferred};
use crate::hostkey::{self, Entry, HostKey, NotPinned};
use crate::link::{Link, LinkState, Lost};
use crate::open::{Opened, open, timed_out};
use crate::target::{Limits, Place, Target};

/// What the caller should tell the user about a new connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Greeting {
    /// Set on first contact: the fingerprint now trusted and recorded in our
    /// `known_hosts`, `SHA256:…` as `ssh-keygen -l` prints it.
    pub new_host_key: Option<String>,
    /// The host key's algorithm and fingerprint, new or not.
    pub host_key: String,
    /// How the login succeeded.
    pub auth: AuthMethod,
    /// The address that answered; `None` where a jump host knows it.
    pub address: Option<IpAddr>,
    /// What the node wants shown before login, if anything.
    pub banner: Option<String>,
    /// Further remarks for the user, one sentence each.
    pub notes: Vec<String>,
}

/// An authenticated connection, before anything runs over it.
pub(crate) struct Connection {
    pub(crate) handle: Handle<Watcher>,
    pub(crate) link: Arc<LinkState>,
    /// The address that answered; `None` where a jump host knows it.
    pub(crate) address: Option<IpAddr>,
    /// The connection to the jump host this one goes through.
    pub(crate) through: Option<Arc<Connection>>,
}

pub(crate) async fn connect(
    target: &Target,
    limits: &Limits,
) -> Result<(Connection, Greeting), ConnectError> {
    let place = target.place();
    let limits = &target.limits(limits);
    if target.password.as_ref().is_some_and(|password| !password.is_one_line()) {
        return Err(ConnectError::PasswordNotOneLine { place });
    }
    let (mut connection, mut seen) = meet(target, limits, &place).await?;
    let mut past = auth::Past::default();
    let auth = loop {
        let failure = match log_in(&mut connection, target, limits, &place, &seen, &mut past).await
        {
            Ok(method) => break method,
            Err(failure) => failure,
        };
        // A node that allows few attempts gets the rest over another connection.
        if !past.goes_on(target) {
            return Err(failure);
        }
        let new_host_key = look_at(&seen).new_host_key;
        (connection, seen) = meet(target, limits, &place).await?;
        look_at(&seen).new_host_key |= new_host_key;
    };
    serves(&connection, limits, &place).await?;
    let greeting = greeting(&look_at(&seen), auth, connection.address);
    Ok((connection, greeting))
}

fn look_at(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection whose host key is accepted, and what was seen on the way.
async fn meet(
    target: &Target,
    limits: &Limits,
    place: &Arc<Place>,
) -> Result<(Connection, Arc<Mutex<Seen>>), ConnectError> {
    let Host { name, entries } = Host::of(target, place)?;
    // A key that is none of the wanted ones may be one of several: the node is
    // asked for those of the other algorithms before it counts as another one.
    let mut offered = Vec::new();
    loop {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let purpose = Purpose::LogIn {
            pinned: target.host_keys.clone(),
            first_contact: target.first_contact,
        };
        let algorithms = preferred(&entries, &offered, &purpose);
        let watcher = |link| Watcher {
            name: name.clone(),
            known_hosts: target.known_hosts.clone(),
            entries: entries.clone(),
            purpose,
            seen: Arc::clone(&seen),
            link,
        };
        match shake_hands(target, limits, place, algorithms, watcher).await {
            Ok(connection) => return Ok((connection, seen)),
            Err(Unshaken::NotPinned(key)) if offered.len() < hostkey::ALGORITHMS.len() => {
                offered.push(key);
            }
            Err(Unshaken::Failed(error)) if offered.is_empty() => return Err(error),
            Err(_) => {
                let pinned = target.host_keys.clone();
                let mismatch = Box::new(NotPinned { pinned, offered });
                return Err(ConnectError::HostKeyNotPinned { place: Arc::clone(place), mismatch });
            }
        }
    }
}

/// The host as `known_hosts` files name it, and what they say about it.
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) entries: Vec<Entry>,
}

impl Host {
    pub(crate) fn of(target: &Target, place: &Arc<Place>) -> Result<Self, ConnectError> {
        let Some(name) = target.recorded_name() else {
            return Err(ConnectError::InvalidHost { place: Arc::clone(place) });
        };
        let entries = known_hosts(target, place, &name)?;
        Ok(Self { name, entries })
    }
}

/// Why there is no connection to log in on.
pub(crate) enum Unshaken {
    Failed(ConnectError),
    /// The node offers a key that is none of the wanted ones.
    NotPinned(HostKey),
    /// The key was all that was wanted.
    Looked,
}

/// Connects, and exchanges keys.
pub(crate) async fn shake_hands(
    target: &Target,
    limits: &Limits,
    place: &Arc<Place>,
    algorithms: Preferred,
    watcher: impl FnOnce(Arc<LinkState>) -> Watcher,
) -> Result<Connection, Unshaken> {
    let Opened { stream, address, through } =
        open(target, limits, place).await.map_err(Unshaken::Failed)?;
    let link = Arc::new(LinkState::default());
    let config = Arc::new(config(limits, algorithms));
    let watcher = watcher(Arc::clone(&link));
    let stream = Link::new(stream, Arc::clone(&link), limits.silence());
    let handshake = client::connect_stream(config, stream, watcher);
    // Boxed: the handshake's future is large, and callers hold one per node.
    match timeout(limits.handshake, Box::pin(handshake)).await {
        Ok(Ok(handle)) => Ok(Connection { handle, link, address, through }),
        Ok(Err(HandshakeError::NotPinned(key))) => Err(Unshaken::NotPinned(key)),
        Ok(Err(HandshakeError::Looked)) => Err(Unshaken::Looked),
        Ok(Err(error)) => Err(Unshaken::Failed(handshake_error(error, place, &link))),
        Err(_) => Err(Unshaken::Failed(timed_out(
            Arc::clone(place),
            "the SSH handshake",
            limits.handshake,
        ))),
    }
}

fn greeting(seen: &Seen, auth: AuthMethod, address: Option<IpAddr>) -> Greeting {
    let fingerprint = seen.host_key.as_ref().map(HostKey::fingerprint).unwrap_or_default();
    let algorithm = seen.host_key.as_ref().map(|key| key.algorithm.as_str()).unwrap_or_default();
    let notes = seen.authority.iter().map(|authority| {
        let why = match &seen.certificate {
            Some(why) => format!("the node's certificate is not accepted: {why}"),
            None => "the node has no host certificate".to_owned(),
        };
        format!(
            "{} line {} trusts a certificate authority for this host; {why}. The key itself is trusted on first use",
            authority.file.display(),
            authority.line
        )
    });
    Greeting {
        host_key: format!("{algorithm} {fingerprint}"),
        new_host_key: seen.new_host_key.then_some(fingerprint),
        auth,
        address,
        banner: (!seen.banner.trim().is_empty()).then(|| seen.banner.trim_end().to_owned()),
        notes: notes.collect(),
    }
}

/// The lines of both files that speak of the host, ours first.
fn known_hosts(
    target: &Target,
    place: &Arc<Place>,
    name: &str,
) -> Result<Vec<Entry>, ConnectError> {
    let mut entries = Vec::new();
    for file in std::iter::once(&target.known_hosts).chain(&target.user_known_hosts) {
        let read = hostkey::read(file, name).map_err(|source| ConnectError::KnownHosts {
            place: Arc::clone(place),
            action: "read",
            file: file.clone(),
            source,
        })?;
        entries.extend(read);
    }
    Ok(entries)
}

fn config(limits: &Limits, algorithms: Preferred) -> Config {
    Config {
        keepalive_interval: Some(limits.keepalive_interval).filter(|silence| !silence.is_zero()),
        // When unanswered questions mean that the link is lost, the link decides: a
        // login may take its time, and the library knows but one measure for both.
        keepalive_max: 0,
        inactivity_timeout: None,
        preferred: algorithms,
        ..Config::default()
    }
}

fn handshake_error(error: HandshakeError, place: &Arc<Place>, link: &LinkState) -> ConnectError {
    let place = Arc::clone(place);
    match error {
        HandshakeError::Changed(changed) => ConnectError::HostKeyChanged { place, changed },
        HandshakeError::Revoked(revoked) => ConnectError::HostKeyRevoked { place, revoked },
        HandshakeError::Record(file, source) => {
            ConnectError::KnownHosts { place, action: "write", file, source }
        }
        HandshakeError::Unknown(unknown) => ConnectError::HostKeyUnknown { place, unknown },
        HandshakeError::NotPinned(_) | HandshakeError::Looked => {
            ConnectError::Protocol { place, source: "the handshake was ended on this side".into() }
        }
        HandshakeError::Certificate => ConnectError::Protocol {
            place,
            source: "the node offers a host certificate although only keys were asked for".into(),
        },
        HandshakeError::Ssh(error) => match link.lost().unwrap_or_else(|| lost(&error)) {
            source @ (Lost::Closed | Lost::Said(_) | Lost::Io(_)) => {
                ConnectError::Closed { place, during: "the SSH handshake", source }
            }
            _ => ConnectError::Protocol { place, source: Box::new(error) },
        },
    }
}

/// Waits until the node answers after the login: only then is it there for
/// commands, and silence means that it is gone.
async fn serves(
    connection: &Connection,
    limits: &Limits,
    place: &Arc<Place>,
) -> Result<(), ConnectError> {
    let Connection { handle, link, .. } = connection;
    let during = "the start of the session after the login";
    let asked = timeout(limits.session, handle.send_ping()).await;
    let place = Arc::clone(place);
    match asked {
        Err(_) => Err(timed_out(place, during, limits.session)),
        Ok(Ok(())) if !handle.is_closed() && link.lost().is_none() => {
            link.set_live();
            Ok(())
        }
        Ok(_) => {
            let source = link.lost().unwrap_or(Lost::Closed);
            Err(ConnectError::Closed { place, during, source })
        }
    }
}

async fn log_in(
    connection: &mut Connection,
    target: &Target,
    limits: &Limits,
    place: &Arc<Place>,
    seen: &Mutex<Seen>,
    past: &mut auth::Past,
) -> Result<AuthMethod, ConnectError> {
    let Connection { handle, link, .. } = connection;
    let login = Box::pin(auth::log_in(handle, target, seen, past));
    match timeout(limits.auth, login).await {
        Ok(Some(method)) => return Ok(method),
        Ok(None) => {}
        Err(_) => return Err(timed_out(Arc::clone(place), "the login", limits.auth)),
    }
    let place = Arc::clone(place);
    let lost = link.lost();
    match (past.end(lost.as_ref()), lost) {
        (auth::End::TurnedAway, _) => Err(ConnectError::Account {
            place,
            user: target.user.clone(),
            why: Turned::of(&past.said),
            said: past.said.clone(),
        }),
        (auth::End::CutOff, Some(source)) => {
            Err(ConnectError::Closed { place, during: "the login", source })
        }
        (_, lost) => Err(ConnectError::Auth {
            place,
            user: target.user.clone(),
            tried: past.tried.clone(),
            remaining: past.remaining.clone(),
            said: match lost {
                Some(Lost::Said(words)) => Some(words),
                _ => None,
            },
        }),
    }
}
