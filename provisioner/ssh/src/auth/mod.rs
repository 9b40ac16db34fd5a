//! Logging in: agent keys, key files, password, keyboard-interactive.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse, Prompt};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKey};
use russh::{MethodKind, MethodSet};

use crate::handler::Watcher;
use crate::places::{self, Me, Rule};
use crate::question;
use crate::secret::Secret;
use crate::target::Target;

mod attempt;
mod key;

pub use attempt::{Attempt, AuthMethod, Outcome, Tried};
use key::{KeyProblem, load_key, public_half};

/// Public keys offered at most. sshd ends the connection after six failures
/// (`MaxAuthTries`), so one is kept for the password.
const KEY_OFFERS_MAX: usize = 5;
/// Rounds of questions answered in keyboard-interactive; one is the rule.
const QUESTION_ROUNDS_MAX: usize = 4;

/// Everything that was tried in vain.
#[derive(Debug)]
pub(crate) struct AuthFailure {
    pub(crate) tried: Vec<Attempt>,
    pub(crate) remaining: Vec<String>,
}

/// One login in progress.
struct Login<'a> {
    handle: &'a mut Handle<Watcher>,
    user: &'a str,
    /// What the node accepts next.
    methods: MethodSet,
    tried: Vec<Attempt>,
    key_offers: usize,
}

/// Logs in, or says what was tried. A connection that ends meanwhile shows as
/// a failure too; the caller asks the link why.
pub(crate) async fn log_in(
    handle: &mut Handle<Watcher>,
    target: &Target,
) -> Result<AuthMethod, AuthFailure> {
    let mut login = Login {
        handle,
        user: &target.user,
        methods: MethodSet::empty(),
        tried: Vec::new(),
        key_offers: 0,
    };
    // Asking for "none" costs one round trip, counts as no attempt, and says
    // which methods the node offers at all.
    match login.handle.authenticate_none(login.user).await {
        Ok(AuthResult::Success) => return Ok(AuthMethod::None),
        Ok(AuthResult::Failure { remaining_methods, .. }) => login.methods = remaining_methods,
        Err(_) => return Err(login.failure()),
    }
    if let Some(method) = login.with_agent(target).await {
        return Ok(method);
    }
    for (path, explicit) in identities(target) {
        if let Some(method) = login.with_identity(path, explicit).await {
            return Ok(method);
        }
    }
    if let Some(password) = &target.password {
        if let Some(method) = login.with_password(password).await {
            return Ok(method);
        }
        if let Some(method) = login.with_questions(password).await {
            return Ok(method);
        }
    }
    Err(login.failure())
}

