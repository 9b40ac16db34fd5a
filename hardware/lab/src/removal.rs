//! Taking a lab away, also what a crash has left of one.

use crate::daemon::Daemon;
use crate::docker::Engine;
use crate::network;
use crate::state::State;
use crate::{Paths, Progress, Result, Site};

/// How much to take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The lab: nodes, volumes, network, inventory.
    Lab,
    /// The lab's docker daemon as well.
    WithDaemon,
}

/// Takes the lab away; fine when there is none.
pub(crate) fn remove(
    paths: &Paths,
    site: Site,
    extent: Extent,
    progress: Progress<'_>,
) -> Result<()> {
    let state = State::new(paths);
    let _lock = state.lock()?;
    let daemon = Daemon::new(paths);
    let engine = match daemon.running()? {
        Some(engine) => Some(engine),
        // A lab may sit in the daemon's data after a crash.
        None if daemon.has_data() => Some(daemon.ensure(progress)?),
        None => None,
    };
    if let Some(engine) = &engine {
        let count = remove_nodes(engine, site)?;
        progress(&format!("nodes: {count} removed"));
        if !network::remove(engine)? {
            progress("network: other containers use it; left");
        }
    }
    state.clear()?;
    if extent == Extent::WithDaemon
        && let Some(engine) = engine
    {
        stop_daemon(&daemon, &engine, progress)?;
    }
    Ok(())
}

/// Removes the site's containers and volumes. How many containers there were.
pub(crate) fn remove_nodes(engine: &Engine, site: Site) -> Result<usize> {
    let filter = format!("label={}", site.label());
    let format = "{{.Names}}";
    let nodes = engine.list(["ps", "--all", "--filter", &filter, "--format", format])?;
    engine.remove(&["rm", "--force", "--volumes"], &nodes)?;
    let volumes = engine.list(["volume", "ls", "--quiet", "--filter", &filter])?;
    engine.remove(&["volume", "rm"], &volumes)?;
    Ok(nodes.len())
}

fn stop_daemon(daemon: &Daemon, engine: &Engine, progress: Progress<'_>) -> Result<()> {
    if engine.host().is_none() {
        progress("docker: the machine's own daemon; left");
        return Ok(());
    }
    let others = engine.list(["ps", "--all", "--format", "{{.Names}}"])?;
    if !others.is_empty() {
        progress(&format!(
            "docker: left running, it holds other containers: {}",
            others.join(", ")
        ));
        return Ok(());
    }
    if daemon.stop()? {
        progress("docker: the lab's daemon stopped");
    }
    Ok(())
}
