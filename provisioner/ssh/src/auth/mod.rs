//! Logging in: agent keys, key files, password, keyboard-interactive.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse, Prompt};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKey};
use russh::{MethodKind, MethodSet};

use crate::handler::{Seen, Watcher};
use crate::places::{self, Me, Rule};
use crate::question;
use crate::secret::Secret;
use crate::target::Target;

mod attempt;
mod key;
mod past;

pub use attempt::{Attempt, AuthMethod, Outcome, Tried};
use key::{KeyProblem, load_key, public_half};
pub(crate) use past::{End, Past};

/// Public keys offered at most where a password is to follow. sshd ends the
/// connection after six failures (`MaxAuthTries`), so one is kept for it.
const KEY_OFFERS_MAX: usize = 5;
/// Rounds of questions answered in keyboard-interactive; one is the rule.
const QUESTION_ROUNDS_MAX: usize = 4;

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

type Agent = AgentClient<tokio::net::UnixStream>;

/// A key of the agent.
struct Held {
    key: PublicKey,
    comment: String,
    /// Whether the user named its file.
    named: bool,
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
            if let Some(method) = self.with_identity(path, true).await {
                return Some(method);
            }
        }
        if let Some((agent, held)) = &mut agent
            && let Some(method) = self.with_agent(agent, held, false).await
        {
            return Some(method);
        }
        for (path, _) in usual {
            if let Some(method) = self.with_identity(path, false).await {
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

    /// Keeps what a key was worth, for a further connection.
    fn offered(&mut self, key: &KeyData) {
        match self.past.tried.last().map(|attempt| &attempt.outcome) {
            Some(Outcome::NotEnough) => self.past.accepted = Some(key.clone()),
            // The one more than the node allows is answered by ending the connection.
            Some(Outcome::Refused | Outcome::Ended) => self.past.refused.push(key.clone()),
            _ => {}
        }
    }

    /// The agent and its keys, and whether each was named by the user.
    async fn agent(&mut self, target: &Target) -> Option<(Agent, Vec<Held>)> {
        let socket = target.agent_socket.as_ref().filter(|_| self.offers(MethodKind::PublicKey))?;
        let what = Tried::AgentSocket(socket.clone());
        let asked = async {
            let mut agent = AgentClient::connect_uds(socket).await?;
            let held = agent.request_identities().await?;
            Ok::<_, russh::keys::Error>((agent, held))
        };
        let (agent, held) = match asked.await {
            Ok(answer) => answer,
            Err(error) => {
                self.note(what, Outcome::Unusable(error.to_string()));
                return None;
            }
        };
        // Keys the user named come first, so that a full agent does not use up
        // the node's limit of attempts before the right key's turn.
        let named: Vec<PublicKey> =
            target.identities.iter().filter_map(|path| public_half(path)).collect();
        let held = held.into_iter().filter_map(|identity| {
            let AgentIdentity::PublicKey { key, comment } = identity else { return None };
            let named = named.iter().any(|other| other.key_data() == key.key_data());
            Some(Held { key, comment, named })
        });
        Some((agent, held.collect()))
    }

    async fn with_agent(
        &mut self,
        agent: &mut Agent,
        held: &[Held],
        named: bool,
    ) -> Option<AuthMethod> {
        for Held { key, comment, .. } in held.iter().filter(|held| held.named == named) {
            let what = Tried::AgentKey(comment.clone());
            if !self.may_offer(&what, key.key_data()) {
                continue;
            }
            let hash = matches!(key.algorithm(), Algorithm::Rsa { .. }).then_some(HashAlg::Sha512);
            let answer =
                self.handle.authenticate_publickey_with(self.user, key.clone(), hash, agent).await;
            if self.take(what, answer.map_err(|error| error.to_string())) {
                return Some(AuthMethod::Agent(comment.clone()));
            }
            self.offered(key.key_data());
        }
        None
    }

    async fn with_identity(&mut self, path: PathBuf, explicit: bool) -> Option<AuthMethod> {
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
        let key = match load_key(&path) {
            Ok(key) => key,
            Err(KeyProblem::Missing) if !explicit => return None,
            Err(problem) => {
                self.note(what, problem.into());
                return None;
            }
        };
        let public = key.public_key().key_data().clone();
        if !self.may_offer(&what, &public) {
            return None;
        }
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
        let answer = self.handle.authenticate_publickey(self.user, key).await;
        if self.take(what, answer.map_err(|error| error.to_string())) {
            return Some(AuthMethod::Identity(path));
        }
        self.offered(&public);
        None
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
        let refused =
            self.past.tried.iter().any(|attempt| {
                attempt.what == Tried::Password && attempt.outcome == Outcome::Refused
            });
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
