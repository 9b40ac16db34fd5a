//! What k3s' journal says when it does not come up, in words an operator can use.
//!
//! An agent node that cannot join waits for ever without failing, and says why
//! only here. Give [`classify`] the journal of the current invocation
//! (`_SYSTEMD_INVOCATION_ID`), lest an old fault is taken for today's.

mod table;

use table::TABLE;

/// A failure known by its journal line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// The kernel runs without the memory cgroup controller.
    MemoryCgroup,
    /// Only cgroup v1 is there and this kubelet refuses it.
    CgroupV1,
    /// The token names another cluster's CA.
    CaMismatch,
    /// The token is wrong.
    TokenRejected,
    /// The token is not a token.
    TokenMalformed,
    /// The node's name belongs to another machine, or it was reinstalled.
    NodePassword,
    /// Another member of the etcd cluster has this name.
    DuplicateMember,
    /// Several servers join at once.
    Learners,
    /// The server's data was written under another token.
    BootstrapToken,
    /// The clock is wrong here or at the server.
    Clock,
    /// Another program has the port.
    PortInUse,
    /// The pod network cannot be made.
    Flannel,
    /// The named interface or its address is not there.
    Interface,
    /// The disk is full.
    DiskFull,
    /// The file system became read-only.
    ReadOnly,
    /// The containers' file system cannot be used on this disk.
    Snapshotter,
    /// The binary is for another processor, or damaged.
    ExecFormat,
    /// A flag k3s or the kubelet does not know.
    UnknownFlag,
    /// `config.yaml` cannot be read.
    Config,
    /// Killed for want of memory.
    OutOfMemory,
    /// Swap is on and this kubelet refuses it.
    Swap,
    /// The disk is too slow for the datastore.
    SlowDatastore,
    /// The server refuses the connection: not up yet, or a wrong address.
    ServerRefused,
    /// There is no way to the server's address.
    NoRoute,
    /// The server does not answer: a firewall, or a wrong address.
    ServerTimeout,
}

/// One line of the journal, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Which failure.
    pub kind: Kind,
    /// The line itself: trimmed, shortened, tokens and control characters out.
    pub line: String,
    /// What it means.
    pub meaning: &'static str,
    /// What to do next.
    pub hint: &'static str,
    /// Whether waiting longer is pointless. Otherwise it may pass by itself (a
    /// server still starting), and is the explanation when the deadline comes.
    pub fatal: bool,
}

/// Longest line repeated, in characters.
const LINE_MAX: usize = 400;

/// The first failure in the journal that waiting cannot mend; else the latest
/// that it may; `None` when no line is known.
pub fn classify(lines: &str) -> Option<Diagnosis> {
    let mut passing = None;
    for line in lines.lines() {
        match diagnose(line) {
            Some(diagnosis) if diagnosis.fatal => return Some(diagnosis),
            Some(diagnosis) => passing = Some(diagnosis),
            None => {}
        }
    }
    passing
}

/// How many lines tell of this failure.
pub fn count(lines: &str, kind: Kind) -> usize {
    let same = |line: &&str| diagnose(line).is_some_and(|found| found.kind == kind);
    lines.lines().filter(same).count()
}

fn diagnose(line: &str) -> Option<Diagnosis> {
    let lower = line.to_ascii_lowercase();
    let row = TABLE.iter().find(|row| {
        row.any_of.iter().any(|all_of| all_of.iter().all(|part| lower.contains(part)))
    })?;
    Some(Diagnosis {
        kind: row.kind,
        line: presentable(line),
        meaning: row.meaning,
        hint: row.hint,
        fatal: row.fatal,
    })
}

/// The line as it may be printed and stored.
fn presentable(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split_whitespace() {
        // A full token is `K10<ca hash>::<user>:<password>`.
        match word.split_once("::") {
            Some((head, _)) if head.contains("K10") => words.push("<token>".to_owned()),
            _ => words.push(word.chars().filter(|letter| !letter.is_control()).collect()),
        }
    }
    let line = words.join(" ");
    match line.char_indices().nth(LINE_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
