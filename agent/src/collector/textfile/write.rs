//! The metrics of text files, written to the page so that every reader takes it.

use std::collections::HashSet;
use std::io::Write as _;

use super::families::{Families, Family, Placed};
use super::faults::{Faults, What};
use super::line::{self, Kind, Sample};
use super::own;
use super::whole;
use crate::encoder::{Encoder, Format};

/// What text files may add to a page, in bytes: its memory counts to the unit's
/// limit, and help texts make it more than there is in the files.
const MOST: usize = 6 * 1024 * 1024;

/// Writes the families, but not those whose names are taken.
pub(super) fn all(families: &Families<'_>, faults: &mut Faults, out: &mut Encoder) {
    let own = own::names(out.page(), out.format());
    let mut taken: HashSet<String> = HashSet::new();
    let mut written = Vec::new();
    for family in &families.list {
        let names = family.names();
        let reason = if names.iter().any(|name| own.contains(name)) {
            "the agent has a metric of that name itself"
        } else if names.iter().any(|name| own::SCRAPERS.contains(&name.as_str())) {
            "Prometheus has a metric of that name for each scrape"
        } else if names.iter().any(|name| taken.contains(name)) {
            "another metric's samples have that name"
        } else {
            taken.extend(names);
            written.push(family);
            continue;
        };
        leave_out(family, reason, faults);
    }
    let start = out.page().len();
    let is_taken = |name: &str| own.contains(name) || taken.contains(name);
    for family in written {
        let before = out.page().len();
        write(family, &is_taken, out);
        if out.page().len() - start > MOST {
            out.take_back(before);
            leave_out(family, "no more than 6 MiB of the page for text files", faults);
        }
    }
}

/// Once for each file that it is in.
fn leave_out(family: &Family<'_>, reason: &'static str, faults: &mut Faults) {
    for file in &family.files {
        let line = family.samples.iter().find(|sample| sample.file == *file);
        faults.add(What::Metric, file, line.map_or(0, |sample| sample.line), reason);
    }
}

fn write(family: &Family<'_>, is_taken: &dyn Fn(&str) -> bool, out: &mut Encoder) {
    let kind = family.kind.unwrap_or(Kind::Untyped);
    if out.format() == Format::Text {
        announce(family, family.name, kind.word(), out);
        return family.samples.iter().for_each(|sample| plain(sample, out));
    }
    let free = |end: &str| !is_taken(&format!("{}{end}", family.name));
    match kind {
        Kind::Gauge => {
            announce(family, family.name, kind.word(), out);
            family.samples.iter().for_each(|sample| plain(sample, out));
        }
        Kind::Counter => {
            let stem = family.name.strip_suffix("_total").filter(|stem| {
                let created = format!("{stem}_created");
                !stem.is_empty() && !is_taken(stem) && !is_taken(&created) && whole::counts(family)
            });
            match stem {
                Some(stem) => announce(family, stem, kind.word(), out),
                None => announce(family, family.name, "unknown", out),
            }
            family.samples.iter().for_each(|sample| plain(sample, out));
        }
        Kind::Histogram | Kind::Summary if free("_created") => match whole::groups(family, kind) {
            Some(samples) => {
                announce(family, family.name, kind.word(), out);
                for read in &samples {
                    sample(read, out);
                }
            }
            None => apart(family, out),
        },
        _ => apart(family, out),
    }
}

/// Each name's samples as a metric of their own, of which nothing is promised.
fn apart(family: &Family<'_>, out: &mut Encoder) {
    for name in family.names() {
        let named = |placed: &&Placed<'_>| {
            line::sample(placed.text).is_ok_and(|sample| sample.name == name)
        };
        let mut samples = family.samples.iter().filter(named).peekable();
        if samples.peek().is_some() {
            announce(family, &name, "unknown", out);
            samples.for_each(|sample| plain(sample, out));
        }
    }
}

fn announce(family: &Family<'_>, name: &str, kind: &str, out: &mut Encoder) {
    // A page in memory takes whatever is written.
    let _ = write!(out, "# HELP {name} ");
    if let Some(help) = &family.help {
        out.help(help);
    } else {
        let files: Vec<String> =
            family.files.iter().take(20).map(|file| file.display().to_string()).collect();
        out.help(&format!("Metric read from {}", files.join(", ")));
    }
    let _ = write!(out, "\n# TYPE {name} {kind}\n");
}

fn plain(placed: &Placed<'_>, out: &mut Encoder) {
    if let Ok(read) = line::sample(placed.text) {
        sample(&read, out);
    }
}

fn sample(sample: &Sample<'_>, out: &mut Encoder) {
    let labels: Vec<(&str, &[u8])> =
        sample.labels.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    out.series(sample.name, &labels);
    let _ = writeln!(out, " {}", sample.value);
}
