//! The agent's binary on the operator's machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use terrarium_k3s::sums::Sha256;

use crate::error::{Code, Failure};
use crate::settings::Settings;

/// A binary to bring to nodes.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    pub path: PathBuf,
    pub sha256: String,
}

/// Finds the agent for each machine: beside this program in `agent/<machine>/`,
/// or where `TERRARIUM_AGENT_DIR` says.
pub(crate) fn agents<'a>(
    machines: impl Iterator<Item = &'a str>,
    settings: &Settings,
) -> Result<BTreeMap<String, Local>, Failure> {
    let mut found = BTreeMap::new();
    for machine in machines {
        if !found.contains_key(machine) {
            found.insert(machine.to_owned(), agent(machine, settings)?);
        }
    }
    Ok(found)
}

fn agent(machine: &str, settings: &Settings) -> Result<Local, Failure> {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("agent")));
    let dirs: Vec<PathBuf> = settings.agent_dir.clone().into_iter().chain(beside).collect();
    let candidates: Vec<PathBuf> =
        dirs.iter().map(|dir| dir.join(machine).join("terrarium-agent")).collect();
    let Some(path) = candidates.iter().find(|path| path.is_file()) else {
        let list = candidates
            .iter()
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>()
            .join(" nor ");
        return Err(Failure::plain(
            Code::Usage,
            format!("no node agent for {machine}: neither {list} is there"),
        )
        .hint(Some("build it with `make dist`, or set TERRARIUM_AGENT_DIR".to_owned())));
    };
    Ok(Local { sha256: sha256(path)?, path: path.clone() })
}

fn sha256(path: &Path) -> Result<String, Failure> {
    let bytes = fs_err::read(path)
        .map_err(|error| Failure::new(Code::Internal, "cannot read the node agent", &error))?;
    Ok(Sha256::of(&bytes).to_string())
}
