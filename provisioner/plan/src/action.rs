//! The closed set of things a change may do to a node, and how each is said
//! in POSIX sh. Scripts appear in the node's process list, so they carry no
//! secret: content travels on standard input.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use terrarium_k3s::sums::Sha256;

use crate::agent::login::LoginPart;
use crate::bytes::Bytes;
use crate::dpkg;
use crate::planner::Binary;
use crate::shell::quote;
use crate::systemd::patient;

/// One effect on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Action {
    /// Puts a file in place: temporary sibling, digest checked, synced, renamed.
    Write {
        /// Absolute path.
        path: String,
        /// Octal permission bits; `None` for somebody else's file, which keeps
        /// its own, and its owner.
        mode: Option<String>,
        /// What goes into it.
        content: Content,
        /// Keep a copy of what is there as `<path>.bak`, unless there is one.
        backup: bool,
        /// The sha256 of the version this one was made from: another one that
        /// has come since is not written over.
        #[serde(skip_serializing_if = "Option::is_none")]
        over: Option<String>,
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
    /// These bytes, which are no text: an edit of somebody else's file.
    Bytes(Bytes),
    /// A binary of the operator's cache.
    Artifact(Binary),
    /// A part of the agents' login: made for this run, or read from the server.
    Login(LoginPart),
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
            over: None,
        }
    }

    /// An edit of a file that is not ours, from what was read of it to what
    /// shall be there. Mode and owner stay as they are. Of what is there a copy is
    /// kept where `foreign`: nothing in it is ours yet.
    pub(crate) fn edit(path: &str, before: &Bytes, after: Vec<u8>, foreign: bool) -> Self {
        Self::Write {
            path: path.to_owned(),
            mode: None,
            content: match String::from_utf8(after) {
                Ok(text) => Content::Text(text),
                Err(other) => Content::Bytes(Bytes(other.into_bytes())),
            },
            backup: foreign,
            over: Some(Sha256::of(&before.0).to_string()),
        }
    }

    /// A script with the usual deadline of two minutes.
    pub fn run(script: impl Into<String>) -> Self {
        Self::Run { script: script.into(), deadline: 120 }
    }

    /// The same with every wait `patience` times as long, a second at least. What
    /// is work and no wait gets more time from patience, and never less.
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
            Self::Run { deadline, .. } => {
                *deadline = Duration::from_secs(*deadline).mul_f64(patience.max(1.0)).as_secs();
            }
            Self::Write { .. }
            | Self::Packages { .. }
            | Self::Package { .. }
            | Self::Kubectl { .. } => {}
        }
        action
    }

    /// Seconds it may take, or whatever it waits for.
    pub fn deadline(&self) -> u64 {
        match self {
            Self::Write { content: Content::Artifact(_), .. } => UPLOAD_DEADLINE,
            Self::Write { .. } => WRITE_DEADLINE,
            Self::Packages { .. } | Self::Package { .. } => PACKAGES_DEADLINE,
            Self::Run { deadline, .. }
            | Self::Wait { deadline, .. }
            | Self::Reboot { deadline }
            | Self::NodeReady { deadline }
            | Self::Kubectl { deadline, .. }
            | Self::Start(UnitWait { deadline, .. }) => *deadline,
        }
    }

    /// How the action is said in sh; `None` for those that the executor
    /// carries out itself. `sha256` is the digest of the content to write.
    pub fn step(&self, sha256: Option<&str>) -> Option<Step> {
        let deadline = self.deadline();
        let step = |script| Step { script, stdin: Stdin::Nothing, deadline };
        match self {
            Self::Write { path, mode, content, backup, over } => Some(Step {
                script: write(path, mode.as_deref(), content, *backup, over.as_deref(), sha256),
                stdin: Stdin::Content,
                deadline,
            }),
            Self::Packages { names } => Some(step(dpkg::packages(names))),
            Self::Package { archive, program, sha256 } => {
                Some(step(dpkg::package(archive, program, sha256)))
            }
            Self::Run { script, .. } => Some(step(patient(script))),
            Self::Wait { script, .. } => {
                Some(step(patient(&format!("until {{ {script}\n}}; do sleep 0.5; done"))))
            }
            Self::Start(_)
            | Self::Reboot { .. }
            | Self::Kubectl { .. }
            | Self::NodeReady { .. } => None,
        }
    }
}

