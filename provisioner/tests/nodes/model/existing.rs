//! What a made-up node tells of the k3s that is on it. Secrets it does not take out:
//! that the script does so is held by tests of the script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Model;
use super::tokens::{AGENT_CA, CONFIG, SERVER_TOKEN};

/// The mark of whose cluster it is.
pub(crate) const MARK: &str = "/var/lib/rancher/k3s/cluster.terrarium";
pub(crate) const UNIT: &str = "/etc/systemd/system/k3s.service";
const AGENT_UNIT: &str = "/etc/systemd/system/k3s-agent.service";

impl Model {
    /// What the probe tells of it.
    pub(super) fn existing(&self) -> Vec<(String, String)> {
        let mut lines: Vec<(String, String)> = Vec::new();
        for (kind, path) in [("k3s_config", CONFIG), ("k3s_unit", UNIT), ("k3s_unit", AGENT_UNIT)] {
            if let Some(file) = self.files.get(path) {
                lines.push((format!("{kind} {path}"), BASE64.encode(&file.bytes)));
            }
        }
        for (of, path) in [
            (SERVER_TOKEN, SERVER_TOKEN),
            (AGENT_CA, "/var/lib/rancher/k3s/agent/client-kubelet.crt"),
        ] {
            if self.files.contains_key(of) {
                lines.push(("k3s_data".to_owned(), path.to_owned()));
            }
        }
        if let Some((_, name)) = self.text(MARK).split_once("cluster=") {
            lines.push(("cluster".to_owned(), name.trim().to_owned()));
        }
        lines
    }
}
