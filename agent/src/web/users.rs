//! Basic authentication against bcrypt hashes.
//!
//! One comparison takes a Pi some hundred milliseconds, by design. So it is
//! made on a thread apart, one at a time, and a password that was right is
//! remembered: as a keyed digest under a key that dies with the process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Who may ask, and how they prove it.
pub(super) struct Users {
    named: BTreeMap<String, User>,
    /// None where the kernel has no randomness: nothing is remembered then.
    key: Option<hmac::Key>,
    turn: Arc<Semaphore>,
}

struct User {
    hash: String,
    /// The digest of the password that was right last.
    known: Mutex<Option<hmac::Tag>>,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.named.keys()).finish()
    }
}

impl Users {
    /// From names and bcrypt hashes.
    pub(super) fn new(users: BTreeMap<String, String>) -> Self {
        let user = |hash| User { hash, known: Mutex::new(None) };
        Self {
            named: users.into_iter().map(|(name, hash)| (name, user(hash))).collect(),
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Whether the request comes from a user, or none are named.
    pub(super) async fn admit(&self, headers: &HeaderMap) -> bool {
        // Who is not there costs what a wrong password costs, so that names
        // cannot be found out by the clock.
        let Some(anybody) = self.named.values().next() else { return true };
        let Some((name, password)) = credentials(headers) else { return false };
        let user = self.named.get(&*name);
        if user.is_some_and(|user| self.remembers(user, &password)) {
            return true;
        }
        let hash = user.unwrap_or(anybody).hash.clone();
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else { return false };
        // Others with the same password may have had their turn meanwhile.
        if user.is_some_and(|user| self.remembers(user, &password)) {
            return true;
        }
        let compared = tokio::task::spawn_blocking(move || {
            // To the end, though the client be gone: the turn is the thread's.
            let _turn = turn;
            let right = bcrypt::verify(&*password, &hash).unwrap_or(false);
            (right, password)
        });
        let (Some(user), Ok((true, password))) = (user, compared.await) else { return false };
        if let Some(key) = &self.key {
            *user.known.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(hmac::sign(key, password.as_bytes()));
        }
        true
    }

    /// Compares in constant time.
    fn remembers(&self, user: &User, password: &str) -> bool {
        let known = *user.known.lock().unwrap_or_else(PoisonError::into_inner);
        match (&self.key, known) {
            (Some(key), Some(tag)) => hmac::verify(key, password.as_bytes(), tag.as_ref()).is_ok(),
            _ => false,
        }
    }
}

/// Name and password of an `Authorization: Basic` header.
fn credentials(headers: &HeaderMap) -> Option<(Zeroizing<String>, Zeroizing<String>)> {
    let given = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = given.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = Zeroizing::new(BASE64_STANDARD.decode(encoded.trim()).ok()?);
    let (name, password) = str::from_utf8(&plain).ok()?.split_once(':')?;
    Some((Zeroizing::new(name.to_owned()), Zeroizing::new(password.to_owned())))
}
