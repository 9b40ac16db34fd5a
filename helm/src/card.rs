//! A service's card, `service.toml`: what the chart cannot say about it.
//!
//! Version, image, requests and limits are the chart's and are not repeated.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::edge::{Check, Exec};

pub(crate) use read::label;

pub use crate::reader::Problem;

/// The headings services are listed under, in the order they are shown.
pub const GROUPS: [&str; 8] = [
    "Cluster",
    "Data stores",
    "Streaming",
    "Applications",
    "Orchestration",
    "Machine learning",
    "Analytics",
    "Monitoring",
];

mod read;

/// A service's name: its folder, its chart, its release and its host name. A
/// DNS label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ServiceId(String);

impl ServiceId {
    /// `None` unless `name` is a DNS label (lower case, 63 characters at most).
    pub fn new(name: &str) -> Option<Self> {
        let letters =
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let ends = !name.starts_with('-') && !name.ends_with('-');
        (letters && ends && (1..=63).contains(&name.len())).then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for ServiceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Borrow<str> for ServiceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// What a card says, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    /// The name people know it by.
    pub title: String,
    /// One line: what it is for here.
    pub summary: String,
    /// One of [`GROUPS`].
    pub group: String,
    /// Name of the icon on the home page.
    pub icon: String,
    /// The profiles it belongs to, sorted.
    pub profiles: Vec<String>,
    /// The services it cannot start without, sorted.
    pub needs: Vec<ServiceId>,
    /// The services it connects to while it runs, each with what it wants of
    /// that store: databases, topics, key patterns.
    pub uses: BTreeMap<ServiceId, Map<String, Value>>,
    /// Whether it talks to servers outside of the cluster, by HTTPS.
    pub internet: bool,
    /// Ports of its Service, by name.
    pub ports: BTreeMap<String, u16>,
    /// Name of the port Prometheus scrapes, when there is one.
    pub metrics: Option<String>,
    /// The user interface, when it has one.
    pub ui: Option<Ui>,
    /// Who may log in, and where the passwords are.
    pub logins: Vec<Login>,
    /// How to ask whether it is well; `None` for one without a process.
    pub health: Option<Health>,
    /// Kinds of objects the cluster must know before it is installed, by the
    /// names of their definitions.
    pub crds: Vec<String>,
    /// How a store shows that it takes a login, and keeps what it is given.
    pub proof: Option<Proof>,
    /// Where the chart keeps the requests and limits of its containers.
    pub resources: Vec<Resources>,
    /// Where it cannot run.
    pub cannot_run: Vec<CannotRun>,
}

/// Commands in the service's own pod, `{mark}` where the mark goes. One that ends with
/// status [`Proof::CANNOT`] says that the pod has no client to try it with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Seconds it may take.
    pub within: u32,
    /// Logs in and puts the marked record in.
    pub put: Vec<String>,
    /// Shows the mark.
    pub look: Vec<String>,
    /// Takes the record away.
    pub clean: Vec<String>,
}

impl Proof {
    /// As `sysexits.h` has it: a program that is needed is not there.
    pub const CANNOT: i32 = 69;

    /// The same as the check of an edge.
    pub fn check(&self, service: &ServiceId) -> Check {
        let exec = |run: &[String]| Exec { service: service.clone(), run: run.to_vec() };
        Check {
            within: self.within,
            needs: vec![service.clone()],
            put: exec(&self.put),
            look: exec(&self.look),
            clean: vec![exec(&self.clean)],
        }
    }
}

/// A user interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ui {
    /// The port's name.
    pub port: String,
    /// First label of the host name under the cluster's domain.
    pub host: String,
    /// Where on that host it begins.
    pub path: String,
    /// Whether it has no login of its own, so that the way in asks for one.
    pub login: bool,
}

/// A login: a user, and the Secret that has the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Login {
    /// What it opens.
    pub title: String,
    /// The Secret's name.
    pub secret: String,
    /// Who logs in.
    pub user: User,
    /// The Secret's key that has the password.
    pub password_key: String,
    /// What is opened, where that is not the service's own page or port.
    pub address: Option<String>,
}

/// The user of a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum User {
    /// Always this name; empty where only a password is asked for.
    Fixed(String),
    /// The Secret's key that has the name.
    Key(String),
}

/// How a service is asked whether it is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The port's name.
    pub port: String,
    /// What is asked there.
    pub probe: Probe,
}

/// What a health probe asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// The port accepts a connection.
    Tcp,
    /// `GET` of this path answers with a status below 400.
    Http(String),
}

/// One place where a chart keeps requests and limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// Key of the chart's values, dots between its parts.
    pub values: String,
    /// Names of the containers that get them, whichever workload they are of.
    pub containers: Vec<String>,
    /// What the program takes at most of its own accord, when a value says so.
    pub heap: Option<Heap>,
}

/// A value that bounds a program's heap or cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heap {
    /// Key of the chart's values, dots between its parts.
    pub value: String,
    /// Bytes in one of what a number without a unit counts.
    pub unit: u64,
}

/// Boards a service cannot run on: those that meet every condition given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CannotRun {
    /// Board ids of the hardware catalogue; empty means any.
    pub boards: Vec<String>,
    /// Boards below this architecture level.
    pub arch_below: Option<String>,
    /// The reason, as the user reads it after "because".
    pub reason: String,
    /// Values of the chart with which it runs there all the same.
    pub instead: Option<Map<String, Value>>,
}

impl Card {
    /// Reads a card; `file` is the name problems carry. Every problem is
    /// reported, sorted by line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        read::card(file, text)
    }

    /// The services that have to be there before it starts: those it cannot do
    /// without, and those it connects to when they are deployed at all.
    pub fn earlier(&self) -> impl Iterator<Item = &ServiceId> {
        self.needs.iter().chain(self.uses.keys())
    }
}

#[cfg(test)]
mod tests;
