//! Probes beside the server: where their services are, and when their
//! configuration is read again.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::signal::unix::Signal;

use super::ServeError;
use super::watching::free;
use crate::agent::Agent;
use crate::cgroup::Shared;
use crate::config::reload::Live;
use crate::probe::Prober;

/// The configuration in force, if there is a file.
pub(super) type Probing = Option<Arc<Mutex<Live>>>;

/// Reads the file and makes the probes it asks for.
pub(super) fn start(path: Option<PathBuf>, agent: &Agent) -> Result<Probing, ServeError> {
    let Some(path) = path else { return Ok(None) };
    let pods = Shared::clone(agent.pods());
    let aside = agent.aside().clone();
    let locate = move |namespace: &str, container: &str| {
        let (pods, namespace) = (Shared::clone(&pods), namespace.to_owned());
        let container = container.to_owned();
        aside.get(move || locate(&pods, &namespace, &container))
    };
    let prober = Prober::new(agent.probes(), Box::new(locate)).map_err(ServeError::Probes)?;
    let registry = agent.registered().registry();
    let mut live = Live::new(path, prober, registry).map_err(ServeError::Register)?;
    live.reload();
    Ok(Some(Arc::new(Mutex::new(live))))
}

/// Reads the file again at every SIGHUP; without a file that is no reason to
/// end, either.
pub(super) async fn follow(mut told: Signal, probing: Probing) {
    while told.recv().await.is_some() {
        if let Some(live) = &probing {
            // Nothing that is done with it panics: the lock is sound.
            live.lock().unwrap_or_else(PoisonError::into_inner).reload();
        }
    }
}

/// The address of the first pod here with such a container.
fn locate(pods: &Shared, namespace: &str, container: &str) -> Option<IpAddr> {
    let mut index = free(pods)?;
    // What could not be listed now is looked for again before the next probe.
    let _ = index.refresh();
    let has = |pod: &&crate::cgroup::Pod| {
        pod.namespace == namespace
            && pod.address.is_some()
            && pod.containers.iter().any(|found| found.names.container == container)
    };
    let pod = index.pods().iter().find(has)?;
    pod.address.map(|address| address.ip)
}
