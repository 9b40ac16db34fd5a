//! A container and its open files.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::budget::Budget;
use super::files::File;
use super::listing::Hierarchy;
use super::names::Names;
use super::process::{self, Host};
use super::readings::Readings;
use crate::encoder::Encoder;
use crate::failure::Failure;
use crate::source::{ONE_PIECE, Source};

/// A container that runs on this node.
#[derive(Debug)]
pub struct Container {
    /// Its identity at the container runtime.
    pub id: String,
    /// Whose it is.
    pub names: Names,
    /// One of its processes, while it has any.
    pub pid: Option<u32>,
    /// When that was started, in hundredths of a second since the epoch.
    pub started: Option<u64>,
    /// The same since the boot, which no clock moves.
    pub(super) ticks: Option<u64>,
    /// Where its group is.
    pub(super) folder: PathBuf,
    /// What it uses, as of the last reading.
    pub readings: Readings,
    /// The last reading found it there.
    pub present: bool,
    /// Its labels as they are written.
    pub(crate) labels: Box<[u8]>,
    processes: PathBuf,
    files: Vec<Kept>,
}

/// A file, unless this kernel does not have it.
#[derive(Debug)]
struct Kept {
    file: &'static File,
    source: Option<Source>,
    keep: bool,
    seen: bool,
}

impl Container {
    /// The container in `folder`; nothing is read yet.
    pub(super) fn new(id: String, names: Names, hierarchy: &Hierarchy, folder: &Path) -> Self {
        let kept =
            |(file, path)| Kept { file, source: Some(Source::new(path)), keep: false, seen: false };
        Self {
            id,
            labels: labels(&names),
            names,
            pid: None,
            started: None,
            ticks: None,
            folder: folder.to_owned(),
            readings: Readings::default(),
            present: false,
            processes: hierarchy.processes(folder),
            files: hierarchy.files(folder).map(kept).collect(),
        }
    }

    /// Takes from the budget what is to stay open: what is read once a minute
    /// is not worth it.
    pub(super) fn keep(&mut self, budget: &mut Budget) {
        for kept in &mut self.files {
            kept.keep = !kept.file.slow && kept.source.is_some() && budget.take();
        }
    }

    /// Finds a process if none is known.
    pub(super) fn look(&mut self, host: &Host, boot: Option<u64>) {
        if self.pid.is_none() {
            self.pid = process::first(&self.processes);
            self.ticks = self.pid.and_then(|pid| host.ticks(pid));
            self.started = process::since_epoch(boot, self.ticks);
        }
    }

    /// Reads its files, those that change slowly only if it is time.
    ///
    /// # Errors
    /// For a file that is there and cannot be read or understood. A container
    /// that is gone, or a file this kernel does not have, is none.
    pub(super) fn read(&mut self, slow: bool, scratch: &mut Vec<u8>) -> Result<(), Failure> {
        let mut result = Ok(());
        let mut present = false;
        for kept in &mut self.files {
            let Some(source) = &mut kept.source else { continue };
            if kept.file.slow && kept.seen && !slow {
                continue;
            }
            match source.read_piece(ONE_PIECE, kept.keep, scratch) {
                Ok(content) => {
                    present = true;
                    kept.seen = true;
                    if !(kept.file.parse)(content, &mut self.readings) {
                        let (file, expected) = (kept.file.name, kept.file.expected);
                        result = result.and(Err(Failure::Malformed { file, expected }));
                    }
                }
                Err(failure) => {
                    (kept.file.parse)(b"", &mut self.readings);
                    if is_absence(&failure) {
                        kept.source = None;
                    } else {
                        result = result.and(Err(failure));
                    }
                }
            }
        }
        self.present = present;
        result
    }
}

/// Gone, not there, or (pressure) switched off.
fn is_absence(failure: &Failure) -> bool {
    const ABSENCES: [Errno; 3] = [Errno::NOENT, Errno::NODEV, Errno::OPNOTSUPP];
    let Failure::Read { source, .. } = failure else { return false };
    ABSENCES.iter().any(|absence| io::Error::from(*absence).raw_os_error() == source.raw_os_error())
}

/// `{namespace="…",pod="…",container="…"}`, made once: writing it takes longer
/// than writing a value.
fn labels(names: &Names) -> Box<[u8]> {
    let mut out = Encoder::default();
    let labels = [
        ("namespace", names.namespace.as_bytes()),
        ("pod", names.pod.as_bytes()),
        ("container", names.container.as_bytes()),
    ];
    out.series("", &labels);
    out.page().into()
}
