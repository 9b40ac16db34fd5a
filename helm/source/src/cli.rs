//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::address::Address;

/// Feeds Kafka: what happens in GitHub repositories, and made-up devices.
#[derive(Debug, Clone, Parser)]
#[command(name = "terrarium-source", version, about)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Follows repositories: issues, pull requests, commits, releases, stars.
    Github {
        /// The configuration.
        #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
        config: PathBuf,
        /// Asks GitHub once at no cost, writes a record with this mark to
        /// github-checks, and ends.
        #[arg(long, value_name = "MARK", value_parser = mark)]
        check: Option<String>,
    },
    /// Makes up device information.
    Devices {
        /// The configuration.
        #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
        config: PathBuf,
        /// Writes one record and ends.
        #[arg(long, requires = "owner")]
        once: bool,
        /// The owner in that record.
        #[arg(long, value_name = "MARK", value_parser = mark, requires = "once")]
        owner: Option<String>,
    },
    /// Serves a made-up recording of GitHub's API.
    RecordServer {
        /// Where to listen: host:port, [v6]:port, or :port for every address.
        #[arg(long, value_name = "ADDRESS", default_value = ":8090")]
        listen: Address,
    },
}

/// Where the charts put the configuration.
const DEFAULT_CONFIG: &str = "/etc/terrarium/source.toml";

/// A mark is one word, so that it can be looked for anywhere.
fn mark(text: &str) -> Result<String, String> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if fits { Ok(text.to_owned()) } else { Err("expected 1 to 64 of A-Z a-z 0-9 - _".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_read() {
        for (line, fits) in [
            ("github", true),
            ("github --config s.toml --check abc-123", true),
            ("github --check a/b", false),
            ("devices", true),
            ("devices --once --owner mark", true),
            ("devices --once", false),
            ("devices --owner mark", false),
            ("record-server --listen 127.0.0.1:0", true),
            ("record-server --listen nowhere", false),
            ("", false),
        ] {
            let words = std::iter::once("terrarium-source").chain(line.split_whitespace());
            assert_eq!(Args::try_parse_from(words).is_ok(), fits, "{line}");
        }
    }
}
