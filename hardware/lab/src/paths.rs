//! Where the lab keeps its things.

use std::env;
use std::path::{Path, PathBuf};

use crate::{LabError, Result};

/// Where the lab's daemon keeps what lives as long as the machine is up.
const RUN: &str = "/run/terrarium-lab";

/// The directories of one lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// What was built and may be built again: artifacts, images, the engine's data.
    pub cache: PathBuf,
    /// This lab's own: inventory, password, options, logs.
    pub state: PathBuf,
    /// The socket and process id of the lab's own docker daemon.
    pub run: PathBuf,
    /// The lab's source tree, `hardware/lab`.
    pub source: PathBuf,
}

impl Paths {
    /// The paths the environment asks for: the cache in `$TERRARIUM_CACHE`,
    /// `$XDG_CACHE_HOME/terrarium` or `~/.cache/terrarium`; the state in
    /// `$TERRARIUM_LAB_DIR` or `<cache>/lab`; the daemon's socket in
    /// `$TERRARIUM_LAB_RUN` or `/run/terrarium-lab`.
    ///
    /// # Errors
    /// [`LabError::NoCache`] when none of these variables is set.
    pub fn from_env() -> Result<Self> {
        Self::choose(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
    }

    fn choose(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<Self> {
        let cache = variable("TERRARIUM_CACHE")
            .or_else(|| variable("XDG_CACHE_HOME").map(|dir| dir.join("terrarium")))
            .or_else(|| variable("HOME").map(|dir| dir.join(".cache/terrarium")))
            .ok_or(LabError::NoCache)?;
        let cache = std::path::absolute(cache)?;
        let state = match variable("TERRARIUM_LAB_DIR") {
            Some(dir) => std::path::absolute(dir)?,
            None => cache.join("lab"),
        };
        let run = variable("TERRARIUM_LAB_RUN").unwrap_or_else(|| PathBuf::from(RUN));
        Ok(Self {
            cache,
            state,
            run: std::path::absolute(run)?,
            source: PathBuf::from(env!("CARGO_MANIFEST_DIR")),
        })
    }

    /// The same cache with another state directory.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<PathBuf>) -> Self {
        self.state = state.into();
        self
    }

    /// The workload images' tars, shown read-only to every node.
    pub fn images(&self) -> PathBuf {
        self.cache.join("images")
    }

    /// The artifacts, laid out as the public sites do.
    pub fn artifacts(&self) -> PathBuf {
        self.cache.join("artifacts")
    }

    /// A file or directory of the source tree.
    ///
    /// # Errors
    /// [`LabError::NoSource`] when it is not there.
    pub(crate) fn source(&self, name: &str) -> Result<PathBuf> {
        let path = self.source.join(name);
        if path.exists() { Ok(path) } else { Err(LabError::NoSource { path }) }
    }

    /// The file one build's output goes to.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.state.join("logs").join(format!("{name}.log"))
    }
}

/// A path as an argument; the lab's own paths come from the environment.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Paths {
        /// Paths under one directory, for tests.
        pub(crate) fn under(dir: &Path) -> Self {
            Self {
                cache: dir.join("cache"),
                state: dir.join("state"),
                run: dir.join("run"),
                source: PathBuf::from(env!("CARGO_MANIFEST_DIR")),
            }
        }
    }

    fn choose(pairs: &[(&str, &str)]) -> Result<Paths> {
        Paths::choose(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
        })
    }

    #[test]
    fn the_nearest_variable_wins() {
        let home = choose(&[("HOME", "/h")]).unwrap();
        assert_eq!(home.cache, Path::new("/h/.cache/terrarium"));
        assert_eq!(home.state, Path::new("/h/.cache/terrarium/lab"));
        let xdg = choose(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]).unwrap();
        assert_eq!(xdg.cache, Path::new("/x/terrarium"));
        let own = choose(&[
            ("HOME", "/h"),
            ("XDG_CACHE_HOME", "/x"),
            ("TERRARIUM_CACHE", "/t"),
            ("TERRARIUM_LAB_DIR", "/l"),
        ])
        .unwrap();
        assert_eq!((own.cache, own.state), (PathBuf::from("/t"), PathBuf::from("/l")));
    }

    #[test]
    fn without_any_variable_there_is_no_cache() {
        assert!(matches!(choose(&[]), Err(LabError::NoCache)));
    }
}