/// The key files to try, and whether the user named them.
fn identities(target: &Target) -> Vec<(PathBuf, bool)> {
    if !target.identities.is_empty() {
        return target.identities.iter().map(|path| (path.clone(), true)).collect();
    }
    let folder = target.user_known_hosts.as_deref().and_then(Path::parent);
    // The last is never offered: a failed login says that RSA keys need an agent.
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
        self.tried.push(Attempt { what, outcome });
    }

    fn failure(self) -> AuthFailure {
        let remaining = self.methods.iter().map(|method| <&str>::from(method).to_owned()).collect();
        AuthFailure { tried: self.tried, remaining }
    }

    /// Takes an answer in; `true` on success.
    fn take(&mut self, what: Tried, result: Result<AuthResult, String>) -> bool {
        match result {
            Ok(AuthResult::Success) => return true,
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

    /// Counts a key about to be offered; `false` when the limit is reached.
    fn may_offer(&mut self, what: &Tried) -> bool {
        if self.key_offers < KEY_OFFERS_MAX {
            self.key_offers += 1;
            return true;
        }
        self.note(what.clone(), Outcome::LeftOut);
        false
    }

    async fn with_agent(&mut self, target: &Target) -> Option<AuthMethod> {
        let socket = target.agent_socket.as_ref().filter(|_| self.offers(MethodKind::PublicKey))?;
        let what = Tried::AgentSocket(socket.clone());
        let mut agent = match AgentClient::connect_uds(socket).await {
            Ok(agent) => agent,
            Err(error) => {
                self.note(what, Outcome::Unusable(error.to_string()));
                return None;
            }
        };
        let mut held = match agent.request_identities().await {
            Ok(held) => held,
            Err(error) => {
                self.note(what, Outcome::Unusable(error.to_string()));
                return None;
            }
        };
        // Keys the user named come first, so that a full agent does not use up
        // the node's limit of attempts before the right key's turn.
        let named: Vec<PublicKey> =
            target.identities.iter().filter_map(|path| public_half(path)).collect();
        held.sort_by_key(|identity| {
            !named.iter().any(|key| key.key_data() == identity.public_key().key_data())
        });
        for identity in held {
            let AgentIdentity::PublicKey { key, comment } = identity else { continue };
            let what = Tried::AgentKey(comment.clone());
            if !self.may_offer(&what) {
                continue;
            }
            let hash = matches!(key.algorithm(), Algorithm::Rsa { .. }).then_some(HashAlg::Sha512);
            let answer =
                self.handle.authenticate_publickey_with(self.user, key, hash, &mut agent).await;
            if self.take(what, answer.map_err(|error| error.to_string())) {
                return Some(AuthMethod::Agent(comment));
            }
            if self.handle.is_closed() {
                return None;
            }
        }
        None
    }

    async fn with_identity(&mut self, path: PathBuf, explicit: bool) -> Option<AuthMethod> {
        if !self.offers(MethodKind::PublicKey) || self.handle.is_closed() {
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
        let key = match load_key(&path) {
            Ok(key) => key,
            Err(KeyProblem::Missing) if !explicit => return None,
            Err(problem) => {
                self.note(what, problem.into());
                return None;
            }
        };
        if !self.may_offer(&what) {
            return None;
        }
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
        let answer = self.handle.authenticate_publickey(self.user, key).await;
        self.take(what, answer.map_err(|error| error.to_string()))
            .then_some(AuthMethod::Identity(path))
    }

    async fn with_password(&mut self, password: &Secret) -> Option<AuthMethod> {
        if !self.offers(MethodKind::Password) || self.handle.is_closed() {
            return None;
        }
        let answer = self.handle.authenticate_password(self.user, password.expose()).await;
        self.take(Tried::Password, answer.map_err(|error| error.to_string()))
            .then_some(AuthMethod::Password)
    }

    /// Not after a refused password: PAM would only count the same wrong
    /// password twice.
    async fn with_questions(&mut self, password: &Secret) -> Option<AuthMethod> {
        let refused = self
            .tried
            .iter()
            .any(|attempt| attempt.what == Tried::Password && attempt.outcome == Outcome::Refused);
        if refused || !self.offers(MethodKind::KeyboardInteractive) || self.handle.is_closed() {
            return None;
        }
        let mut answer = self.handle.authenticate_keyboard_interactive_start(self.user, None).await;
        let mut given = false;
        for _ in 0..QUESTION_ROUNDS_MAX {
            let prompts = match answer {
                Ok(KeyboardInteractiveAuthResponse::Success) => {
                    return Some(AuthMethod::KeyboardInteractive);
                }
                Ok(KeyboardInteractiveAuthResponse::Failure {
                    remaining_methods,
                    partial_success,
                }) => {
                    let result = AuthResult::Failure { remaining_methods, partial_success };
                    self.take(Tried::KeyboardInteractive, Ok(result));
                    return None;
                }
                Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. }) => prompts,
                Err(error) => {
                    self.note(Tried::KeyboardInteractive, Outcome::Unusable(error.to_string()));
                    return None;
                }
            };
            // The password answers one hidden question for a password, once: a
            // second one means it was wrong.
            let user = self.user;
            let answerable = |prompt: &Prompt| {
                !prompt.echo && !given && question::is_for_password(&prompt.prompt, user)
            };
            if prompts.len() > 1 || !prompts.iter().all(answerable) {
                let asked = prompts
                    .iter()
                    .map(|prompt| prompt.prompt.trim())
                    .collect::<Vec<_>>()
                    .join(" / ");
                self.note(
                    Tried::KeyboardInteractive,
                    Outcome::Unusable(format!("the node asks `{asked}`")),
                );
                return None;
            }
            given |= !prompts.is_empty();
            let responses = prompts.iter().map(|_| password.expose().to_owned()).collect();
            answer = self.handle.authenticate_keyboard_interactive_respond(responses).await;
        }
        self.note(
            Tried::KeyboardInteractive,
            Outcome::Unusable("the node keeps asking".to_owned()),
        );
        None
    }
}
