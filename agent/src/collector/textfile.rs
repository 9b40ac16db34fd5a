//! Metrics that others leave in files: `*.prom` of one folder.
//!
//! A file that breaks the format is left out, and so is one with a metric that
//! is on the page already: either would cost the whole page.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Collector;
use super::apart::{Apart, PATIENCE};
use super::folder::{self, Left};
use super::text::{Written, parse};
use crate::encoder::{Encoder, Family, Format};
use crate::failure::Failure;
use crate::value::Value;

const MTIME: Family =
    Family::gauge("node_textfile_mtime_seconds", "Unixtime mtime of textfiles successfully read.");
const ERROR: Family = Family::gauge(
    "node_textfile_scrape_error",
    "1 if there was an error opening or reading a file, 0 otherwise",
);

/// What is written to the page after these files.
const LATER: [&str; 4] =
    ["node_scrape_collector_", "node_textfile_", "process_", "terrarium_agent_"];

/// What the names of such files end with.
const ENDING: &[u8] = b".prom";

/// The collector. The last to write of those that read the host, so that it
/// sees every name that is taken.
#[derive(Debug)]
pub struct Textfile {
    folder: Option<PathBuf>,
    /// Who reads the folder; `None` when there could not be one more thread.
    reader: Option<Apart<io::Result<Vec<Left>>>>,
}

impl Textfile {
    /// Reads the files of `folder`; without one there are none.
    pub fn new(folder: Option<&Path>) -> Self {
        Self { folder: folder.map(Path::to_owned), reader: None }
    }

    /// The files, by name.
    fn files(&mut self) -> Result<Vec<Left>, Failure> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        if self.reader.is_none() {
            let folder = folder.clone();
            self.reader = Apart::new("textfile", move || folder::read(&folder, ENDING));
        }
        let found = self.reader.as_mut().and_then(|reader| reader.ask(PATIENCE));
        let late = || Err(io::Error::new(io::ErrorKind::TimedOut, "its disk does not answer"));
        found
            .unwrap_or_else(late)
            .map_err(|source| Failure::Read { path: folder.as_path().into(), source })
    }
}

/// The names of metrics that are on the page, sorted.
#[derive(Debug, Default)]
struct Names(Vec<String>);

impl Names {
    /// Those that the page announces so far.
    fn of(page: &[u8]) -> Self {
        let mut names = Self::default();
        let lines = page.split(|byte| *byte == b'\n');
        for line in lines.filter_map(|line| line.strip_prefix(b"# TYPE ")) {
            let name = line.split(|byte| *byte == b' ').next().unwrap_or_default();
            names.add(&String::from_utf8_lossy(name));
        }
        names
    }

    /// Whether the page has a metric of this name, or will have.
    fn has(&self, name: &str) -> bool {
        // OpenMetrics announces a counter without its ending.
        let bare = name.strip_suffix("_total").unwrap_or(name);
        let announced = |name: &str| self.place(name).is_ok();
        LATER.iter().any(|prefix| name.starts_with(prefix)) || announced(name) || announced(bare)
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|known| known.as_str().cmp(name))
    }

    fn add(&mut self, name: &str) {
        if let Err(place) = self.place(name) {
            self.0.insert(place, name.to_owned());
        }
    }
}

/// Passes a file's metrics on.
///
/// # Errors
/// When a line is not as the format has it or a metric is there already;
/// nothing is written then.
pub fn encode(input: &[u8], path: &Path, out: &mut Encoder) -> Result<(), Failure> {
    pass_on(input, path, &mut Names::of(out.page()), out)
}

fn pass_on(input: &[u8], path: &Path, names: &mut Names, out: &mut Encoder) -> Result<(), Failure> {
    let fail = |line, expected| Failure::Text { path: path.to_owned(), line, expected };
    let families = parse(input).map_err(|fault| fail(fault.line, fault.expected))?;
    if families.iter().any(|family| names.has(family.name)) {
        return Err(fail(1, "metrics that nobody else has"));
    }
    for family in families {
        write(&family, path, out).map_err(|source| Failure::Read { path: path.into(), source })?;
        names.add(family.name);
    }
    Ok(())
}

