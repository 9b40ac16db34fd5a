//! The agents' page: over TLS, and with a login, both made by `provision`.
//!
//! Of each part the server has the one that counts, and every node a copy: the
//! agent shows the certificate, and Prometheus and `provision` go by it. The
//! programs that ask need the password, so root of every node can read it.

use std::fmt::Write as _;

use serde::Serialize;
use terrarium_inventory::Node;
use terrarium_k3s::paths;

use super::{mode_reason, same};
use crate::certificates::RENEWED;
use crate::namespace::{NAMESPACE, deploys_nothing};
use crate::planner::{Context, is_server};
use crate::{Action, Change, Content, Facts};

/// The name the certificate is for, and the user of the login.
pub const NAME: &str = "terrarium-agent";
/// The Secret that Prometheus reads the login from.
pub const SECRET: &str = "terrarium-agent";
/// The certificate that the agents show.
pub(crate) const CERTIFICATE: &str = "/etc/terrarium/agent.crt";
/// On the server: the digests of all parts, written last. Without it the parts
/// need not belong together.
const MADE: &str = "/etc/terrarium/agent.login";

/// How the agents serve their page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentPage {
    /// Not known: the server, which has the login, was not seen.
    #[default]
    Unknown,
    /// To everybody, over plain HTTP.
    Open,
    /// Over TLS, to who has the password.
    Login(LoginDigests),
}

/// A part of the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginPart {
    /// The certificate the agents show.
    Certificate,
    /// Its private key.
    Key,
    /// The password.
    Password,
    /// What the agent reads: where the certificate is, and the password's hash.
    Web,
}

impl LoginPart {
    /// In the order they are written.
    pub const ALL: [Self; 4] = [Self::Certificate, Self::Key, Self::Password, Self::Web];

    /// Where it lies on every node.
    pub fn path(self) -> &'static str {
        match self {
            Self::Certificate => CERTIFICATE,
            Self::Key => "/etc/terrarium/agent.key",
            Self::Password => "/etc/terrarium/agent.password",
            Self::Web => "/etc/terrarium/agent.web.yml",
        }
    }

    fn mode(self) -> &'static str {
        match self {
            Self::Certificate | Self::Web => "0644",
            Self::Key | Self::Password => "0600",
        }
    }
}

/// The digests of a login's parts, in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginDigests {
    /// Of the certificate.
    pub certificate: String,
    /// Of the key.
    pub key: String,
    /// Of the password's file.
    pub password: String,
    /// Of the agent's web configuration.
    pub web: String,
}

impl LoginDigests {
    /// The digest of a part.
    pub fn of(&self, part: LoginPart) -> &str {
        match part {
            LoginPart::Certificate => &self.certificate,
            LoginPart::Key => &self.key,
            LoginPart::Password => &self.password,
            LoginPart::Web => &self.web,
        }
    }

    /// The text of the file that names them all.
    fn made(&self) -> String {
        LoginPart::ALL.iter().fold(String::new(), |mut text, part| {
            let _ = writeln!(text, "{} {}", self.of(*part), part.path());
            text
        })
    }
}

/// Files whose digests the planner compares.
pub(crate) fn files() -> impl Iterator<Item = &'static str> {
    LoginPart::ALL.into_iter().map(LoginPart::path).chain([MADE])
}

/// The login the server has; `None` when it has to be given another: one is
/// missing in part, open to others or about to expire.
pub fn login_of(server: &Facts) -> Option<LoginDigests> {
    let digest = |part: LoginPart| {
        let path = part.path();
        let closed = mode_reason(server, path, part.mode()).is_none();
        server.files.get(path).filter(|_| closed).map(|file| file.sha256.clone())
    };
    let login = LoginDigests {
        certificate: digest(LoginPart::Certificate)?,
        key: digest(LoginPart::Key)?,
        password: digest(LoginPart::Password)?,
        web: digest(LoginPart::Web)?,
    };
    let path = LoginPart::Certificate.path();
    let shown = server.certificates.iter().find(|certificate| certificate.path == path)?;
    let lasts = shown.end.is_some_and(|shown| shown.end - server.clock.now >= RENEWED);
    (lasts && same(server, MADE, &login.made())).then_some(login)
}