/// Opens a script that makes files: none is readable to others before it is told
/// to be, and the unfinished one, `$t`, goes with the script, however that ends.
/// `timeout` and a lost connection end it by signals, which a plain exit trap
/// does not see.
pub(crate) const TIDY: &str = "set -e\numask 077\nt=\ntrap '[ -z \"$t\" ] || rm -f \"$t\"' EXIT\n\
     trap 'exit 129' HUP\ntrap 'exit 130' INT\ntrap 'exit 141' PIPE\ntrap 'exit 143' TERM\n";

/// Names the unfinished file beside the one in `variable`; what a power cut left
/// of earlier ones goes. Each script has a name of its own: one that lingers on
/// a dead connection must not take the file of the one that came after it.
fn unfinished(variable: &str) -> String {
    format!(
        "t=\"${variable}.terrarium-new.$$\"\n\
         rm -f \"${variable}.terrarium-new\" \"${variable}\".terrarium-new.*\n"
    )
}

fn write(
    path: &str,
    mode: Option<&str>,
    content: &Content,
    backup: bool,
    over: Option<&str>,
    sha256: Option<&str>,
) -> String {
    let mut script = format!("{TIDY}d={}\n", quote(path));
    if mode.is_none() {
        // A link stays one: what it leads to is written.
        script.push_str("d=$(readlink -f \"$d\")\n");
    }
    // With `-m` only the last folder would get the mode, those above it the umask's.
    script.push_str("(umask 022; mkdir -p \"${d%/*}\")\n");
    script.push_str("is() { s=$(sha256sum <\"$1\"); s=${s%% *}; [ \"$s\" = \"$2\" ]; }\n");
    if let Some(over) = over {
        // Sent once more because the answer was lost, it finds its own work.
        let done = sha256.map_or_else(String::new, |sha256| format!("is \"$d\" {sha256} || "));
        let _ = writeln!(
            script,
            "[ ! -e \"$d\" ] || {done}is \"$d\" {over} || {{ echo \"$d has changed since it was read: expected sha256 {over}, got $s; run the same command again\" >&2; exit 66; }}"
        );
    }
    if backup {
        script.push_str(&keep_copy(sha256));
    }
    script.push_str(&unfinished("d"));
    if mode.is_none() {
        script.push_str(
            "if [ -e \"$d\" ]; then cp -p \"$d\" \"$t\"; else : >\"$t\"; chmod 0644 \"$t\"; fi\n",
        );
    }
    script.push_str("cat >\"$t\"\n");
    if let Some(sha256) = sha256 {
        let _ = writeln!(
            script,
            "is \"$t\" {sha256} || {{ echo \"$d: expected sha256 {sha256}, got $s after the transfer\" >&2; exit 65; }}"
        );
    }
    if let Some(mode) = mode {
        let _ = writeln!(script, "chmod {mode} \"$t\"\nchown root:root \"$t\"");
    }
    script.push_str("sync \"$t\"\nmv -fT \"$t\" \"$d\"\nsync \"${d%/*}\"\n");
    if let (Content::Artifact(_), Some(sha256)) = (content, sha256) {
        script.push_str(&record(sha256));
    }
    script
}

/// Keeps what is there as `<file>.bak`. A copy of that name with another text may
/// be anybody's, and stays; ours is then `<file>.bak.1`, and so on. What will be
/// written is no former version.
fn keep_copy(sha256: Option<&str>) -> String {
    let wanted = sha256.map_or_else(String::new, |sha256| format!(" && ! is \"$d\" {sha256}"));
    format!(
        "if [ -e \"$d\" ]{wanted}; then\nb=\"$d.bak\" n=0\n\
         while [ -e \"$b\" ] && ! cmp -s \"$b\" \"$d\"; do n=$((n + 1)); b=\"$d.bak.$n\"; done\n\
         if [ ! -e \"$b\" ]; then\n{}cp -p \"$d\" \"$t\"\nsync \"$t\"\nmv -fT \"$t\" \"$b\"\nfi\nfi\n",
        unfinished("b")
    )
}

/// Keeps this digest of the file `$d`. Follows [`TIDY`].
pub(crate) fn record(sha256: &str) -> String {
    format!(
        "r={DIGESTS}\n(umask 022; mkdir -p \"${{r%/*}}\")\n{}\
         {{ grep -v \" $d\\$\" \"$r\" 2>/dev/null || :; stat -c '{sha256} %s %Y %Z %i %n' \"$d\"; }} >\"$t\"\n\
         mv -fT \"$t\" \"$r\"\n",
        unfinished("r")
    )
}

#[cfg(test)]
mod tests;
