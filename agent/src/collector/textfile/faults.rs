//! What is left out of the text files, where, and why.

use std::borrow::Cow;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::encoder::{Encoder, Family};

pub(super) const LEFT_OUT: Family = Family::gauge(
    "terrarium_agent_textfile_left_out",
    "1 for what is left out of a text file: the whole file, a metric of it or one series.",
);

/// So many are shown of a file, and of all: a file may be wrong in each line.
const OF_A_FILE: usize = 8;
const OF_ALL: usize = 500;

/// How much is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    File,
    Metric,
    Series,
}

impl What {
    const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Metric => "metric",
            Self::Series => "series",
        }
    }
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    what: What,
    file: PathBuf,
    /// From 1; 0 if it is no matter of a line.
    line: u32,
    reason: Cow<'static, str>,
}

/// Those of one page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(
        &mut self,
        what: What,
        file: &Path,
        line: u32,
        reason: impl Into<Cow<'static, str>>,
    ) {
        // Those of a file come one after the other, or at the end.
        let of_file = self.0.iter().rev().filter(|fault| fault.file == file).take(OF_A_FILE);
        if self.0.len() < OF_ALL && of_file.count() < OF_A_FILE {
            self.0.push(Fault { what, file: file.to_owned(), line, reason: reason.into() });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A series for each. Two that differ in nothing shown are one.
    pub(super) fn encode(&self, out: &mut Encoder) {
        if self.is_empty() {
            return;
        }
        out.family(&LEFT_OUT);
        for (at, fault) in self.0.iter().enumerate() {
            if self.0[..at].contains(fault) {
                continue;
            }
            let line = fault.line.to_string();
            let labels = [
                ("file", fault.file.as_os_str().as_encoded_bytes()),
                ("line", line.as_bytes()),
                ("reason", fault.reason.as_bytes()),
                ("what", fault.what.word().as_bytes()),
            ];
            out.sample(&LEFT_OUT, &labels, 1);
        }
    }

    /// One line in the journal for each that was not there before.
    pub(super) fn tell(&self, before: &Self) {
        for fault in self.0.iter().filter(|fault| !before.0.contains(fault)) {
            let Fault { what, file, line, reason } = fault;
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(
                std::io::stderr(),
                "collector textfile: {}, line {line}: {reason}; left out: the {}",
                file.display(),
                what.word()
            );
        }
    }

    #[cfg(test)]
    pub(super) fn shown(&self) -> Vec<String> {
        let name = |fault: &Fault| fault.file.file_name().unwrap().to_string_lossy().into_owned();
        let show = |fault: &Fault| {
            format!("{}:{} {}: {}", name(fault), fault.line, fault.what.word(), fault.reason)
        };
        self.0.iter().map(show).collect()
    }
}
