//! Basic authentication against bcrypt hashes.
//!
//! One comparison takes a Pi some hundred milliseconds, by design. So it is
//! made on a thread apart, one at a time, and what was right is remembered, and
//! what was wrong: as keyed digests under a key that dies with the process.

use std::collections::BTreeMap;
use std::fmt;
use std::hint::black_box;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bcrypt::HashParts;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::queue::Queue;

/// Wrong names and passwords remembered: a client that has an old password
/// comes with it again and again.
const WRONG: usize = 32;

/// Who may ask, and how they prove it.
pub(super) struct Users {
    named: BTreeMap<String, String>,
    /// The highest cost of their hashes: each wrong password costs as much.
    cost: u32,
    /// None where the kernel has no randomness: nothing is remembered then.
    key: Option<hmac::Key>,
    known: Arc<Mutex<Known>>,
    queue: Arc<Queue>,
}

/// Digests of names and passwords.
#[derive(Default)]
struct Known {
    /// Those that were right last, at most one for each user.
    right: Vec<(String, hmac::Tag)>,
    /// Those that were wrong; the oldest makes room.
    wrong: [Option<hmac::Tag>; WRONG],
    next: usize,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.named.keys()).finish()
    }
}

impl Users {
    /// From names and bcrypt hashes.
    pub(super) fn new(named: BTreeMap<String, String>) -> Self {
        Self {
            cost: named.values().filter_map(|hash| cost(hash)).max().unwrap_or(0),
            named,
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok(),
            known: Arc::default(),
            queue: Queue::new(),
        }
    }

    /// Whether the request, which came from there, is a user's, or none are
    /// named; `None` when there is no thread to find out on.
    pub(super) async fn admit(&self, headers: &HeaderMap, from: IpAddr) -> Option<bool> {
        if self.named.is_empty() {
            return Some(true);
        }
        let Some(Credentials { plain, colon }) = Credentials::of(headers) else {
            return Some(false);
        };
        let tag = self.key.as_ref().map(|key| hmac::sign(key, plain.as_bytes()));
        if let Some(known) = self.remembers(&plain[..colon], tag) {
            return Some(known);
        }
        let Some(turn) = self.queue.turn(from).await else { return Some(false) };
        // Others with the same password may have had their turn meanwhile.
        if let Some(known) = self.remembers(&plain[..colon], tag) {
            return Some(known);
        }
        let hash = self.named.get(&plain[..colon]).cloned();
        let (most, known) = (self.cost, Arc::clone(&self.known));
        let (tell, told) = oneshot::channel();
        let compare = move || {
            // To the end, though the client be gone.
            let (name, password) = (&plain[..colon], &plain[colon + 1..]);
            let right = compare(password, hash.as_deref(), most);
            if let Some(tag) = tag {
                known.lock().unwrap_or_else(PoisonError::into_inner).note(name, tag, right);
            }
            let _ = tell.send((right, turn));
        };
        // The runtime's own threads end the process when there can be no more.
        thread::Builder::new().name("password".to_owned()).spawn(compare).ok()?;
        // The next one's turn is when the thread has done its work.
        told.await.ok().map(|(right, _turn)| right)
    }

    /// What is known of a name with a password, found out in the same time
    /// whether there is such a name or not.
    fn remembers(&self, name: &str, tag: Option<hmac::Tag>) -> Option<bool> {
        let tag = tag?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is = |other: &hmac::Tag| same(other.as_ref(), tag.as_ref());
        if known.right.iter().any(|(user, tag)| user == name && is(tag)) {
            return Some(true);
        }
        known.wrong.iter().flatten().any(is).then_some(false)
    }
}

impl Known {
    fn note(&mut self, name: &str, tag: hmac::Tag, right: bool) {
        if right {
            self.right.retain(|(user, _)| user != name);
            self.right.push((name.to_owned(), tag));
        } else {
            self.wrong[self.next] = Some(tag);
            self.next = (self.next + 1) % WRONG;
        }
    }
}

/// Digests under a key that nobody knows tell nothing by the time it takes to
/// compare them; all bytes are, all the same.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

fn cost(hash: &str) -> Option<u32> {
    hash.parse::<HashParts>().ok().map(|parts| parts.get_cost())
}

/// Compares a password with a hash, or with none. Whatever is wrong takes as
/// long as a hash of the highest cost there is: names cannot be found out by
/// the clock, those of users with other costs neither.
fn compare(password: &str, hash: Option<&str>, most: u32) -> bool {
    const SALT: [u8; 16] = [0; 16];
    let cost = hash.and_then(cost);
    if let Some(hash) = hash
        && bcrypt::verify(password, hash).unwrap_or(false)
    {
        return true;
    }
    // Each step of cost doubles the work: after one of 4, another of 4, one of
    // 5 and so on up to 11 add up to one of 12.
    let rest = match cost {
        Some(cost) => cost..most,
        None => most..most.saturating_add(1),
    };
    for cost in rest {
        black_box(bcrypt::bcrypt(cost, SALT, b"-\0"));
    }
    false
}

/// A name and a password, as they came.
struct Credentials {
    plain: Zeroizing<String>,
    /// Where the name ends.
    colon: usize,
}

impl Credentials {
    /// Those of an `Authorization: Basic` header.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let given = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = given.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let plain = Zeroizing::new(BASE64_STANDARD.decode(encoded.trim()).ok()?);
        let plain = Zeroizing::new(str::from_utf8(&plain).ok()?.to_owned());
        let colon = plain.find(':')?;
        Some(Self { plain, colon })
    }
}
