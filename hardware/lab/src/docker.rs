//! A thin wrapper over the Docker command line.

use std::process::Command;

use crate::command::{capture, succeeds};
use crate::{LabError, Result};

/// The engine the lab's containers run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Engine {
    /// Address of a daemon of our own; `None` means the machine's.
    host: Option<String>,
}

impl Engine {
    /// The machine's running daemon, as `docker` finds it by itself.
    pub(crate) const fn machine() -> Self {
        Self { host: None }
    }

    /// A daemon listening on that Unix socket.
    pub(crate) fn at(socket: &str) -> Self {
        Self { host: Some(format!("unix://{socket}")) }
    }

    /// Its address, when it is our own.
    pub(crate) fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// `docker ARGS…`, addressed to this engine.
    pub(crate) fn command<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("docker");
        if let Some(host) = &self.host {
            command.env("DOCKER_HOST", host).env_remove("DOCKER_CONTEXT");
        }
        for arg in args {
            command.arg(arg.as_ref());
        }
        command
    }

    /// Runs `docker ARGS…` and gives its standard output.
    pub(crate) fn run<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Result<String> {
        capture(&mut self.command(args))
    }

    /// Whether the engine answers.
    pub(crate) fn answers(&self) -> Result<bool> {
        self.succeeds(["info", "--format", "{{.ID}}"])
    }

    /// Whether an object of that kind (`image`, `network`, …) is there.
    pub(crate) fn has(&self, kind: &str, name: &str) -> Result<bool> {
        self.succeeds([kind, "inspect", name])
    }

    /// Whether `docker ARGS…` ends well.
    pub(crate) fn succeeds<S: AsRef<str>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<bool> {
        succeeds(&mut self.command(args))
    }

    /// The names that a listing command prints, one a line.
    pub(crate) fn list<S: AsRef<str>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Vec<String>> {
        Ok(self.run(args)?.split_whitespace().map(str::to_owned).collect())
    }

    /// Removes objects, though some may just have gone by themselves.
    pub(crate) fn remove(&self, verb: &[&str], names: &[String]) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let args = verb.iter().copied().chain(names.iter().map(String::as_str));
        match self.run(args) {
            Err(LabError::Failed { output, .. }) if only_missing(&output) => Ok(()),
            other => other.map(drop),
        }
    }
}

/// Whether every complaint is that something is not there.
fn only_missing(output: &str) -> bool {
    !output.is_empty()
        && output.lines().all(|line| {
            let line = line.to_ascii_lowercase();
            line.contains("no such") || line.contains("not found")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_daemon_is_addressed_by_its_socket() {
        let command = Engine::at("/run/x.sock").command(["info"]);
        let host = command.get_envs().find(|(key, _)| *key == "DOCKER_HOST").unwrap().1;
        assert_eq!(host.unwrap(), "unix:///run/x.sock");
        assert_eq!(Engine::machine().command(["info"]).get_envs().count(), 0);
    }

    #[test]
    fn a_missing_object_is_no_failure_but_others_are() {
        assert!(only_missing("Error: No such container: a\nError: No such container: b"));
        assert!(!only_missing("Error: No such container: a\nError: volume is in use"));
        assert!(!only_missing(""));
    }
}
