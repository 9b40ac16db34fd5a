//! The files of an `ssh_config`, as they lie on this machine.

use std::io;
use std::path::{Path, PathBuf};

use terrarium_ssh::config::{Files, matches};

/// The real files.
pub(super) struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        match fs_err::read(path) {
            // As ssh: bytes that are no UTF-8 are nothing of ours.
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As glob(3), without classes of characters.
    fn glob(&self, pattern: &str) -> Vec<PathBuf> {
        let mut found = vec![PathBuf::from("/")];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            found = if part.contains(['*', '?']) {
                found.iter().flat_map(|folder| names(folder, part)).collect()
            } else {
                found.into_iter().map(|folder| folder.join(part)).collect()
            };
        }
        found
    }
}

/// What in a folder fits a pattern, in order. A dot at the beginning has to be said.
fn names(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| {
            matches(pattern, name) && (pattern.starts_with('.') || !name.starts_with('.'))
        })
        .collect();
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}
