//! What no compiler checks: which crate may use which, what source files look
//! like, and that the documentation says what the program says.
//!
//! Parts of the documentation are generated; after a change of the program
//! `UPDATE=1 cargo test -p terrarium-provisioner --test tidy` writes them anew.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail by panicking")]

mod arrows;
mod generated;
mod marked;
mod mentioned;
mod messages;
mod services;
mod source;
mod tables;

use std::path::{Path, PathBuf};

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The text of a file of the workspace, named from its folder.
fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The files below a folder of the workspace, named from the workspace's folder,
/// sorted. What is built, hidden or only linked is left out.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    let name = |path: PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    found.into_iter().map(name).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let name = name.to_str().expect("file names are UTF-8");
        let kind = entry.file_type().unwrap();
        if name.starts_with('.') || ["target", "dist", "site"].contains(&name) {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}
