//! Host keys: what the `known_hosts` files say about the key a node offers.
//!
//! The rule is stricter than "same algorithm, other key": *any* key recorded
//! for the host and none matching means changed. Otherwise an attacker could
//! get accepted by offering a key of an algorithm not yet recorded.

use std::fmt;
use std::path::PathBuf;

use data_encoding::BASE64_NOPAD;
use sha2::{Digest, Sha256};

use crate::quote::quote;

mod certificate;
mod contact;
mod file;
mod line;

pub(crate) use certificate::{Vouched, about_certificates, has_authority, vouched};
pub use contact::{FirstContact, NotPinned, UnknownHostKey};
pub(crate) use file::{append, read, replace};
pub(crate) use line::wildcard;
use line::{Line, Marker};

/// A key as it travels: algorithm name and SSH wire encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    pub(crate) algorithm: String,
    pub(crate) blob: Vec<u8>,
}

impl HostKey {
    /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, …
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.blob)
    }

    /// Where OpenSSH keeps the public half on the node.
    pub fn file(&self) -> &'static str {
        match self.algorithm.as_str() {
            "ssh-ed25519" => "/etc/ssh/ssh_host_ed25519_key.pub",
            _ => "/etc/ssh/ssh_host_ecdsa_key.pub",
        }
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.fingerprint())
    }
}

/// What `ssh-keygen -l` prints: `SHA256:` and the digest in base64 without padding.
fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(blob)))
}

/// A line of a `known_hosts` file that speaks of the host.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) file: PathBuf,
    /// Counted from 1, comments and blank lines included, as editors do.
    pub(crate) number: usize,
    pub(crate) line: Line,
}

impl Entry {
    fn recorded(&self) -> RecordedKey {
        RecordedKey {
            file: self.file.clone(),
            line: self.number,
            algorithm: self.line.algorithm.clone(),
            fingerprint: self.line.blob.as_deref().map(fingerprint),
        }
    }
}

/// A recorded key, as errors show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedKey {
    /// The `known_hosts` file.
    pub file: PathBuf,
    /// Its line, counted from 1, comments included.
    pub line: usize,
    /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, …
    pub algorithm: String,
    /// `SHA256:…`; `None` when the line's key is damaged.
    pub fingerprint: Option<String>,
}

impl fmt::Display for RecordedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.fingerprint.as_deref().unwrap_or("(damaged)");
        write!(f, "{} line {} records {} {key}", self.file.display(), self.line, self.algorithm)
    }
}

/// The node's key is none of the recorded ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedHostKey {
    /// What the files say, in file order; never empty.
    pub recorded: Vec<RecordedKey>,
    /// The offered key's algorithm.
    pub offered_algorithm: String,
    /// The offered key's fingerprint, `SHA256:…`.
    pub offered_fingerprint: String,
    /// The host as `known_hosts` files name it: `host` or `[host]:port`.
    pub name: String,
    /// Why the node's certificate is not accepted, where it has one.
    pub certificate: Option<String>,
}

impl ChangedHostKey {
    /// The commands that forget the recorded keys, one per file.
    pub fn mend(&self) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        for recorded in &self.recorded {
            let command = format!(
                "ssh-keygen -R {} -f {}",
                quote(&self.name),
                quote(&recorded.file.to_string_lossy())
            );
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
        commands
    }

    pub(crate) fn hint(&self) -> String {
        let mend = self.mend().join("; ");
        if self.recorded.iter().all(|key| !speaks(&key.algorithm)) {
            return format!(
                "only keys of algorithms this program does not use are recorded; check the offered fingerprint on the \
                 node (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`), then forget the old ones: {mend}"
            );
        }
        format!(
            "if you re-flashed this node, forget the old key: {mend}; if not, somebody may be answering in its place"
        )
    }
}

