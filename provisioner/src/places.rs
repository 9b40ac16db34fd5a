//! Files and folders of this machine that others could change or read: refused,
//! or told.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use terrarium_ssh::places::{Fault, Me, Rule, check};

use crate::error::{Code, Failure};
use crate::report::terminal;

/// What has been told already: several files lie in one folder.
static TOLD: Mutex<Vec<Fault>> = Mutex::new(Vec::new());

/// Refuses the place when others could change it, or read it if it is a secret.
/// One that cannot be looked at is left to whoever opens it, and says so.
pub(crate) fn hold(what: &str, path: &Path, rule: Rule, me: &Me) -> Result<(), Failure> {
    let Ok(Some(fault)) = check(path, rule, me) else { return Ok(()) };
    if !fault.told {
        return Err(refused(what, path, &fault));
    }
    if let Ok(mut told) = TOLD.lock()
        && !told.contains(&fault)
    {
        let path = path.display();
        terminal::remark(&format!("note: {what} {path}: {fault}; `{}` ends that", fault.mend));
        told.push(fault);
    }
    Ok(())
}

/// The cache's folder: made for its owner alone, and nobody else's to write.
pub(crate) fn cache(path: Option<&PathBuf>, me: &Me) -> Result<PathBuf, Failure> {
    let path = path.ok_or_else(|| {
        Failure::plain(
            Code::Usage,
            "there is no folder for the cache: the home directory is not known",
        )
        .hint(Some("set HOME, or TERRARIUM_CACHE to a folder of yours".to_owned()))
    })?;
    let cannot = |error: &std::io::Error| {
        Failure::new(Code::Internal, format!("cannot make the cache {}", path.display()), error)
            .hint(Some("set TERRARIUM_CACHE to a directory you may write to".to_owned()))
    };
    let path = std::path::absolute(path).map_err(|error| cannot(&error))?;
    hold("the cache", &path, Rule::Ours, me)?;
    make(&path).map_err(|error| cannot(&error))?;
    hold("the cache", &path, Rule::Ours, me)?;
    Ok(path)
}

/// Makes a folder and those above it, for their owner alone.
pub(crate) fn make(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Why the place is not used.
pub(crate) fn refused(what: &str, path: &Path, fault: &Fault) -> Failure {
    let at = if fault.path == path { String::new() } else { format!(" {}", path.display()) };
    Failure::plain(Code::Usage, format!("{what}{at} is not used: {fault}")).hint(Some(format!(
        "`{}`, after a look whether somebody has changed it already",
        fault.mend
    )))
}
