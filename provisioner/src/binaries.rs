//! Our own programs for the nodes, on the operator's machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use terrarium_k3s::sums::Sha256;
use terrarium_ssh::places::{Me, Rule};

use crate::error::{Code, Failure};
use crate::places;
use crate::settings::Settings;

/// The machines programs are built for.
pub(crate) const MACHINES: [&str; 2] = ["aarch64", "x86_64"];

/// A binary to bring to nodes.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    pub path: PathBuf,
    pub sha256: String,
}

/// One of our programs, and where it may lie.
struct Program<'a> {
    /// Its file's name, for a machine.
    name: fn(&str) -> String,
    what: &'static str,
    /// Its folder beside this program; below it one for each machine.
    folder: &'static str,
    /// Where the environment says it is, and how it says so.
    told: Option<&'a Path>,
    variable: &'static str,
    me: &'a Me,
}

fn agent(settings: &Settings) -> Program<'_> {
    Program {
        name: package,
        what: "package of the node agent",
        folder: "agent",
        told: settings.agent_dir.as_deref(),
        variable: "TERRARIUM_AGENT_DIR",
        me: &settings.me,
    }
}

fn source(settings: &Settings) -> Program<'_> {
    Program {
        name: |_| "terrarium-source".to_owned(),
        what: "program of the sources",
        folder: "source",
        told: settings.source_dir.as_deref(),
        variable: "TERRARIUM_SOURCE_DIR",
        me: &settings.me,
    }
}

/// As dpkg calls machines, and `agent/deb/build.sh` packages.
fn package(machine: &str) -> String {
    let architecture = match machine {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        other => other,
    };
    format!("terrarium-agent_{}_{architecture}.deb", env!("CARGO_PKG_VERSION"))
}

/// The agent's package for each machine.
pub(crate) fn agents<'a>(
    machines: impl Iterator<Item = &'a str>,
    settings: &Settings,
) -> Result<BTreeMap<String, Local>, Failure> {
    each(&agent(settings), machines)
}

/// The sources' program for each machine.
pub(crate) fn sources<'a>(
    machines: impl Iterator<Item = &'a str>,
    settings: &Settings,
) -> Result<BTreeMap<String, Local>, Failure> {
    each(&source(settings), machines)
}

/// The sources' program for every machine it was built for: at least one.
pub(crate) fn every_source(settings: &Settings) -> Result<BTreeMap<String, Local>, Failure> {
    let program = source(settings);
    let built = MACHINES.into_iter().filter(|machine| program.built(machine).is_some());
    let found = each(&program, built)?;
    if found.is_empty() { each(&program, [std::env::consts::ARCH].into_iter()) } else { Ok(found) }
}

fn each<'a>(
    program: &Program<'_>,
    machines: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, Local>, Failure> {
    let mut found = BTreeMap::new();
    for machine in machines {
        if !found.contains_key(machine) {
            found.insert(machine.to_owned(), program.find(machine)?);
        }
    }
    Ok(found)
}

impl Program<'_> {
    fn candidates(&self, machine: &str) -> Vec<PathBuf> {
        let exe = std::env::current_exe().ok();
        let beside = exe.and_then(|exe| Some(exe.parent()?.join(self.folder)));
        let dirs = self.told.map(Path::to_owned).into_iter().chain(beside);
        dirs.map(|dir| dir.join(machine).join((self.name)(machine))).collect()
    }

    fn built(&self, machine: &str) -> Option<PathBuf> {
        self.candidates(machine).into_iter().find(|path| path.is_file())
    }

    fn find(&self, machine: &str) -> Result<Local, Failure> {
        let Some(path) = self.built(machine) else {
            let candidates = self.candidates(machine);
            let list: Vec<String> =
                candidates.iter().map(|path| path.display().to_string()).collect();
            // Without /proc nobody tells a program where it lies.
            let seen = match list.as_slice() {
                [] => "this machine does not tell where `provision` lies (/proc is not mounted)"
                    .to_owned(),
                list => format!("{} not found", list.join(" and ")),
            };
            return Err(Failure::plain(
                Code::Usage,
                format!("no {} for {machine}: {seen}", self.what),
            )
            .hint(Some(format!("build it with `make dist`, or set {}", self.variable))));
        };
        places::hold(&format!("the {}", self.what), &path, Rule::Ours, self.me)?;
        let bytes = fs_err::read(&path).map_err(|error| {
            Failure::new(Code::Internal, format!("cannot read the {}", self.what), &error)
        })?;
        Ok(Local { sha256: Sha256::of(&bytes).to_string(), path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_was_not_built_is_named_with_what_builds_it() {
        let nowhere = Some(PathBuf::from("/nowhere"));
        let settings = Settings {
            source_dir: nowhere.clone(),
            agent_dir: nowhere,
            ..Settings::from_environment()
        };
        let package = concat!("terrarium-agent_", env!("CARGO_PKG_VERSION"), "_arm64.deb");
        for (found, name, variable) in [
            (
                sources(["aarch64"].into_iter(), &settings),
                "terrarium-source",
                "TERRARIUM_SOURCE_DIR",
            ),
            (agents(["aarch64"].into_iter(), &settings), package, "TERRARIUM_AGENT_DIR"),
        ] {
            let failure = found.unwrap_err();
            assert_eq!(failure.code, Code::Usage);
            let line = failure.line();
            for part in [&format!("/nowhere/aarch64/{name}"), "make dist", variable] {
                assert!(line.contains(part), "{line}");
            }
        }
    }
}
