//! Files and folders of the operator's machine that somebody else could change
//! or read: judged as OpenSSH judges its own.
//!
//! Whoever can write a folder can put another file in a file's place, so every
//! folder on the way from the root counts, those of links on the way included.
//! What is judged is what a link leads to. A folder with the sticky bit, such as
//! `/tmp`, lets nobody touch what is another's: there it is enough that what is in
//! it is ours.

mod look;

use std::fmt;
use std::path::{Path, PathBuf};

pub use look::{Me, look};

/// One step on the way to a file: a folder, a link or the file itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Its owner.
    pub owner: u32,
    /// Its group.
    pub group: u32,
    /// Permission bits, the sticky bit included.
    pub mode: u32,
    /// Whether an access control list says more than the bits do. The group's
    /// bits are then the most that any of those named in it may.
    pub list: bool,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A link, whose own bits mean nothing.
    Link,
    /// A file, or whatever else is no folder.
    File,
}

/// What is expected of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nobody else may read it: a password, a private key. Of the folders it lies
    /// in the same is expected as of a shared one.
    Secret,
    /// Nobody else may write it: programs.
    Ours,
    /// Nobody else may write it, but a group that works together, and root on
    /// somebody's behalf, is told and not refused: an inventory and what lies
    /// beside it.
    Shared,
}

/// Something somebody else could do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {what}", path.display())]
pub struct Fault {
    /// The folder or file.
    pub path: PathBuf,
    /// What is wrong with it, as the rest of a sentence.
    pub what: String,
    /// The command that mends it.
    pub mend: String,
    /// Whether it is to be told only, and no reason to refuse.
    pub told: bool,
}

const STICKY: u32 = 0o1000;

/// The first thing that speaks against the place; of several, one that refuses it.
///
/// `steps` lead from the root to the place. A place that is not there yet ends
/// with the folder it would be in.
pub fn judge(steps: &[Step], rule: Rule, me: &Me) -> Option<Fault> {
    let faults = steps.iter().filter_map(|step| fault(step, rule, me));
    faults.min_by_key(|fault| fault.told)
}

/// Looks at the place and judges it.
pub fn check(path: &Path, rule: Rule, me: &Me) -> std::io::Result<Option<Fault>> {
    Ok(judge(&look(path)?, rule, me))
}

fn fault(step: &Step, rule: Rule, me: &Me) -> Option<Fault> {
    let faults = owner(step, rule, me).into_iter().chain(bits(step, rule, me));
    faults.min_by_key(|fault| fault.told)
}

fn owner(step: &Step, rule: Rule, me: &Me) -> Option<Fault> {
    let others = step.owner != 0 && !me.is(step.owner);
    others.then(|| Fault {
        path: step.path.clone(),
        what: format!("belongs to another user ({})", step.owner),
        mend: format!("chown {} {}", me.user, shown(&step.path)),
        // Root may be working on somebody's behalf, whose files it was shown.
        told: rule != Rule::Ours && me.user == 0,
    })
}

fn bits(step: &Step, rule: Rule, me: &Me) -> Option<Fault> {
    let found = |what: String, mend: String, told| {
        Some(Fault { path: step.path.clone(), what, mend, told })
    };
    let path = shown(&step.path);
    if step.kind == Kind::Link {
        return None;
    }
    let mode = step.mode & 0o777;
    let sticky = step.kind == Kind::Folder && step.mode & STICKY != 0;
    if step.kind == Kind::File && rule == Rule::Secret {
        // As OpenSSH: what root keeps for a group is root's business.
        let open = if step.owner == 0 && me.user != 0 { mode & 0o027 } else { mode & 0o077 };
        if open != 0 {
            return found(
                format!("can be read by others (mode {mode:04o})"),
                format!("chmod {} {path}", if step.owner == 0 { "o=,g-w" } else { "600" }),
                false,
            );
        }
    }
    if sticky {
        return None;
    }
    if mode & 0o002 != 0 {
        let what = format!("can be written by everybody (mode {mode:04o})");
        return found(what, format!("chmod go-w {path}"), false);
    }
    // A group of one, as most systems make for each user, is that user.
    let alone = me.alone == Some(step.group) && !step.list;
    if mode & 0o020 != 0 && !alone && step.group != 0 {
        let by = if step.list { "a list of users or groups" } else { "its group" };
        let what = format!("can be written by {by} (mode {mode:04o})");
        return found(what, format!("chmod g-w {path}"), rule != Rule::Ours);
    }
    None
}

/// The path as a shell takes it.
fn shown(path: &Path) -> impl fmt::Display {
    crate::quote(&path.display().to_string())
}

#[cfg(test)]
mod tests;
