//! The program under test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::broker::Broker;
use crate::http;

/// The configuration of one case, in a folder of its own.
pub(crate) struct Setup {
    pub(crate) folder: tempfile::TempDir,
    config: PathBuf,
}

impl Setup {
    /// With the login that the broker knows.
    pub(crate) fn new(broker: &Broker, rest: &str) -> Self {
        let (user, password) = broker.login();
        Self::with(&kafka(&broker.address, Some((&user, &password))), &broker.registry, rest)
    }

    /// Over the listener that asks for no login: connecting is quicker.
    pub(crate) fn quick(broker: &Broker, rest: &str) -> Self {
        Self::with(&kafka(&broker.inside, None), &broker.registry, rest)
    }

    pub(crate) fn with(kafka: &str, registry: &str, rest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("source.toml");
        let text = format!(
            "{kafka}[registry]\nurl = \"{registry}\"\n\
             [http]\nlisten = \"127.0.0.1:0\"\n{rest}"
        );
        std::fs::write(&config, text).unwrap();
        Self { folder, config }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(words).arg("--config").arg(&self.config).stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    pub(crate) fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Starts, with standard error in a file.
    pub(crate) fn start(&self, words: &[&str]) -> Running {
        let log = self.folder.path().join("log");
        let stderr = std::fs::File::create(&log).unwrap();
        let child = self.command(words).stderr(stderr).spawn().unwrap();
        Running { child, log }
    }
}

/// The program as it is shipped, where `TERRARIUM_SOURCE_DIR` names a folder that
/// build.sh filled; else the one that was built with this test.
pub(crate) fn program() -> PathBuf {
    match std::env::var_os("TERRARIUM_SOURCE_DIR") {
        Some(folder) => Path::new(&folder).join(std::env::consts::ARCH).join("terrarium-source"),
        None => env!("CARGO_BIN_EXE_terrarium-source").into(),
    }
}

/// The section `[kafka]`.
pub(crate) fn kafka(address: &str, login: Option<(&Path, &Path)>) -> String {
    let login = login.map_or_else(String::new, |(user, password)| {
        let (user, password) = (user.display(), password.display());
        format!("username_file = \"{user}\"\npassword_file = \"{password}\"\n")
    });
    format!("[kafka]\nbootstrap = \"{address}\"\n{login}")
}

/// A running program; killed when the test forgets it.
pub(crate) struct Running {
    pub(crate) child: Child,
    log: PathBuf,
}

impl Running {
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Where it serves health and metrics.
    pub(crate) fn base(&self) -> String {
        let found = |log: &str| {
            let (_, after) = log.split_once("serving /metrics on ")?;
            Some(after.split_once('\n')?.0.to_owned())
        };
        wait_for("the program's address", || found(&self.log()))
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        http::get(&format!("{}{path}", self.base()))
    }

    /// The most memory it ever had resident, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; whether it ended well.
    pub(crate) fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until there is something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "waited two minutes for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
