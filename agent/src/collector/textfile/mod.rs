//! Metrics that others leave in files: `*.prom` of the folders that are named.
//!
//! What `node_exporter` accepts is read and written anew. What cannot be written
//! so that every reader of the page takes it is left out, and told: a line that
//! breaks the format costs its file, anything else no more than it has to.

mod families;
mod faults;
mod folder;
mod glob;
mod line;
mod own;
mod whole;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use super::Collector;
use super::apart::{Apart, PATIENCE};
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::value::Value;

use families::Families;
use faults::{Faults, What};
use folder::Left;

const MTIME: Family =
    Family::gauge("node_textfile_mtime_seconds", "Unixtime mtime of textfiles successfully read.");
const ERROR: Family = Family::gauge(
    "node_textfile_scrape_error",
    "1 if there was an error opening or reading a file, 0 otherwise",
);

/// What the names of such files end with.
const ENDING: &[u8] = b".prom";

/// The collector. The last to write of those that read the host, so that it
/// sees every name that is taken.
#[derive(Debug, Default)]
pub struct Textfile {
    folders: Vec<Folder>,
    /// What the last page left out: it is told once.
    told: Faults,
}

/// A folder as it was named, or a pattern for several.
#[derive(Debug)]
struct Folder {
    named: PathBuf,
    /// How much is read of it.
    room: u64,
    /// Who reads it; `None` when there could not be one more thread.
    reader: Option<Apart<io::Result<Vec<Left>>>>,
}

impl Textfile {
    /// Reads the files of the folders, which may be patterns; without any there
    /// are none.
    pub fn new(folders: &[PathBuf]) -> Self {
        let room = folder::MOST / u64::try_from(folders.len().max(1)).unwrap_or(1);
        let folders = folders.iter().filter(|named| !named.as_os_str().is_empty());
        let folders = folders.map(|named| Folder { named: named.clone(), room, reader: None });
        Self { folders: folders.collect(), told: Faults::default() }
    }
}

impl Folder {
    /// The files, by name.
    fn files(&mut self) -> io::Result<Vec<Left>> {
        if self.reader.is_none() {
            let (named, room) = (self.named.clone(), self.room);
            self.reader = Apart::new("textfile", move || folder::read(&named, ENDING, room));
        }
        let Some(reader) = &mut self.reader else {
            return Err(io::Error::other(Failure::NoThread.to_string()));
        };
        let late = || Err(io::Error::new(io::ErrorKind::TimedOut, "its disk does not answer"));
        reader.ask(PATIENCE).unwrap_or_else(late)
    }
}

/// Passes the metrics of files on, merged; whether nothing of them was left out.
pub fn encode(files: &[(PathBuf, Vec<u8>)], out: &mut Encoder) -> bool {
    let mut faults = Faults::default();
    let files = files.iter().map(|(path, content)| (path.as_path(), content.as_slice()));
    pass_on(files, &mut faults, out);
    faults.encode(out);
    faults.is_empty()
}

/// Those of the files that could be read.
fn pass_on<'a>(
    files: impl Iterator<Item = (&'a Path, &'a [u8])>,
    faults: &mut Faults,
    out: &mut Encoder,
) -> Vec<&'a Path> {
    let mut families = Families::default();
    let mut read = Vec::new();
    for (path, content) in files {
        if families.add(content, path, faults) {
            read.push(path);
        }
    }
    families.unify(faults);
    write::all(&families, faults, out);
    read
}

impl Collector for Textfile {
    fn name(&self) -> &'static str {
        "textfile"
    }

    fn collect(&mut self, _scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let mut faults = Faults::default();
        let mut left: Vec<Left> = Vec::new();
        for folder in &mut self.folders {
            match folder.files() {
                // Patterns may overlap.
                Ok(files) => files.into_iter().for_each(|file| {
                    if !left.iter().any(|known| known.path == file.path) {
                        left.push(file);
                    }
                }),
                Err(error) => faults.add(What::File, &folder.named, 0, error.to_string()),
            }
        }
        for Left { path, read } in &left {
            if let Err(error) = read {
                faults.add(What::File, path, 0, error.to_string());
            }
        }
        if !left.is_empty() {
            let files = left.iter().filter_map(|Left { path, read }| {
                let (content, _) = read.as_ref().ok()?;
                Some((path.as_path(), content.as_slice()))
            });
            let read = pass_on(files, &mut faults, out);
            times(&left, &read, out);
        }
        out.single(&ERROR, !faults.is_empty());
        faults.encode(out);
        faults.tell(&self.told);
        let result = if faults.is_empty() { Ok(()) } else { Err(Failure::Told) };
        self.told = faults;
        result
    }
}

/// When those that could be read were written.
fn times(left: &[Left], read: &[&Path], out: &mut Encoder) {
    if !read.is_empty() {
        out.family(&MTIME);
    }
    // Both are in the same order.
    let mut read = read.iter().peekable();
    for Left { path, read: content } in left {
        if read.next_if(|next| **next == path.as_path()).is_some()
            && let Ok((_, written)) = content
        {
            let labels = [("file", path.as_os_str().as_encoded_bytes())];
            out.sample(&MTIME, &labels, Value::signed(*written, 0));
        }
    }
}

#[cfg(test)]
mod tests;
