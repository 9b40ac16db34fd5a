//! The closed set of things a change may do to a node, and how each is said
//! in POSIX sh. Scripts appear in the node's process list, so they carry no
//! secret: content travels on standard input.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::dpkg;
use crate::planner::Binary;
use crate::shell::quote;

/// One effect on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Action {
    /// Puts a file in place: temporary sibling, digest checked, synced, renamed.
    Write {
        /// Absolute path.
        path: String,
        /// Octal permission bits; `None` where the file system has none (the boot partition).
        mode: Option<String>,
        /// What goes into it.
        content: Content,
        /// Keep the first version seen as `<path>.bak`.
        backup: bool,
    },
    /// Installs Debian packages, waiting for the dpkg lock, in a unit of its
    /// own that a lost connection does not end.
    Packages {
        /// Their names.
        names: Vec<String>,
    },
    /// Installs a Debian package that was brought, over whatever is there of
    /// it, as `Packages` does, and takes its archive away.
    Package {
        /// Where its archive lies.
        archive: String,
        /// The program it leaves.
        program: String,
        /// The program's digest.
        sha256: String,
    },
    /// Runs a script.
    Run {
        /// POSIX sh.
        script: String,
        /// Seconds it may take.
        deadline: u64,
    },
    /// Waits until a script succeeds.
    Wait {
        /// What is waited for, to be read after "waiting for".
        what: String,
        /// POSIX sh; exit 0 ends the wait.
        script: String,
        /// Seconds it may take.
        deadline: u64,
        /// What to do when it does not happen.
        hint: String,
    },
    /// Starts (or restarts) a unit without blocking, then watches it and its journal.
    Start(UnitWait),
    /// Restarts the node and waits until it is back with another PID 1.
    Reboot {
        /// Seconds until it must be back.
        deadline: u64,
    },
    /// Runs kubectl on the server.
    Kubectl {
        /// Arguments.
        args: Vec<String>,
        /// Seconds it may take.
        deadline: u64,
    },
    /// Waits until Kubernetes calls the node Ready.
    NodeReady {
        /// Seconds it may take.
        deadline: u64,
    },
}

/// Which unit to start, and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitWait {
    /// Unit name with its suffix.
    pub unit: String,
    /// `TERRARIUM_GENERATION` of the wanted process: one that is already on
    /// its way up with it is watched, not restarted.
    pub generation: String,
    /// A file whose digest such a process must have as `TERRARIUM_TOKEN` too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Seconds until it must be active.
    pub deadline: u64,
}

/// What goes into a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// This text.
    Text(String),
    /// A binary of the operator's cache.
    Artifact(Binary),
    /// The token agent nodes join by, read from the live server when it is needed.
    JoinToken,
    /// Its digest, as the unit of an agent node reads it.
    JoinTokenMark,
}

/// An action as the executor sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// POSIX sh, run as root.
    pub script: String,
    /// What its standard input carries.
    pub stdin: Stdin,
    /// Seconds it may take.
    pub deadline: u64,
}

/// What a step reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stdin {
    /// Nothing.
    Nothing,
    /// The content of the action.
    Content,
}

/// Where the digests of large files are kept, so that a probe need not read
/// them: `sha256 size mtime ctime inode path`. A file whose stat differs is hashed.
pub(crate) const DIGESTS: &str = "/var/lib/terrarium/digests";

const WRITE_DEADLINE: u64 = 60;
const UPLOAD_DEADLINE: u64 = 1800;
const PACKAGES_DEADLINE: u64 = 1800;

impl Action {
    /// A text file owned by root.
    pub fn text(path: &str, mode: &str, text: impl Into<String>) -> Self {
        Self::Write {
            path: path.to_owned(),
            mode: Some(mode.to_owned()),
            content: Content::Text(text.into()),
            backup: false,
        }
    }

