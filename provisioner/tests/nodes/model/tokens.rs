//! The tokens of a made-up cluster: what k3s writes, and what is made for it.

use super::{KUBECONFIG, Model, Reply};
use crate::world::sha256;

pub(crate) const TOKEN: &str = "/etc/rancher/k3s/cluster-token";
pub(crate) const TOKEN_MARK: &str = "/etc/rancher/k3s/cluster-token.env";
pub(crate) const SECRET: &str = "/etc/rancher/k3s/agent-token";
const HANDED_OUT: &str = "/etc/rancher/k3s/server-token.handed-out";
pub(crate) const SERVER_TOKEN: &str = "/var/lib/rancher/k3s/server/token";
pub(crate) const AGENT_TOKEN: &str = "/var/lib/rancher/k3s/server/agent-token";
const SERVER_CA: &str = "/var/lib/rancher/k3s/server/tls/server-ca.crt";
pub(crate) const AGENT_CA: &str = "/var/lib/rancher/k3s/agent/server-ca.crt";
pub(crate) const CONFIG: &str = "/etc/rancher/k3s/config.yaml";

impl Model {
    /// What the probe tells of them.
    pub(super) fn tokens(&self, script: &str) -> Vec<(String, String)> {
        let mut lines: Vec<(String, String)> = Vec::new();
        let mut say = |key: &str, value: String| lines.push((key.to_owned(), value));
        if script.contains(AGENT_TOKEN) {
            let secret = match self.text(SECRET) {
                secret if secret.is_empty() => "missing",
                secret if self.text(AGENT_TOKEN).ends_with(&secret) => "in-force",
                _ => "pending",
            };
            say("agent_secret", secret.to_owned());
            if self.text(AGENT_TOKEN).contains("::node:") {
                say("token", sha256(self.text(AGENT_TOKEN).as_bytes()));
            }
            if self.text(HANDED_OUT) == sha256(self.text(SERVER_TOKEN).as_bytes()) {
                say("handed_out", "yes".to_owned());
            }
        } else if self.text(TOKEN).contains("::server:") {
            say("server_token", TOKEN.to_owned());
        }
        lines
    }

    /// Another secret each time; what agent nodes had to hold before the first is
    /// written down.
    pub(super) fn make_secret(&mut self, script: &str) -> Reply {
        let handed_out = script.contains(HANDED_OUT)
            && !self.files.contains_key(SECRET)
            && self.files.contains_key(SERVER_TOKEN);
        if handed_out {
            let digest = sha256(self.text(SERVER_TOKEN).as_bytes());
            self.put(HANDED_OUT, "600", digest.as_bytes());
        }
        self.secrets += 1;
        let secret = sha256(format!("{} {}", self.authority, self.secrets).as_bytes());
        self.put(SECRET, "600", format!("{secret}\n").as_bytes());
        Reply::done()
    }

    /// What k3s writes when a server starts.
    pub(super) fn start_server(&mut self) {
        let (authority, kubeconfig) = (self.authority.clone(), self.kubeconfig.clone());
        let hash = sha256(authority.as_bytes());
        let own = format!("K10{hash}::server:{}\n", sha256(hash.as_bytes()));
        let agents = match self.text(SECRET) {
            secret if !secret.is_empty() && self.text(CONFIG).contains("agent-token-file") => {
                format!("K10{hash}::node:{secret}")
            }
            _ => own.clone(),
        };
        for (path, text) in [
            (SERVER_CA, authority),
            (SERVER_TOKEN, own),
            (AGENT_TOKEN, agents),
            (KUBECONFIG, kubeconfig),
        ] {
            self.put(path, "600", text.as_bytes());
        }
    }
}
