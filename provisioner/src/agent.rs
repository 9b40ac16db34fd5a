//! Asking the node agents, from the operator's machine.

use std::time::Duration;

const PORT: u16 = 9100;
const WITHIN: Duration = Duration::from_secs(3);

/// Whether the agent on this host says that it is well.
pub(crate) async fn answers(host: &str) -> bool {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let asked = tokio::task::spawn_blocking(move || {
        let client = ureq::Agent::config_builder()
            .timeout_global(Some(WITHIN))
            .proxy(None)
            .build()
            .new_agent();
        client.get(format!("http://{host}:{PORT}/healthz")).call().is_ok()
    });
    asked.await.unwrap_or(false)
}
