//! The keys of an ssh-agent.

use std::path::{Path, PathBuf};

use russh::MethodKind;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};

use super::Login;
use super::attempt::{AuthMethod, Outcome, Tried};
use super::key::public_half;
use crate::target::Target;

pub(super) type Agent = AgentClient<tokio::net::UnixStream>;

/// A key of the agent.
pub(super) struct Held {
    key: PublicKey,
    comment: String,
    /// Whether the user named its file.
    named: bool,
    /// The certificates the agent has for it.
    certificates: Vec<(PathBuf, Certificate)>,
}

/// Whether the agent has a file's key, so that the file need not be read.
pub async fn agent_holds(socket: &Path, file: &Path) -> bool {
    let Some(wanted) = public_half(file) else { return false };
    let Ok(mut agent) = AgentClient::connect_uds(socket).await else { return false };
    let held = agent.request_identities().await.unwrap_or_default();
    held.iter().any(|identity| identity.public_key().key_data() == wanted.key_data())
}

impl Login<'_> {
    /// The agent and its keys, and whether each was named by the user.
    pub(super) async fn agent(&mut self, target: &Target) -> Option<(Agent, Vec<Held>)> {
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
        let held = held.into_iter().map(|identity| {
            let is_named = |key: &KeyData| named.iter().any(|other| other.key_data() == key);
            match identity {
                AgentIdentity::PublicKey { key, comment } => {
                    let named = is_named(key.key_data());
                    Held { key, comment, named, certificates: Vec::new() }
                }
                AgentIdentity::Certificate { certificate, comment } => {
                    let key = PublicKey::from(certificate.public_key().clone());
                    let named = is_named(key.key_data());
                    let certificates = vec![(PathBuf::from(&comment), certificate)];
                    Held { key, comment, named, certificates }
                }
            }
        });
        let wanted = held.filter(|held| held.named || !target.identities_only);
        Some((agent, wanted.collect()))
    }

    pub(super) async fn with_agent(
        &mut self,
        agent: &mut Agent,
        held: &[Held],
        named: bool,
    ) -> Option<AuthMethod> {
        for Held { key, comment, certificates, .. } in
            held.iter().filter(|held| held.named == named)
        {
            let hash = matches!(key.algorithm(), Algorithm::Rsa { .. }).then_some(HashAlg::Sha512);
            for (file, certificate) in certificates {
                let name = file.display().to_string();
                let what = Tried::Certificate(name.clone());
                if !self.may_offer_another(&what) {
                    continue;
                }
                let certificate = certificate.clone();
                let answer = self
                    .handle
                    .authenticate_certificate_with(self.user, certificate, hash, agent)
                    .await;
                if self.take(what, answer.map_err(|error| error.to_string())) {
                    return Some(AuthMethod::Certificate(name));
                }
            }
            let what = Tried::AgentKey(comment.clone());
            if !self.may_offer(&what, key.key_data()) {
                continue;
            }
            let answer =
                self.handle.authenticate_publickey_with(self.user, key.clone(), hash, agent).await;
            if self.take(what, answer.map_err(|error| error.to_string())) {
                return Some(AuthMethod::Agent(comment.clone()));
            }
            self.offered(key.key_data());
        }
        None
    }
}