    /// A script with the usual deadline of two minutes.
    pub fn run(script: impl Into<String>) -> Self {
        Self::Run { script: script.into(), deadline: 120 }
    }

    /// The same with every wait `patience` times as long, a second at least.
    #[must_use]
    pub fn patient(&self, patience: f64) -> Self {
        let mut action = self.clone();
        match &mut action {
            Self::Wait { deadline, .. }
            | Self::Reboot { deadline }
            | Self::NodeReady { deadline }
            | Self::Start(UnitWait { deadline, .. }) => {
                *deadline = Duration::from_secs(*deadline).mul_f64(patience).as_secs().max(1);
            }
            Self::Write { .. }
            | Self::Packages { .. }
            | Self::Package { .. }
            | Self::Run { .. }
            | Self::Kubectl { .. } => {}
        }
        action
    }

    /// How the action is said in sh; `None` for those that the executor
    /// carries out itself. `sha256` is the digest of the content to write.
    pub fn step(&self, sha256: Option<&str>) -> Option<Step> {
        let step = |script, deadline| Step { script, stdin: Stdin::Nothing, deadline };
        match self {
            Self::Write { path, mode, content, backup } => Some(Step {
                script: write(path, mode.as_deref(), content, *backup, sha256),
                stdin: Stdin::Content,
                deadline: match content {
                    Content::Artifact(_) => UPLOAD_DEADLINE,
                    Content::Text(_) | Content::JoinToken | Content::JoinTokenMark => {
                        WRITE_DEADLINE
                    }
                },
            }),
            Self::Packages { names } => Some(step(dpkg::packages(names), PACKAGES_DEADLINE)),
            Self::Package { archive, program, sha256 } => {
                Some(step(dpkg::package(archive, program, sha256), PACKAGES_DEADLINE))
            }
            Self::Run { script, deadline } => Some(step(script.clone(), *deadline)),
            Self::Wait { script, deadline, .. } => {
                let script = format!("until {{ {script}\n}}; do sleep 0.5; done");
                Some(step(script, *deadline))
            }
            Self::Start(_)
            | Self::Reboot { .. }
            | Self::Kubectl { .. }
            | Self::NodeReady { .. } => None,
        }
    }
}

fn write(
    path: &str,
    mode: Option<&str>,
    content: &Content,
    backup: bool,
    sha256: Option<&str>,
) -> String {
    let mut script = format!("set -e\numask 077\nd={}\nt=\"$d.terrarium-new\"\n", quote(path));
    // With `-m` only the last folder would get the mode, those above it the umask's.
    script.push_str("(umask 022; mkdir -p \"${d%/*}\")\ncat >\"$t\"\n");
    if let Some(sha256) = sha256 {
        let _ = writeln!(
            script,
            "s=$(sha256sum <\"$t\")\n[ \"${{s%% *}}\" = {sha256} ] || {{ rm -f \"$t\"; echo \"$d: expected sha256 {sha256}, got ${{s%% *}} after the transfer\" >&2; exit 65; }}"
        );
    }
    if let Some(mode) = mode {
        let _ = writeln!(script, "chmod {mode} \"$t\"\nchown root:root \"$t\"");
    }
    script.push_str("sync \"$t\"\n");
    if backup {
        script.push_str("if [ -e \"$d\" ] && [ ! -e \"$d.bak\" ]; then cp -p \"$d\" \"$d.bak\"; sync \"$d.bak\"; fi\n");
    }
    script.push_str("mv -fT \"$t\" \"$d\"\nsync \"${d%/*}\"\n");
    if let (Content::Artifact(_), Some(sha256)) = (content, sha256) {
        script.push_str(&record(sha256));
    }
    script
}

