//! What the environment says: the only place that reads it. And what the whole
//! process has one of.

use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use terrarium_helm::children::Children;
use terrarium_ssh::Secret;
use terrarium_ssh::config::Around;
use terrarium_ssh::places::Me;

use crate::cancel::Cancel;
use crate::error::Failure;
use crate::hostkeys::HostKeys;
use crate::report::look::Look;
use crate::report::terminal;
use crate::{password, places};

/// Settings from the environment, and what all work of the process shares.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `TERRARIUM_PASSWORD`: login and sudo password; an error when it is set and
    /// cannot be one.
    pub password: Result<Option<Secret>, Failure>,
    /// `TERRARIUM_INVENTORY`: the inventory where none is named.
    pub inventory: Option<PathBuf>,
    /// `TERRARIUM_CACHE`, or the user's cache directory, where there is one.
    pub cache: Option<PathBuf>,
    /// Who this process runs as, with `SUDO_UID`.
    pub me: Me,
    /// `TERRARIUM_LOG_DIR`, or the user's folder of state, where there is one and logs
    /// are wanted.
    pub logs: Option<PathBuf>,
    /// `SSH_AUTH_SOCK`.
    pub agent_socket: Option<PathBuf>,
    /// `TERRARIUM_HOST_KEYS`; an error when it is set and says nothing known.
    pub host_keys: Result<Option<HostKeys>, Failure>,
    /// The user's own `known_hosts`.
    pub user_known_hosts: Option<PathBuf>,
    /// Home folder, user and variables, as an `ssh_config` speaks of them.
    pub around: Around,
    /// `TERRARIUM_AGENT_DIR`: where `<machine>/terrarium-agent_<version>_<architecture>.deb` lies.
    pub agent_dir: Option<PathBuf>,
    /// `TERRARIUM_SOURCE_DIR`: where `<machine>/terrarium-source` lies.
    pub source_dir: Option<PathBuf>,
    /// What the terminal shows, by it and by `NO_COLOR`, `TERM`, `COLUMNS` and the
    /// locale.
    pub look: Look,
    /// Who and where the operator is, for a node's lock.
    pub operator: String,
    /// Whether the run is to end.
    pub cancel: Cancel,
    /// The programs it has started.
    pub children: Children,
}

impl Settings {
    /// Reads the environment.
    pub(crate) fn from_environment() -> Self {
        let path = |name: &str| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        let home = path("HOME");
        let cache = path("TERRARIUM_CACHE")
            .or_else(|| path("XDG_CACHE_HOME").map(|dir| dir.join("terrarium")))
            .or_else(|| home.as_ref().map(|dir| dir.join(".cache/terrarium")));
        let name = |variable: &str| std::env::var(variable).ok().filter(|value| !value.is_empty());
        let host = fs_err::read_to_string("/etc/hostname").map(|text| text.trim().to_owned()).ok();
        Self {
            password: std::env::var_os("TERRARIUM_PASSWORD")
                .filter(|value| !value.is_empty())
                .map(|value| password::read(value.into_vec(), "TERRARIUM_PASSWORD"))
                .transpose(),
            inventory: path("TERRARIUM_INVENTORY"),
            cache,
            logs: path("TERRARIUM_LOG_DIR")
                .or_else(|| path("XDG_STATE_HOME").map(|dir| dir.join("terrarium/logs")))
                .or_else(|| home.as_ref().map(|dir| dir.join(".local/state/terrarium/logs")))
                .filter(|dir| dir != Path::new("none")),
            me: Me::new(name("SUDO_UID").and_then(|user| user.parse().ok())),
            agent_socket: path("SSH_AUTH_SOCK"),
            host_keys: name("TERRARIUM_HOST_KEYS").map(|text| HostKeys::read(&text)).transpose(),
            user_known_hosts: home.as_ref().map(|dir| dir.join(".ssh/known_hosts")),
            around: Around {
                home: home.unwrap_or_default(),
                user: Me::name().or_else(|| name("USER")).unwrap_or_default(),
                uid: rustix::process::getuid().as_raw(),
                machine: host.clone().unwrap_or_default(),
                default_user: String::new(),
                // Those whose name or value is no text cannot be written in a file.
                variables: std::env::vars_os()
                    .filter_map(|(name, value)| {
                        Some((name.into_string().ok()?, value.into_string().ok()?))
                    })
                    .collect(),
            },
            agent_dir: path("TERRARIUM_AGENT_DIR"),
            source_dir: path("TERRARIUM_SOURCE_DIR"),
            look: Look::new(
                |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()),
                terminal::columns(),
            ),
            operator: format!(
                "{}@{}, process {}",
                name("USER").or_else(|| name("LOGNAME")).unwrap_or_else(|| "somebody".to_owned()),
                host.or_else(|| name("HOSTNAME")).unwrap_or_else(|| "somewhere".to_owned()),
                std::process::id()
            ),
            cancel: Cancel::default(),
            children: Children::default(),
        }
    }

    /// What an `ssh_config` is read with, for who logs in as this user where nobody
    /// says anything.
    pub(crate) fn around(&self, default_user: &str) -> Around {
        Around { default_user: default_user.to_owned(), ..self.around.clone() }
    }

    /// Whether there is a home folder.
    pub(crate) fn has_home(&self) -> bool {
        !self.around.home.as_os_str().is_empty()
    }

    /// Where the user's keys lie.
    pub(crate) fn usual_keys(&self) -> Option<PathBuf> {
        self.has_home().then(|| self.around.home.join(".ssh"))
    }

    /// The cache, made when it is not there, and nobody else's to write.
    pub(crate) fn cache(&self) -> Result<PathBuf, Failure> {
        places::cache(self.cache.as_ref(), &self.me)
    }
}