fn write(family: &Written<'_>, path: &Path, out: &mut Encoder) -> io::Result<()> {
    let (name, kind) = match out.format() {
        Format::Text => (family.name, family.kind),
        // Of a histogram or a summary one would have to know that it is whole.
        Format::OpenMetrics => match (family.kind, family.name.strip_suffix("_total")) {
            ("counter", Some(name)) => (name, "counter"),
            ("gauge", _) => (family.name, "gauge"),
            _ => (family.name, "unknown"),
        },
    };
    match family.help {
        Some(help) => writeln!(out, "# HELP {name} {help}")?,
        None => writeln!(out, "# HELP {name} Metric read from {}", path.display())?,
    }
    writeln!(out, "# TYPE {name} {kind}")?;
    family.samples.iter().try_for_each(|line| writeln!(out, "{line}"))
}

impl Collector for Textfile {
    fn name(&self) -> &'static str {
        "textfile"
    }

    fn collect(&mut self, _scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let mut read = Vec::new();
        let result = self.files().and_then(|files| {
            let mut result = Ok(());
            let mut names = if files.is_empty() { Names::default() } else { Names::of(out.page()) };
            for Left { path, read: content } in files {
                let passed = content
                    .map_err(|source| Failure::Read { path: path.as_path().into(), source })
                    .and_then(|(content, written)| {
                        pass_on(&content, &path, &mut names, out).map(|()| written)
                    });
                match passed {
                    Ok(written) => read.push((path, written)),
                    Err(failure) => result = result.and(Err(failure)),
                }
            }
            result
        });
        if !read.is_empty() {
            out.family(&MTIME);
        }
        for (path, written) in &read {
            let labels = [("file", path.as_os_str().as_encoded_bytes())];
            out.sample(&MTIME, &labels, Value::signed(*written, 0));
        }
        out.single(&ERROR, result.is_err());
        result
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn page(files: &[(&str, &str)]) -> (String, Result<(), Failure>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let mut out = Encoder::default();
        out.single(&Family::gauge("node_load1", "Load."), 1);
        let result = Textfile::new(Some(folder.path())).collect(&mut Vec::new(), &mut out);
        let text = String::from_utf8(out.page().to_vec()).unwrap();
        (text.replace(folder.path().to_str().unwrap(), "").replace('\n', "|"), result)
    }

    #[test]
    fn files_are_passed_on_with_their_times() {
        let (text, result) = page(&[
            ("b.prom", "two 2\n"),
            ("a.prom", "# HELP one The first.\n# TYPE one gauge\none{x=\"y\"} 1"),
            ("c.txt", "three 3\n"),
        ]);
        assert!(result.is_ok());
        let (given, times) = text.split_once("# HELP node_textfile_mtime").unwrap();
        assert!(
            given.ends_with(
                "# HELP one The first.|# TYPE one gauge|one{x=\"y\"} 1|\
                 # HELP two Metric read from /b.prom|# TYPE two untyped|two 2|"
            ),
            "{given}"
        );
        for part in ["{file=\"/a.prom\"} 1", "{file=\"/b.prom\"} 1", "scrape_error 0|"] {
            assert!(times.contains(part), "{times}");
        }
    }

    #[test]
    fn a_file_that_would_cost_the_page_is_left_out_and_the_others_are_not() {
        for broken in [
            "broken",
            "late 1 1700000000000\n",
            "node_load1 7\n",
            "process_cpu_seconds_total 1\n",
            "good 2\n",
        ] {
            let (text, result) = page(&[("a.prom", "good 1\n"), ("b.prom", broken)]);
            assert!(matches!(&result, Err(Failure::Text { line: 1, .. })), "{broken} {result:?}");
            assert!(text.contains("|good 1|") && text.ends_with("scrape_error 1|"), "{text}");
            assert!(!text.contains("/b.prom"), "{text}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_files() {
        let mut out = Encoder::default();
        let absent = Path::new("/nowhere/at/all");
        Textfile::new(Some(absent)).collect(&mut Vec::new(), &mut out).unwrap();
        assert!(out.page().ends_with(b"node_textfile_scrape_error 0\n"));
    }
}
