//! The keys of an ssh-agent.

use std::path::Path;

use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};
use russh::{AgentAuthError, MethodKind, Signer};

use super::attempt::{AuthMethod, Outcome, Tried};
use super::key::{certificates, public_half};
use super::{Login, identities};
use crate::target::Target;

pub(super) type Agent = AgentClient<tokio::net::UnixStream>;

/// A key of the agent.
pub(super) struct Held {
    key: PublicKey,
    comment: String,
    /// Whether the user named its file.
    named: bool,
    /// The certificates for it: the one the agent has, and those in files.
    certificates: Vec<Certified>,
}

/// A certificate for a key of the agent.
struct Certified {
    /// The agent's comment, or the file.
    name: String,
    certificate: Certificate,
    /// Whether the agent has it.
    own: bool,
}

/// The agent, asked for a signature with a certificate.
struct With<'a> {
    agent: &'a mut Agent,
    own: bool,
}

impl Signer for With<'_> {
    type Error = AgentAuthError;

    async fn auth_sign(
        &mut self,
        identity: &AgentIdentity,
        hash: Option<HashAlg>,
        to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, AgentAuthError> {
        if self.own {
            return self.agent.auth_sign(identity, hash, to_sign).await;
        }
        // Of a certificate in a file it knows nothing, of its key it does.
        let key = identity.public_key().into_owned();
        let key = AgentIdentity::PublicKey { key, comment: String::new() };
        self.agent.auth_sign(&key, hash, to_sign).await
    }
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
        let keys = identities(target).into_iter().map(|(path, _)| path);
        let filed = certificates(keys, &target.certificates);
        let held = held.into_iter().map(|identity| {
            let (key, comment, own) = match identity {
                AgentIdentity::PublicKey { key, comment } => (key, comment, None),
                AgentIdentity::Certificate { certificate, comment } => {
                    let key = PublicKey::from(certificate.public_key().clone());
                    (key, comment, Some(certificate))
                }
            };
            let named = named.iter().any(|other| other.key_data() == key.key_data());
            let own =
                own.map(|certificate| Certified { name: comment.clone(), certificate, own: true });
            let filed = filed.iter().filter(|(_, filed)| filed.public_key() == key.key_data());
            let filed = filed.map(|(file, certificate)| Certified {
                name: file.display().to_string(),
                certificate: certificate.clone(),
                own: false,
            });
            let certificates = own.into_iter().chain(filed).collect();
            Held { key, comment, named, certificates }
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
            for Certified { name, certificate, own } in certificates {
                let what = Tried::Certificate(name.clone());
                if !self.may_offer_another(&what) {
                    continue;
                }
                let mut signer = With { agent: &mut *agent, own: *own };
                let certificate = certificate.clone();
                let answer = self
                    .handle
                    .authenticate_certificate_with(self.user, certificate, hash, &mut signer)
                    .await;
                if self.take(what, answer.map_err(|error| error.to_string())) {
                    return Some(AuthMethod::Certificate(name.clone()));
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
