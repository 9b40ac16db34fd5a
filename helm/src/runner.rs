//! Driving the real `helm`.

mod remove;
mod render;

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use crate::children::{Children, Ended};
use crate::plan::{Kind, Recovery, ReleaseChange, Restore};
use crate::release::{DIGEST_LABEL, Release};

/// Revisions helm keeps of a release: the one in place and two to go back to.
const HISTORY: &str = "--history-max=3";

/// How much longer than its own `--timeout` helm may take before it is killed.
const GRACE: Duration = Duration::from_mins(1);

/// Where helm is and which cluster it talks to.
#[derive(Debug, Clone)]
pub struct Helm {
    /// The program.
    pub program: PathBuf,
    /// The kubeconfig file.
    pub kubeconfig: PathBuf,
    /// The context in it; `None` for the current one.
    pub context: Option<String>,
    /// A folder of ours: helm's own caches and the temporary charts go there.
    pub cache: PathBuf,
    /// How long one release may take to become ready.
    pub timeout: Duration,
    /// Where helm is told from while it runs.
    pub children: Children,
}

/// Helm did not do it.
#[derive(Debug, thiserror::Error)]
pub enum HelmError {
    /// Chart or values could not be laid out for helm.
    #[error("cannot write the chart of release {release} below {folder}")]
    Prepare {
        /// The release.
        release: String,
        /// Our cache folder.
        folder: PathBuf,
        /// Names the file.
        #[source]
        source: std::io::Error,
    },
    /// The program could not be run.
    #[error("cannot run {program}")]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It outlived its own deadline.
    #[error("`helm {command} {release}` did not end within {seconds} s and was killed")]
    Hung {
        /// The release.
        release: String,
        /// Helm's subcommand.
        command: String,
        /// Our deadline.
        seconds: u64,
    },
    /// What it printed is not what it was asked for.
    #[error("helm's answer about release {release} cannot be read")]
    Answer {
        /// The release.
        release: String,
    },
    /// It ended in a failure.
    #[error("`helm {command} {release}` failed ({status}): {stderr}")]
    Failed {
        /// The release.
        release: String,
        /// Helm's subcommand.
        command: String,
        /// As the system has it.
        status: ExitStatus,
        /// The last lines helm wrote.
        stderr: String,
    },
}

impl HelmError {
    /// What helm says when the API is not there: it is being started again, or
    /// the server's node is.
    const AWAY: [&str; 12] = [
        "cluster unreachable",
        "connection refused",
        "connection reset",
        "connection lost",
        "no route to host",
        "i/o timeout",
        "tls handshake timeout",
        "unexpected eof",
        ": eof",
        "currently unable to handle the request",
        "apiserver not ready",
        "leader changed",
    ];
    /// What it says when it waited for pods or jobs in vain.
    const WAITED: [&str; 6] = [
        "deadline exceeded",
        "timed out",
        "not ready",
        "would exceed context deadline",
        "hooks failed",
        "backofflimitexceeded",
    ];

    /// Whether the cluster's API did not answer.
    pub fn is_away(&self) -> bool {
        self.says(&Self::AWAY)
    }

    /// Whether it waited in vain: why, the pods tell.
    pub fn waited(&self) -> bool {
        matches!(self, Self::Hung { .. }) || self.says(&Self::WAITED)
    }

    fn says(&self, words: &[&str]) -> bool {
        let Self::Failed { stderr, .. } = self else { return false };
        let said = stderr.to_lowercase();
        words.iter().any(|word| said.contains(word))
    }
}

impl Helm {
    /// Carries out one change and waits until the release is ready. A release
    /// that does not become ready stays as it is, for diagnosis; the next run
    /// takes it up again.
    pub async fn apply(&self, change: &ReleaseChange) -> Result<(), HelmError> {
        let folder = self.lay_out(&change.release)?;
        for arguments in steps(change, folder.path(), self.timeout) {
            self.run(change.release.name.as_str(), &arguments).await?;
        }
        Ok(())
    }

    fn lay_out(&self, release: &Release) -> Result<TempDir, HelmError> {
        layout(release, &self.cache).map_err(|source| HelmError::Prepare {
            release: release.name.to_string(),
            folder: self.cache.clone(),
            source,
        })
    }