/// The node has every part of the login.
pub(super) fn plan(node: &Node, login: &LoginDigests, facts: &Facts) -> Option<Change> {
    let mut reasons = Vec::new();
    let mut actions = Vec::new();
    for part in LoginPart::ALL {
        let (path, mode) = (part.path(), part.mode());
        let reason = match facts.files.get(path) {
            None => Some(format!("{path} missing")),
            Some(file) if file.sha256 != login.of(part) => Some(format!("{path} differs")),
            Some(_) => mode_reason(facts, path, mode),
        };
        let Some(reason) = reason else { continue };
        reasons.push(reason);
        actions.push(Action::Write {
            path: path.to_owned(),
            mode: Some(mode.to_owned()),
            content: Content::Login(part),
            backup: false,
            over: None,
        });
    }
    let made = login.made();
    if is_server(node) && !same(facts, MADE, &made) {
        reasons.push(format!("{MADE} does not name these parts"));
        actions.push(Action::text(MADE, "0644", made));
    }
    let title = "give the node agent its certificate and login";
    (!actions.is_empty()).then(|| {
        actions.into_iter().fold(Change::new("agent.login", title, reasons.join("; ")), Change::act)
    })
}

/// On the server: Prometheus finds the login in the cluster.
pub(crate) fn secret(node: &Node, context: &Context<'_>) -> Option<Change> {
    let AgentPage::Login(login) = &context.artifacts.agent_page else { return None };
    if !is_server(node) || deploys_nothing(&context.inventory.stack) {
        return None;
    }
    let cluster = context.facts.cluster.as_ref();
    let reason = match cluster.and_then(|cluster| cluster.agent_login.as_ref()) {
        None => "missing",
        Some((password, certificate))
            if *password == login.password && *certificate == login.certificate =>
        {
            return None;
        }
        Some(_) => "is not the one of the agents",
    };
    let title = format!("give Prometheus the agents' login, as Secret {SECRET}");
    let change = Change::new("agent.secret", title, reason);
    Some(change.act(Action::Run { script: apply(), deadline: 60 }))
}

/// Both come from files: what stands in a command's arguments all users can read.
fn apply() -> String {
    let kubectl = format!("{} kubectl", paths::BINARY);
    let (certificate, password) = (LoginPart::Certificate.path(), LoginPart::Password.path());
    format!(
        "set -e\ns=$({kubectl} create secret generic {SECRET} --namespace {NAMESPACE} \
         --from-file=ca.crt={certificate} --from-file=password={password} \
         --dry-run=client --output=json)\n\
         printf %s \"$s\" | {kubectl} apply --server-side --force-conflicts \
         --field-manager=provision --filename=- >/dev/null"
    )
}

/// What the unit is told beside its generation.
pub(super) fn settings(page: &AgentPage) -> String {
    match page {
        AgentPage::Login(_) => format!(
            "Environment=ARGS=--web.config.file={}\nLoadCredential=agent.key:{}\n",
            LoginPart::Web.path(),
            LoginPart::Key.path()
        ),
        AgentPage::Open | AgentPage::Unknown => String::new(),
    }
}

/// What has to be read at the start: the rest is read again when it changes.
pub(super) fn read_at_start(page: &AgentPage) -> &str {
    match page {
        AgentPage::Login(login) => &login.key,
        AgentPage::Open | AgentPage::Unknown => "",
    }
}

/// The agent's web configuration for a password of this bcrypt hash.
pub fn web(hash: &str) -> String {
    format!(
        "# How the node agent serves its page. Written by provision: changes are overwritten.\n\
         tls_server_config:\n  cert_file: {}\n  \
         key_file: /run/credentials/{}/agent.key\n\
         basic_auth_users:\n  {NAME}: {hash}\n",
        LoginPart::Certificate.path(),
        super::UNIT,
    )
}

#[cfg(test)]
mod tests;
