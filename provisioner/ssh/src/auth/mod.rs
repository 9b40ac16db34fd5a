//! Logging in: agent keys, key files, password, keyboard-interactive.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{AuthResult, Handle};
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, PrivateKeyWithHashAlg};
use russh::{MethodKind, MethodSet};

use crate::handler::{Seen, Watcher};
use crate::places::{self, Me, Rule};
use crate::target::Target;

mod agent;
mod attempt;
mod key;
mod password;
mod past;
mod rsa;

pub use agent::agent_holds;
pub use attempt::{Attempt, AuthMethod, Outcome, Tried};
use key::{Key, KeyProblem, certificates, load_key};
pub use key::{Unlocked, is_locked};
pub(crate) use past::{End, Past};

/// Public keys offered at most where a password is to follow. sshd ends the
/// connection after six failures (`MaxAuthTries`), so one is kept for it.
const KEY_OFFERS_MAX: usize = 5;

/// One login in progress.
struct Login<'a> {
    handle: &'a mut Handle<Watcher>,
    user: &'a str,
    /// What the node accepts next.
    methods: MethodSet,
    past: &'a mut Past,
    key_offers: usize,
    /// Whether a password is there, which needs an attempt of its own.
    has_password: bool,
}

/// Logs in, or says what was tried. A connection that ends meanwhile shows as
/// a failure too; the caller asks the link why, and may call again with another
/// connection and the same past.
pub(crate) async fn log_in(
    handle: &mut Handle<Watcher>,
    target: &Target,
    seen: &Mutex<Seen>,
    past: &mut Past,
) -> Option<AuthMethod> {
    past.again();
    let mut login = Login {
        handle,
        user: &target.user,
        methods: MethodSet::empty(),
        past,
        key_offers: 0,
        has_password: target.password.is_some(),
    };
    // Asking for "none" costs one round trip, counts as no attempt, and says
    // which methods the node offers at all.
    match login.handle.authenticate_none(login.user).await {
        Ok(AuthResult::Success) => return Some(AuthMethod::None),
        Ok(AuthResult::Failure { remaining_methods, .. }) => login.methods = remaining_methods,
        Err(_) => return None,
    }
    let greeted = banner(seen).len();
    let method = login.all(target).await;
    login.past.remaining =
        login.methods.iter().map(|method| <&str>::from(method).to_owned()).collect();
    let said = banner(seen);
    said.get(greeted..).unwrap_or_default().trim().clone_into(&mut login.past.said);
    method
}

fn banner(seen: &Mutex<Seen>) -> String {
    seen.lock().unwrap_or_else(PoisonError::into_inner).banner.clone()
}

/// The key files to try, and whether the user named them.
fn identities(target: &Target) -> Vec<(PathBuf, bool)> {
    if !target.identities.is_empty() {
        return target.identities.iter().map(|path| (path.clone(), true)).collect();
    }
    let folder = target.usual_keys.as_deref();
    let usual = ["id_ed25519", "id_ecdsa", "id_rsa"];
    folder
        .map(|folder| usual.iter().map(|name| (folder.join(name), false)).collect())
        .unwrap_or_default()
}