    /// Runs helm about a release and gives its standard output.
    async fn run(&self, release: &str, arguments: &[String]) -> Result<String, HelmError> {
        // Helm's subcommands of two words are told by both.
        let words = arguments.iter().take_while(|word| *word != release);
        let command = words.map(String::as_str).collect::<Vec<_>>().join(" ");
        let deadline = self.timeout + GRACE;
        let name = release.to_owned();
        let ended = self.children.run(self.command(arguments), deadline).await;
        let output = match ended {
            Ok(Ended::Alone(output)) => output,
            Ok(Ended::Late) => {
                return Err(HelmError::Hung {
                    release: name,
                    command,
                    seconds: deadline.as_secs(),
                });
            }
            Err(source) => {
                return Err(HelmError::Start { program: self.program.clone(), source });
            }
        };
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let stderr = tail(&String::from_utf8_lossy(&output.stderr));
        Err(HelmError::Failed { release: name, command, status: output.status, stderr })
    }

    /// Nothing of the user's helm settings, plugins or repositories plays a part.
    fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--kubeconfig").arg(&self.kubeconfig);
        if let Some(context) = &self.context {
            command.args(["--kube-context", context]);
        }
        command.env_clear();
        for (name, folder) in [("CACHE", "cache"), ("CONFIG", "config"), ("DATA", "data")] {
            command.env(format!("HELM_{name}_HOME"), self.cache.join("helm-home").join(folder));
        }
        // A kubeconfig may name a program that fetches the credentials.
        for name in ["PATH", "HOME", "HTTPS_PROXY", "NO_PROXY"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The calls of helm that carry out `change`, in order, without what says which
/// cluster.
fn steps(change: &ReleaseChange, folder: &Path, timeout: Duration) -> Vec<Vec<String>> {
    let Release { name, namespace, .. } = &change.release;
    let common = [format!("--namespace={namespace}"), format!("--timeout={}s", timeout.as_secs())];
    let step = |words: &[String]| words.iter().chain(&common).cloned().collect::<Vec<_>>();
    let wait = ["--wait".to_owned(), "--wait-for-jobs".to_owned()];
    let rollback = |revision: u32| {
        ["rollback".to_owned(), name.to_string(), revision.to_string(), HISTORY.to_owned()]
    };
    let first = match &change.kind {
        Kind::Repair(Restore { revision, .. }) => {
            return vec![step(&[rollback(*revision).as_slice(), &wait].concat())];
        }
        Kind::Install | Kind::Upgrade | Kind::Recover(Recovery::Retry) => None,
        Kind::Recover(Recovery::Rollback(revision)) => Some(step(&rollback(*revision))),
        Kind::Recover(Recovery::Reinstall) => Some(step(&[
            "uninstall".to_owned(),
            name.to_string(),
            "--ignore-not-found".to_owned(),
            "--wait".to_owned(),
        ])),
    };
    let upgrade = step(&[
        "upgrade".to_owned(),
        name.to_string(),
        folder.join("chart").display().to_string(),
        "--install".to_owned(),
        format!("--values={}", folder.join("values.json").display()),
        format!("--labels={DIGEST_LABEL}={}", change.release.short_digest()),
        HISTORY.to_owned(),
        "--wait".to_owned(),
        "--wait-for-jobs".to_owned(),
    ]);
    first.into_iter().chain([upgrade]).collect()
}

/// The chart and its values in a folder only we can read, gone when dropped.
/// Some dozen small files: not worth another thread.
fn layout(release: &Release, cache: &Path) -> std::io::Result<TempDir> {
    fs_err::create_dir_all(cache)?;
    let folder = tempfile::Builder::new().prefix("release-").tempdir_in(cache)?;
    for (path, content) in &release.chart.files {
        let path = folder.path().join("chart").join(path);
        if let Some(parent) = path.parent() {
            fs_err::create_dir_all(parent)?;
        }
        fs_err::write(path, content)?;
    }
    let mut values = std::fs::OpenOptions::new();
    values.write(true).create_new(true).mode(0o600);
    let mut values = values.open(folder.path().join("values.json"))?;
    values.write_all(release.values.to_string().as_bytes())?;
    Ok(folder)
}

/// The last lines, as one: helm's own error is the last, a schema's complaints
/// are several.
fn tail(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.get(lines.len().saturating_sub(6)..).unwrap_or_default().join("; ")
}

#[cfg(test)]
mod tests;