/// Keeps this digest of the file `$d`.
pub(crate) fn record(sha256: &str) -> String {
    format!(
        "r={DIGESTS}\n(umask 022; mkdir -p \"${{r%/*}}\")\n\
         {{ grep -v \" $d\\$\" \"$r\" 2>/dev/null || :; stat -c '{sha256} %s %Y %Z %i %n' \"$d\"; }} >\"$r.new\"\n\
         mv -fT \"$r.new\" \"$r\"\n"
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::{fs, process};

    use terrarium_k3s::sums::Sha256;

    use super::*;

    fn write_step(backup: bool, mode: Option<&str>) -> Step {
        let action = Action::Write {
            path: "/etc/x y".to_owned(),
            mode: mode.map(str::to_owned),
            content: Content::Text("secret".to_owned()),
            backup,
        };
        action.step(Some("abc")).unwrap()
    }

    #[test]
    fn content_travels_on_standard_input_and_never_in_the_script() {
        let step = write_step(false, Some("0600"));
        assert_eq!(step.stdin, Stdin::Content);
        assert!(!step.script.contains("secret"));
    }

    #[test]
    fn a_write_checks_syncs_and_renames_in_that_order() {
        let script = write_step(true, Some("0644")).script;
        let order = ["cat >", "sha256sum", "chmod 0644", "sync \"$t\"", ".bak", "mv -fT"];
        let at: Vec<usize> = order.iter().map(|part| script.find(part).unwrap()).collect();
        assert!(at.is_sorted(), "{script}");
    }

    #[test]
    fn a_file_on_the_boot_partition_gets_no_mode_or_owner() {
        let script = write_step(true, None).script;
        assert!(!script.contains("chmod") && !script.contains("chown"), "{script}");
    }

    /// The mode of a file or folder, as octal text.
    fn mode(path: &Path) -> String {
        format!("{:o}", path.metadata().unwrap().permissions().mode() & 0o7777)
    }

    #[test]
    fn new_folders_are_open_to_all_and_the_file_to_its_mode() {
        let root = tempfile::tempdir().unwrap();
        // Only root may give a file away: what is wished is written down instead.
        let chown = root.path().join("bin/chown");
        fs::create_dir(root.path().join("bin")).unwrap();
        fs::write(&chown, "#!/bin/sh\necho \"$1\" >\"${0%/*}/owner\"\n").unwrap();
        fs::set_permissions(&chown, fs::Permissions::from_mode(0o755)).unwrap();
        let path = root.path().join("etc/rancher/k3s/config.yaml");
        let digest = Sha256::of(b"text\n");
        let step = Action::text(path.to_str().unwrap(), "0600", "text\n")
            .step(Some(&digest.to_string()))
            .unwrap();

        let bin = chown.parent().unwrap();
        let search = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut sh = process::Command::new("sh")
            .args(["-c", &step.script])
            .env("PATH", search)
            .stdin(process::Stdio::piped())
            .spawn()
            .unwrap();
        sh.stdin.take().unwrap().write_all(b"text\n").unwrap();
        assert!(sh.wait().unwrap().success());

        assert_eq!(fs::read_to_string(&path).unwrap(), "text\n");
        assert_eq!(fs::read_to_string(bin.join("owner")).unwrap(), "root:root\n");
        assert_eq!(mode(&path), "600");
        for folder in path.ancestors().skip(1).take(3) {
            assert_eq!(mode(folder), "755", "{}", folder.display());
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left");
    }

    #[test]
    fn patience_stretches_waits_and_nothing_else() {
        let deadline = |action: &Action| match action {
            Action::Reboot { deadline } | Action::Kubectl { deadline, .. } => *deadline,
            other => panic!("{other:?}"),
        };
        let reboot = Action::Reboot { deadline: 600 };
        for (patience, seconds) in [(1.0, 600), (2.5, 1500), (0.1, 60), (0.0001, 1)] {
            assert_eq!(deadline(&reboot.patient(patience)), seconds);
        }
        let kubectl = Action::Kubectl { args: Vec::new(), deadline: 60 };
        assert_eq!(deadline(&kubectl.patient(5.0)), 60);
    }
}
