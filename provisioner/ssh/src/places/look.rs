//! The thin part that reads: who I am, and what lies on the way to a place.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use super::{Kind, Step};

/// As many as the kernel follows.
const LINKS_MAX: usize = 40;

/// Who judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// The effective user.
    pub user: u32,
    /// The user who became root by sudo.
    pub before: Option<u32>,
    /// The user's own group, if nobody else is in it.
    pub alone: Option<u32>,
}

impl Me {
    /// The user's login name, as this machine's list has it.
    pub fn name() -> Option<String> {
        let own = rustix::process::getuid().as_raw().to_string();
        let passwd = fs::read_to_string("/etc/passwd").ok()?;
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == own).then(|| name.to_owned())
        })
    }

    /// The user this process runs as; `before` is who called sudo, if so.
    pub fn new(before: Option<u32>) -> Self {
        let user = rustix::process::geteuid().as_raw();
        let before = before.filter(|_| user == 0);
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let alone = alone(&read("/etc/passwd"), &read("/etc/group"), before.unwrap_or(user));
        Self { user, before, alone }
    }

    /// Whether that is this user.
    pub(super) fn is(&self, user: u32) -> bool {
        self.user == user || self.before == Some(user)
    }
}

/// The user's primary group, when these files say that it is of the same name and
/// nobody else is in it. Whoever is in neither file has a group that may have many
/// members.
pub(super) fn alone(passwd: &str, group: &str, user: u32) -> Option<u32> {
    let users = || {
        passwd.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let user: u32 = fields.nth(1)?.parse().ok()?;
            Some((name, user, fields.next()?.parse::<u32>().ok()?))
        })
    };
    let (name, _, own) = users().find(|(_, number, _)| *number == user)?;
    if users().any(|(other, _, group)| other != name && group == own) {
        return None;
    }
    let mut groups = group.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [group, _, number, members] = fields.as_slice() else { return None };
        Some((*group, number.parse::<u32>().ok()?, *members))
    });
    let (group, _, members) = groups.find(|(_, number, _)| *number == own)?;
    let others = members.split(',').any(|member| !member.is_empty() && member != name);
    (group == name && !others).then_some(own)
}

/// All steps from the root to the path, through links and along them. A path that
/// leads to nothing ends where it does.
pub fn look(path: &Path) -> io::Result<Vec<Step>> {
    let absolute = std::path::absolute(path)?;
    let mut steps = Vec::new();
    let mut at = PathBuf::from("/");
    steps.push(step(&at)?);
    let mut rest: VecDeque<OsString> = names(&absolute);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&name);
        let found = match step(&next) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        };
        let kind = found.kind;
        steps.push(found);
        match kind {
            Kind::Folder => at = next,
            Kind::File if rest.is_empty() => {}
            Kind::File => return Err(named(&next, &io::Error::from(io::ErrorKind::NotADirectory))),
            Kind::Link => {
                links += 1;
                if links > LINKS_MAX {
                    return Err(named(&next, &io::Error::other("too many links")));
                }
                let target = fs::read_link(&next).map_err(|error| named(&next, &error))?;
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                for name in names(&target).into_iter().rev() {
                    rest.push_front(name);
                }
            }
        }
    }
    Ok(steps)
}

/// The names in a path; `..` is one, for what is above a link's target is not
/// what is above the link.
fn names(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name),
            Component::ParentDir => Some(OsStr::new("..")),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
        })
        .map(OsStr::to_owned)
        .collect()
}

fn step(path: &Path) -> io::Result<Step> {
    let metadata = fs::symlink_metadata(path).map_err(|error| named(path, &error))?;
    let kind = match metadata.file_type() {
        kind if kind.is_dir() => Kind::Folder,
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::File,
    };
    Ok(Step {
        path: path.to_owned(),
        kind,
        owner: metadata.uid(),
        group: metadata.gid(),
        mode: metadata.mode() & 0o7777,
        list: kind != Kind::Link && has_list(path),
    })
}

/// Whether there is an access control list; where there are none, there is none.
fn has_list(path: &Path) -> bool {
    let mut none: [u8; 0] = [];
    rustix::fs::lgetxattr(path, "system.posix_acl_access", &mut none).is_ok_and(|size| size > 0)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