impl fmt::Display for ChangedHostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("host key changed: ")?;
        for recorded in &self.recorded {
            write!(f, "{recorded}, ")?;
        }
        write!(f, "the node offers {} {}", self.offered_algorithm, self.offered_fingerprint)?;
        match &self.certificate {
            Some(why) => write!(f, "; its certificate is not accepted: {why}"),
            None => Ok(()),
        }
    }
}

/// The node's key must never be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedHostKey {
    /// The line that says so.
    pub recorded: RecordedKey,
}

impl RevokedHostKey {
    pub(crate) fn hint() -> String {
        "the key is known to be compromised: give the node new host keys (`sudo rm /etc/ssh/ssh_host_*` and \
         `sudo dpkg-reconfigure openssh-server` at its own console)"
            .to_owned()
    }
}

impl fmt::Display for RevokedHostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RecordedKey { file, line, algorithm, fingerprint } = &self.recorded;
        let key = fingerprint.as_deref().unwrap_or("(damaged)");
        write!(
            f,
            "the node's host key {algorithm} {key} is revoked by {} line {line}",
            file.display()
        )
    }
}

/// The outcome of comparing an offered key with what is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Recorded and equal.
    Known,
    /// Nothing is recorded for the host. Where a certificate authority is trusted
    /// for it, that line is named: the key was not vouched for.
    New { authority: Option<RecordedKey> },
    /// Something is recorded, and this is not it.
    Changed(ChangedHostKey),
    /// Recorded as never to be accepted.
    Revoked(RevokedHostKey),
}

/// Compares the offered key with the lines that speak of the host.
pub(crate) fn judge(entries: &[Entry], name: &str, offered: &HostKey) -> Judgement {
    let equal = |entry: &&Entry| entry.line.blob.as_deref() == Some(&offered.blob);
    let marked = |marker: Marker| entries.iter().filter(move |entry| entry.line.marker == marker);

    if let Some(revoked) = marked(Marker::Revoked).find(equal) {
        return Judgement::Revoked(RevokedHostKey { recorded: revoked.recorded() });
    }
    if marked(Marker::None).any(|entry| equal(&entry)) {
        return Judgement::Known;
    }
    let recorded: Vec<RecordedKey> = marked(Marker::None).map(Entry::recorded).collect();
    if recorded.is_empty() {
        return Judgement::New {
            authority: marked(Marker::CertAuthority).next().map(Entry::recorded),
        };
    }
    Judgement::Changed(ChangedHostKey {
        recorded,
        offered_algorithm: offered.algorithm.clone(),
        offered_fingerprint: offered.fingerprint(),
        name: name.to_owned(),
        certificate: None,
    })
}

/// The algorithms recorded for the host, in file order, without doubles.
pub(crate) fn known_algorithms(entries: &[Entry]) -> Vec<String> {
    let mut algorithms: Vec<String> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.line.marker == Marker::None) {
        if !algorithms.contains(&entry.line.algorithm) {
            algorithms.push(entry.line.algorithm.clone());
        }
    }
    algorithms
}

/// Host key algorithms this program negotiates, strongest first. RSA is absent
/// because the pure-Rust implementation has an unpatched timing weakness.
pub(crate) const ALGORITHMS: [&str; 4] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];

fn speaks(algorithm: &str) -> bool {
    ALGORITHMS.contains(&algorithm)
}

/// How `known_hosts` files name a host: `host` on port 22, else `[host]:port`.
///
/// `None` when the host contains what such a file cannot hold literally.
pub(crate) fn recorded_name(host: &str, port: u16) -> Option<String> {
    let plain = |c: char| c.is_alphanumeric() || ".-_:%".contains(c);
    if host.is_empty() || host.starts_with('-') || !host.chars().all(plain) {
        return None;
    }
    let host = host.to_ascii_lowercase();
    Some(if port == 22 { host } else { format!("[{host}]:{port}") })
}

#[cfg(test)]
mod mutated;
#[cfg(test)]
mod tests;
