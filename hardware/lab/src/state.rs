//! What a lab remembers between commands, and who may work on it.

use std::fs::TryLockError;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{LabError, Options, Paths, Result, Snapshot};

/// The files of the state directory that a lab consists of.
const OF_A_LAB: &[&str] = &[
    "lab.json",
    "kernel.json",
    "pis.toml",
    "pis.lock.toml",
    "password",
    "known_hosts",
    "kubeconfig",
];

/// The state directory of a lab.
#[derive(Debug)]
pub(crate) struct State {
    dir: PathBuf,
}

impl State {
    pub(crate) fn new(paths: &Paths) -> Self {
        Self { dir: paths.state.clone() }
    }

    /// The path of a file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Takes the lock that one command at a time holds; it goes with the value.
    pub(crate) fn lock(&self) -> Result<std::fs::File> {
        fs_err::create_dir_all(&self.dir)?;
        let path = self.file("lock");
        let mut file =
            std::fs::OpenOptions::new().create(true).write(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs_err::read_to_string(&path)?.trim().to_owned();
                return Err(LabError::Locked { holder });
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.set_len(0)?;
        writeln!(file, "process {}", std::process::id())?;
        Ok(file)
    }

    /// The options the lab was brought up with; `None` when there is no lab.
    pub(crate) fn options(&self) -> Result<Option<Options>> {
        self.read("lab.json")
    }

    pub(crate) fn save_options(&self, options: &Options) -> Result<()> {
        self.write("lab.json", options)
    }

    /// The machine's kernel as it was before the lab.
    pub(crate) fn kernel(&self) -> Result<Option<Snapshot>> {
        self.read("kernel.json")
    }

    /// Notes the machine's kernel as it is, once per lab.
    pub(crate) fn note_kernel(&self) -> Result<()> {
        if self.file("kernel.json").exists() {
            return Ok(());
        }
        self.write("kernel.json", &Snapshot::take()?)
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write_private(&self, name: &str, content: &str) -> Result<()> {
        let path = self.file(name);
        self.forget(&[name])?;
        let mut file =
            std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
        Ok(file.write_all(content.as_bytes())?)
    }

    /// Removes files, where they are there.
    pub(crate) fn forget(&self, names: &[&str]) -> Result<()> {
        for name in names {
            let path = self.file(name);
            if path.exists() {
                fs_err::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Removes everything a lab consists of; logs stay.
    pub(crate) fn clear(&self) -> Result<()> {
        self.forget(OF_A_LAB)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.file(name);
        if !path.exists() {
            return Ok(None);
        }
        parse(&path).map(Some)
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.file(name);
        fs_err::create_dir_all(&self.dir)?;
        let text = serde_json::to_string_pretty(value)
            .map_err(|source| LabError::State { path: path.clone(), source })?;
        Ok(fs_err::write(path, text)?)
    }
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs_err::read_to_string(path)?;
    serde_json::from_str(&text).map_err(|source| LabError::State { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn state() -> (tempfile::TempDir, State) {
        let dir = tempfile::tempdir().unwrap();
        let state = State { dir: dir.path().join("lab") };
        (dir, state)
    }

    #[test]
    fn options_come_back_as_they_were_until_cleared() {
        let (_dir, state) = state();
        assert_eq!(state.options().unwrap(), None);
        let options = Options { nodes: 2, memory_bytes: Some(5), ..Options::default() };
        state.save_options(&options).unwrap();
        assert_eq!(state.options().unwrap(), Some(options));
        state.clear().unwrap();
        assert_eq!(state.options().unwrap(), None);
    }

    #[test]
    fn one_command_at_a_time() {
        let (_dir, state) = state();
        let held = state.lock().unwrap();
        let text = state.lock().unwrap_err().to_string();
        assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
        drop(held);
        state.lock().unwrap();
    }

    #[test]
    fn the_password_is_for_its_owner_alone_even_when_the_file_was_not() {
        let (_dir, state) = state();
        std::fs::create_dir_all(&state.dir).unwrap();
        std::fs::write(state.file("password"), "old").unwrap();
        state.write_private("password", "new").unwrap();
        let mode = std::fs::metadata(state.file("password")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(state.file("password")).unwrap(), "new");
    }

    #[test]
    fn a_damaged_file_is_named() {
        let (_dir, state) = state();
        std::fs::create_dir_all(&state.dir).unwrap();
        std::fs::write(state.file("lab.json"), "{").unwrap();
        assert!(state.options().unwrap_err().to_string().contains("lab.json"));
    }
}
