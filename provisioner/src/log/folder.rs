//! Where logs lie, what they are called, and how many are kept.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use terrarium_ssh::places::{Me, Rule, check};

use crate::{clock, places};

/// So many runs are kept.
const KEPT: usize = 20;
const ENDING: &str = ".log";

/// A new log of its own; those of the oldest runs go.
pub(super) fn open(folder: &Path, command: &str, me: &Me) -> Result<(File, PathBuf), String> {
    let cannot = |error: std::io::Error| format!("cannot write in {}: {error}", folder.display());
    let folder = std::path::absolute(folder).map_err(cannot)?;
    places::make(&folder).map_err(cannot)?;
    if let Ok(Some(fault)) = check(&folder, Rule::Ours, me)
        && !fault.told
    {
        return Err(format!("{} is not used: {fault}", folder.display()));
    }
    let begun = clock::timestamp().replace(['-', ':'], "");
    let path = folder.join(format!("{begun}-{command}-{}{ENDING}", std::process::id()));
    // Never into a file that is there, nor through a link.
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(cannot)?;
    prune(&folder);
    Ok((file, path))
}

/// Whether a file is one of ours: 20261130T194000.123Z-apply-4711.log.
fn is_log(name: &str) -> bool {
    let Some((time, rest)) = name.split_once("Z-") else { return false };
    let digits = time.chars().filter(char::is_ascii_digit).count();
    time.len() == 19
        && digits == 17
        && time.as_bytes().get(8) == Some(&b'T')
        && rest.ends_with(ENDING)
}

/// The logs there are, the oldest first.
pub(crate) fn all(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut logs: Vec<String> = names.filter(|name| is_log(name)).collect();
    logs.sort();
    logs.iter().map(|name| folder.join(name)).collect()
}

/// Takes away the oldest. One that cannot be taken away stays.
fn prune(folder: &Path) {
    let logs = all(folder);
    let surplus = logs.len().saturating_sub(KEPT);
    for log in &logs[..surplus] {
        let _ = std::fs::remove_file(log);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_last_twenty_are_kept_and_nothing_else_is_touched() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state/logs");
        std::fs::create_dir_all(&folder).unwrap();
        for other in ["notes.log", "20200101T000000.000Z-apply-1.txt", "Z-.log"] {
            std::fs::write(folder.join(other), "").unwrap();
        }
        for day in 10..40 {
            let name = format!("202001{day}T000000.000Z-apply-{day}.log");
            std::fs::write(folder.join(name), "").unwrap();
        }
        let (_, path) = open(&folder, "plan", &Me::new(None)).unwrap();
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let logs: Vec<&String> = names.iter().filter(|name| is_log(name)).collect();
        assert_eq!(logs.len(), KEPT);
        assert_eq!(logs[0], "20200121T000000.000Z-apply-21.log");
        assert_eq!(names.len(), KEPT + 3);
        assert!(is_log(path.file_name().unwrap().to_str().unwrap()), "{}", path.display());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_folder_that_is_made_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/logs");
        open(&folder, "plan", &Me::new(None)).unwrap();
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700);
        std::fs::write(dir.path().join("file"), "").unwrap();
        let why = open(&dir.path().join("file/logs"), "plan", &Me::new(None)).unwrap_err();
        assert!(why.contains("cannot write in") && why.contains("file/logs"), "{why}");
    }
}