impl Login<'_> {
    fn offers(&self, kind: MethodKind) -> bool {
        self.methods.contains(&kind)
    }

    fn note(&mut self, what: Tried, outcome: Outcome) {
        let attempt = Attempt { what, outcome };
        // What cannot be used is met again over another connection.
        if !self.past.tried.contains(&attempt) || self.past.connections < 2 {
            self.past.tried.push(attempt);
        }
    }

    /// All there is, in order: keys, then the password.
    async fn all(&mut self, target: &Target) -> Option<AuthMethod> {
        let mut agent = self.agent(target).await;
        if let Some((agent, held)) = &mut agent
            && let Some(method) = self.with_agent(agent, held, true).await
        {
            return Some(method);
        }
        let (named, usual): (Vec<_>, Vec<_>) =
            identities(target).into_iter().partition(|(_, explicit)| *explicit);
        for (path, _) in named {
            if let Some(method) = self.with_identity(path, true, target).await {
                return Some(method);
            }
        }
        if let Some((agent, held)) = &mut agent
            && let Some(method) = self.with_agent(agent, held, false).await
        {
            return Some(method);
        }
        for (path, _) in usual {
            if let Some(method) = self.with_identity(path, false, target).await {
                return Some(method);
            }
        }
        let password = target.password.as_ref()?;
        match self.with_password(password).await {
            Some(method) => Some(method),
            None => self.with_questions(password).await,
        }
    }

    /// Takes an answer in; `true` on success.
    fn take(&mut self, what: Tried, result: Result<AuthResult, String>) -> bool {
        match result {
            Ok(AuthResult::Success) => return true,
            Ok(AuthResult::Failure { remaining_methods, .. })
                if remaining_methods.is_empty() && self.handle.is_closed() =>
            {
                self.note(what, Outcome::Ended);
            }
            Ok(AuthResult::Failure { remaining_methods, partial_success }) => {
                // A closed connection is reported as "nothing remains": what
                // was known before is the better answer then.
                if !remaining_methods.is_empty() {
                    self.methods = remaining_methods;
                }
                self.note(
                    what,
                    if partial_success { Outcome::NotEnough } else { Outcome::Refused },
                );
            }
            Err(why) => self.note(what, Outcome::Unusable(why)),
        }
        false
    }

    /// Counts a key about to be offered; `false` when it is not its turn.
    fn may_offer(&mut self, what: &Tried, key: &KeyData) -> bool {
        if self.past.refused.contains(key) {
            return false;
        }
        let password_next = self.has_password
            && (self.offers(MethodKind::Password) || self.offers(MethodKind::KeyboardInteractive));
        // What a second connection is for is the password, where there is one.
        let again = self.past.connections > 1 && password_next;
        let full = password_next && self.key_offers >= KEY_OFFERS_MAX;
        let wanted = self.past.accepted.as_ref() == Some(key);
        if self.handle.is_closed() || (again || full) && !wanted {
            self.note(what.clone(), Outcome::LeftOut);
            return false;
        }
        self.key_offers += 1;
        true
    }

    /// Counts a certificate about to be offered, once.
    fn may_offer_another(&mut self, what: &Tried) -> bool {
        let tried = self.past.tried.iter().any(|attempt| attempt.what == *what);
        if tried || self.handle.is_closed() || self.key_offers >= KEY_OFFERS_MAX {
            return false;
        }
        self.key_offers += 1;
        true
    }

    /// Keeps what a key was worth, for a further connection.
    fn offered(&mut self, key: &KeyData) {
        match self.past.tried.last().map(|attempt| &attempt.outcome) {
            Some(Outcome::NotEnough) => self.past.accepted = Some(key.clone()),
            // The one more than the node allows is answered by ending the connection.
            Some(Outcome::Refused | Outcome::Ended) => self.past.refused.push(key.clone()),
            _ => {}
        }
    }

    async fn with_identity(
        &mut self,
        path: PathBuf,
        explicit: bool,
        target: &Target,
    ) -> Option<AuthMethod> {
        if !self.offers(MethodKind::PublicKey) {
            return None;
        }
        let what = Tried::Identity(path.clone());
        // As OpenSSH: such a key may be anybody's by now, and is not used.
        if let Ok(Some(fault)) = places::check(&path, Rule::Secret, &Me::new(None))
            && !fault.told
        {
            let why = format!("{fault}; `{}` makes it usable again", fault.mend);
            self.note(what, Outcome::Unusable(why));
            return None;
        }
        let unlocked = Unlocked::of(&target.unlocked, &path);
        let key = match unlocked.map_or_else(|| load_key(&path), Ok) {
            Ok(key) => key,
            Err(KeyProblem::Missing) if !explicit => return None,
            Err(problem) => {
                self.note(what, problem.into());
                return None;
            }
        };
        let public = key.public().key_data().clone();
        let filed = certificates(std::iter::once(path.clone()), &target.certificates);
        for (file, certificate) in
            filed.into_iter().filter(|(_, certificate)| *certificate.public_key() == public)
        {
            let name = file.display().to_string();
            let what = Tried::Certificate(name.clone());
            if !self.may_offer_another(&what) {
                continue;
            }
            let answer = self.with_certificate(&key, certificate).await;
            if self.take(what, answer) {
                return Some(AuthMethod::Certificate(name));
            }
        }
        if !self.may_offer(&what, &public) {
            return None;
        }
        let answer = self.with_key(key).await;
        if self.take(what, answer) {
            return Some(AuthMethod::Identity(path));
        }
        self.offered(&public);
        None
    }

    async fn with_key(&mut self, key: Key) -> Result<AuthResult, String> {
        match key {
            Key::Own(key) => {
                let key = PrivateKeyWithHashAlg::new(key, None);
                let answer = self.handle.authenticate_publickey(self.user, key).await;
                answer.map_err(|error| error.to_string())
            }
            Key::Rsa(mut key) => {
                let public = key.public.clone();
                let answer = self
                    .handle
                    .authenticate_publickey_with(self.user, public, Some(rsa::HASH), &mut key)
                    .await;
                answer.map_err(|error| error.to_string())
            }
        }
    }

    async fn with_certificate(
        &mut self,
        key: &Key,
        certificate: Certificate,
    ) -> Result<AuthResult, String> {
        match key {
            Key::Own(key) => {
                let key = Arc::clone(key);
                let answer =
                    self.handle.authenticate_openssh_cert(self.user, key, certificate).await;
                answer.map_err(|error| error.to_string())
            }
            Key::Rsa(key) => {
                let mut key = key.clone();
                let answer = self
                    .handle
                    .authenticate_certificate_with(
                        self.user,
                        certificate,
                        Some(rsa::HASH),
                        &mut key,
                    )
                    .await;
                answer.map_err(|error| error.to_string())
            }
        }
    }
}
