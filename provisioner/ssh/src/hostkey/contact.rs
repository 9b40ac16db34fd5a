//! What is not accepted although nothing is recorded against it: a key nobody
//! has looked at, and one that is none of those the caller names.

use std::fmt;
use std::path::PathBuf;

use super::HostKey;

/// What happens to a host key nobody has recorded yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstContact {
    /// It is recorded and trusted from now on.
    Record,
    /// The connection ends; no login is tried.
    Refuse,
}

/// A key that is recorded nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHostKey {
    /// The key.
    pub key: HostKey,
    /// Where it would be recorded.
    pub known_hosts: PathBuf,
    /// Why the node's certificate is not accepted, where it has one.
    pub certificate: Option<String>,
}

impl UnknownHostKey {
    pub(crate) fn hint(&self, node: &str) -> String {
        format!(
            "compare it with what `ssh-keygen -lf {}` prints at the node's own console, then record it with \
             `provision trust {node}`, or write `host_key = \"{}\"` in its [[node]]; \
             `--host-keys accept-new` trusts whoever answers first",
            self.key.file(),
            self.key.fingerprint()
        )
    }
}

impl fmt::Display for UnknownHostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its host key {} is not known yet, ", self.key)?;
        if let Some(why) = &self.certificate {
            write!(f, "its certificate is not accepted ({why}), ")?;
        }
        f.write_str("and nothing was sent to it")
    }
}

/// The node has none of the keys it has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPinned {
    /// The fingerprints of the keys it has to have.
    pub pinned: Vec<String>,
    /// The keys it offers.
    pub offered: Vec<HostKey>,
}

impl NotPinned {
    pub(crate) fn hint(node: &str) -> String {
        format!(
            "if you re-flashed this node, write its new fingerprint as `host_key` of node `{node}` after a look at its \
             own console (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`); if not, somebody may be answering in its place"
        )
    }
}

impl fmt::Display for NotPinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offered: Vec<String> = self.offered.iter().map(ToString::to_string).collect();
        write!(
            f,
            "not the host key of the inventory: `host_key` says {}, the node offers {}",
            self.pinned.join(" or "),
            offered.join(" and ")
        )
    }
}
