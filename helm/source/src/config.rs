//! The configuration: one TOML file, every problem told with its line.

mod reader;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::address::Address;
pub use reader::Problem;
use reader::{Fields, Reader};

/// How to reach Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kafka {
    /// Brokers to begin with, `host:port`.
    pub bootstrap: Vec<String>,
    /// Files with user name and password; without them the listener asks none.
    pub login: Option<(PathBuf, PathBuf)>,
}

/// What of GitHub is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHub {
    /// Where the API is, without a slash at the end.
    pub api: String,
    /// A file with a token; one that is absent means asking without.
    pub token_file: Option<PathBuf>,
    /// `owner/name` each.
    pub repositories: Vec<String>,
    /// How often is asked for news.
    pub every: Duration,
    /// How far back the first look goes.
    pub history: Duration,
}

/// How device information is made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Devices {
    /// The pause between two records.
    pub every: Duration,
    /// Equal seeds make equal devices.
    pub seed: u64,
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `[kafka]`
    pub kafka: Kafka,
    /// `[registry] url`: the registry's Confluent-compatible API.
    pub registry: String,
    /// `[github]`
    pub github: GitHub,
    /// `[devices]`
    pub devices: Devices,
    /// `[http] listen`
    pub listen: Address,
}

/// Everything that is wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let lead = if index == 0 { "" } else { "\n" };
            write!(out, "{lead}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Config {
    /// The configuration in the file at `path`.
    ///
    /// # Errors
    /// Everything that is wrong with it, or why it cannot be read.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let name = path.display().to_string();
        match fs_err::read_to_string(path) {
            Ok(text) => Self::parse(&name, &text),
            Err(error) => Err(Problems(vec![Problem::of_file(&name, &error.to_string())])),
        }
    }

    /// The configuration `text`, which people know as the file `name`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let (mut reader, root) = Reader::open(name, text);
        let config = root.and_then(|mut root| {
            let config = Self {
                kafka: kafka(&mut reader, &mut root),
                registry: registry(&mut reader, &mut root),
                github: github(&mut reader, &mut root),
                devices: devices(&mut reader, &mut root),
                listen: listen(&mut reader, &mut root),
            };
            root.finish(&mut reader);
            reader.problems.is_empty().then_some(config)
        });
        config.ok_or_else(|| Problems(reader.sorted()))
    }
}

fn kafka(reader: &mut Reader<'_>, root: &mut Fields<'_>) -> Kafka {
    let mut fields = root.table(reader, "kafka", true);
    let mut bootstrap = Vec::new();
    if let Some(brokers) = fields.required(reader, "bootstrap") {
        for broker in brokers.value.split(',').map(str::trim) {
            match broker.parse::<Address>() {
                Ok(address) if address.has_host() => bootstrap.push(broker.to_owned()),
                Ok(_) => reader.wrong(brokers.at, format!("{broker:?} has no host")),
                Err(error) => reader.wrong(brokers.at, error),
            }
        }
    }
    let user = fields.text(reader, "username_file");
    let password = fields.text(reader, "password_file");
    let login = match (user, password) {
        (Some(user), Some(password)) => Some((user.value.into(), password.value.into())),
        (None, None) => None,
        (one, other) => {
            let at = one.or(other).map_or(fields.at, |placed| placed.at);
            reader.wrong(at, "`username_file` and `password_file` go together");
            None
        }
    };
    fields.finish(reader);
    Kafka { bootstrap, login }
}

fn registry(reader: &mut Reader<'_>, root: &mut Fields<'_>) -> String {
    let mut fields = root.table(reader, "registry", true);
    let url = fields.required(reader, "url").and_then(|url| fields.http(reader, "url", &url));
    fields.finish(reader);
    url.unwrap_or_default()
}

fn github(reader: &mut Reader<'_>, root: &mut Fields<'_>) -> GitHub {
    let mut fields = root.table(reader, "github", false);
    let api = fields.text(reader, "api").and_then(|api| fields.http(reader, "api", &api));
    let mut repositories: Vec<String> = Vec::new();
    for placed in fields.texts(reader, "repositories") {
        if !is_repository(&placed.value) {
            reader.wrong(placed.at, format!("{:?} is no owner/name", placed.value));
        } else if repositories.iter().any(|known| known.eq_ignore_ascii_case(&placed.value)) {
            reader.wrong(placed.at, format!("{} is there twice", placed.value));
        } else {
            repositories.push(placed.value);
        }
    }
    let config = GitHub {
        api: api.unwrap_or_else(|| "https://api.github.com".to_owned()),
        token_file: fields.text(reader, "token_file").map(|path| path.value.into()),
        repositories,
        every: fields.duration(reader, "every", Duration::from_mins(5)),
        history: fields.duration(reader, "history", Duration::from_hours(90 * 24)),
    };
    fields.finish(reader);
    config
}

fn devices(reader: &mut Reader<'_>, root: &mut Fields<'_>) -> Devices {
    let mut fields = root.table(reader, "devices", false);
    let every = fields.duration(reader, "every", Duration::from_secs(10));
    let seed = fields.number(reader, "seed").unwrap_or(1);
    fields.finish(reader);
    Devices { every, seed }
}

fn listen(reader: &mut Reader<'_>, root: &mut Fields<'_>) -> Address {
    let mut fields = root.table(reader, "http", false);
    let mut address = Address::any(8080);
    if let Some(given) = fields.text(reader, "listen") {
        match given.value.parse() {
            Ok(parsed) => address = parsed,
            Err(error) => reader.wrong(given.at, error),
        }
    }
    fields.finish(reader);
    address
}

/// Whether `text` is `owner/name` as GitHub spells repositories.
fn is_repository(text: &str) -> bool {
    let word = |word: &str| {
        (1..=100).contains(&word.len())
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            && !word.bytes().all(|b| b == b'.')
    };
    text.split_once('/').is_some_and(|(owner, name)| word(owner) && word(name))
}

#[cfg(test)]
mod tests;
