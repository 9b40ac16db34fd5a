//! What a cut leaves on a volume, at each line of a first start's log.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::pod::Pod;

/// A volume as it was at a line of the log.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) told: String,
    folder: TempDir,
}

impl State {
    /// Puts it in the place of a volume.
    pub(crate) fn put(&self, volume: &Path) {
        fs::remove_dir_all(volume).expect("removed");
        fs::rename(self.folder.path().join("volume"), volume).expect("moved");
    }
}

/// Reads the log up to a line that has the words, and holds the pod at each line: a
/// cut there leaves the files that are there then. States that lines have in common
/// come once, as each is a start of its own for whoever goes on from it; of more than
/// `most`, as many are given, from the first to the last.
pub(crate) fn states(mut pod: Pod, volume: &Path, words: &str, most: usize) -> Vec<State> {
    let mut states: Vec<State> = Vec::new();
    let mut known = Vec::new();
    let mut lines = 0;
    while let Some(line) = pod.line() {
        lines += 1;
        pod.hold();
        let found = files(volume);
        if !known.contains(&found) {
            let folder = tempfile::tempdir().expect("a folder");
            let mut copy = Command::new("cp");
            copy.args(["-a", "--sparse=always"]).arg(volume).arg(folder.path().join("volume"));
            assert!(copy.status().expect("cp runs").success());
            known.push(found);
            states.push(State { told: format!("cut off at line {lines}, {line:?}"), folder });
        }
        pod.release();
        if line.contains(words) {
            assert!(lines > 3, "{lines}");
            let last = states.len() - 1;
            let wanted: Vec<_> = (0..most).map(|step| step * last / (most - 1)).collect();
            let all = states.into_iter().enumerate();
            return all.filter(|(at, _)| wanted.contains(at)).map(|(_, state)| state).collect();
        }
    }
    panic!("ended without {words:?}");
}

/// Each file's name with a digest of what it has.
fn files(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("read").map(|entry| entry.expect("read")) {
        let path = entry.path();
        if entry.file_type().expect("read").is_dir() {
            all.insert(path.clone(), 0);
            all.append(&mut files(&path));
        } else {
            let mut digest = DefaultHasher::new();
            // A socket has nothing to read.
            fs::read(&path).unwrap_or_default().hash(&mut digest);
            all.insert(path, digest.finish());
        }
    }
    all
}
