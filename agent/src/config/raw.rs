//! The file as TOML has it, before it is checked.

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) probe: Vec<Spanned<Probe>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Probe {
    pub(super) name: Spanned<String>,
    pub(super) service: Option<Spanned<String>>,
    pub(super) kind: Kind,
    pub(super) container: Option<Spanned<String>>,
    pub(super) port: Option<Spanned<u16>>,
    pub(super) target: Option<Spanned<String>>,
    pub(super) url: Option<Spanned<String>>,
    pub(super) unit: Option<Spanned<String>>,
    pub(super) query: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) body: Option<Spanned<String>>,
    pub(super) server_name: Option<Spanned<String>>,
    pub(super) interval: Option<Spanned<String>>,
    pub(super) timeout: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Http,
    Tcp,
    Tls,
    Postgresql,
    Redis,
    Kafka,
    Mongodb,
    Dns,
    Systemd,
}
