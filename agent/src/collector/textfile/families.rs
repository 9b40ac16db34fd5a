//! The metrics of all files, put together: of one metric all samples, whichever
//! file and line they are in.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use super::faults::{Faults, What};
use super::line::{self, Kind, Line};

/// Series in all files together, and metrics: what bounds the memory they take.
const SERIES: usize = 150_000;
const METRICS: usize = 10_000;

/// A metric of one or more files.
#[derive(Debug)]
pub(super) struct Family<'a> {
    pub(super) name: &'a str,
    pub(super) help: Option<String>,
    pub(super) kind: Option<Kind>,
    /// The files it is in.
    pub(super) files: Vec<&'a Path>,
    pub(super) samples: Vec<Placed<'a>>,
}

/// A sample's line, which is known to be one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) file: &'a Path,
    pub(super) line: u32,
    pub(super) text: &'a str,
}

impl Family<'_> {
    fn new<'a>(name: &'a str, file: &'a Path) -> Family<'a> {
        Family { name, help: None, kind: None, files: vec![file], samples: Vec::new() }
    }

    /// The names its samples have, or may have.
    pub(super) fn names(&self) -> Vec<String> {
        let parts: &[&str] = match self.kind {
            Some(Kind::Histogram) => &["", "_bucket", "_sum", "_count"],
            Some(Kind::Summary) => &["", "_sum", "_count"],
            _ => &[""],
        };
        parts.iter().map(|part| format!("{}{part}", self.name)).collect()
    }
}

/// Families in the order they came in.
#[derive(Debug, Default)]
pub(super) struct Families<'a> {
    pub(super) list: Vec<Family<'a>>,
    places: HashMap<&'a str, usize>,
    series: usize,
}

impl<'a> Families<'a> {
    /// The family of that name, if there is one.
    fn get(&mut self, name: &str) -> Option<&mut Family<'a>> {
        self.places.get(name).map(|place| &mut self.list[*place])
    }

    fn open(&mut self, name: &'a str, file: &'a Path) -> &mut Family<'a> {
        let place = *self.places.entry(name).or_insert(self.list.len());
        if place == self.list.len() {
            self.list.push(Family::new(name, file));
        }
        &mut self.list[place]
    }

    /// The family that a sample of that name belongs to.
    fn of(&self, name: &'a str) -> &'a str {
        let kind = |stem: &str| self.places.get(stem).and_then(|place| self.list[*place].kind);
        if self.places.contains_key(name) {
            return name;
        }
        let stem = |end, wanted: &[Kind]| {
            let stem = name.strip_suffix(end)?;
            kind(stem).filter(|kind| wanted.contains(kind)).map(|_| stem)
        };
        let both = [Kind::Histogram, Kind::Summary];
        stem("_bucket", &both[..1])
            .or_else(|| stem("_sum", &both))
            .or_else(|| stem("_count", &both))
            .unwrap_or(name)
    }

    /// The metrics of one file. A line that is none costs all of them, as with
    /// `node_exporter`: a file that is half written looks like that, and what
    /// stands before the break may be wrong too.
    fn of_file(content: &'a [u8], file: &'a Path, faults: &mut Faults) -> Option<Self> {
        let mut found = Self::default();
        let mut left_out = Vec::new();
        for (line, number) in content.split(|byte| *byte == b'\n').zip(1..) {
            let read = match line::read(line) {
                Ok(read) => found.take(read, line, file, number),
                Err(expected) => Err((What::File, expected)),
            };
            match read {
                Ok(()) => {}
                Err((What::File, reason)) => {
                    faults.add(What::File, file, number, reason);
                    return None;
                }
                Err((_, reason)) => left_out.push((number, reason)),
            }
        }
        for (number, reason) in left_out {
            faults.add(What::Series, file, number, reason);
        }
        // A metric that is only announced says nothing.
        found.list.retain(|family| !family.samples.is_empty());
        Some(found)
    }

    fn take(
        &mut self,
        read: Line<'a>,
        line: &'a [u8],
        file: &'a Path,
        number: u32,
    ) -> Result<(), (What, &'static str)> {
        if self.list.len() > METRICS || self.series > SERIES {
            return Err((What::File, "no more than 10,000 metrics and 150,000 series together"));
        }
        match read {
            Line::Nothing => {}
            Line::Help(name, help) => {
                let family = self.open(name, file);
                if family.help.as_ref().is_some_and(|known| *known != help) {
                    return Err((What::File, "one help text for each metric"));
                }
                family.help = Some(help);
            }
            Line::Type(name, kind) => {
                let family = self.open(name, file);
                if family.kind.is_some_and(|known| known != kind)
                    || family.kind.is_none() && !family.samples.is_empty()
                {
                    return Err((What::File, "one type for each metric, before its samples"));
                }
                family.kind = Some(kind);
            }
            Line::Sample(sample) => {
                let family = self.of(sample.name);
                let family = self.open(family, file);
                if let Some(reason) = unwritable(&sample, family)? {
                    return Err((What::Series, reason));
                }
                let text = str::from_utf8(line).unwrap_or_default().trim_ascii();
                family.samples.push(Placed { file, line: number, text });
                self.series += 1;
            }
        }
        Ok(())
    }

    /// Adds the metrics of one file more.
    pub(super) fn add(&mut self, content: &'a [u8], file: &'a Path, faults: &mut Faults) -> bool {
        let Some(found) = Self::of_file(content, file, faults) else { return false };
        if self.series + found.series > SERIES || self.list.len() + found.list.len() > METRICS {
            let reason = "no more than 10,000 metrics and 150,000 series in all files together";
            faults.add(What::File, file, 0, reason);
            return false;
        }
        self.series += found.series;
        for family in found.list {
            let Some(known) = self.get(family.name) else {
                self.places.insert(family.name, self.list.len());
                self.list.push(family);
                continue;
            };
            if let Err(reason) = known.join(&family) {
                let line = family.samples.first().map_or(0, |sample| sample.line);
                faults.add(What::Metric, file, line, reason);
            } else {
                known.files.push(file);
                known.samples.extend(family.samples);
            }
        }
        true
    }

    /// Leaves out each series that is there a second time. Nothing is lost by
    /// that if its value is the same.
    pub(super) fn unify(&mut self, faults: &mut Faults) {
        for family in &mut self.list {
            for place in repeated(&family.samples) {
                let sample = family.samples[place];
                let value = |text| line::sample(text).map(|sample| sample.value);
                let first = |placed: &&Placed<'_>| same(placed.text, sample.text);
                let first = family.samples.iter().find(first).map(|placed| value(placed.text));
                if first != Some(value(sample.text)) {
                    let reason = "the same series is there already, with another value";
                    faults.add(What::Series, sample.file, sample.line, reason);
                }
                family.samples[place].text = "";
            }
            family.samples.retain(|sample| !sample.text.is_empty());
        }
    }
}

impl Family<'_> {
    /// Takes the type and the help of another file for the same metric.
    fn join(&mut self, other: &Family<'_>) -> Result<(), &'static str> {
        // Without a type it is what others say it is, so long as its samples
        // are named alike.
        let plain = |kind: Option<Kind>| {
            kind.filter(|kind| *kind != Kind::Untyped)
                .filter(|kind| ![Kind::Histogram, Kind::Summary].contains(kind))
        };
        let untyped = |kind: Option<Kind>| kind.is_none_or(|kind| kind == Kind::Untyped);
        let kind = match (self.kind, other.kind) {
            (mine, theirs) if mine == theirs => mine,
            (mine, theirs) if untyped(theirs) && plain(mine).is_some() => mine,
            (mine, theirs) if untyped(mine) && plain(theirs).is_some() => theirs,
            (mine, theirs) if untyped(mine) && untyped(theirs) => None,
            _ => return Err("another file says that it is of another type"),
        };
        match (&self.help, &other.help) {
            (Some(mine), Some(theirs)) if mine != theirs => {
                return Err("another file has another help text for it");
            }
            (None, Some(theirs)) => self.help = Some(theirs.clone()),
            _ => {}
        }
        self.kind = kind;
        Ok(())
    }
}

/// Why a sample cannot be on a page, though it can be read; an error if its
/// whole file cannot.
fn unwritable(
    sample: &line::Sample<'_>,
    family: &Family<'_>,
) -> Result<Option<&'static str>, (What, &'static str)> {
    if sample.labels.iter().any(|(name, _)| name.starts_with("__")) {
        return Ok(Some("labels that begin with __ are Prometheus' own"));
    }
    if sample.labels.iter().any(|(_, value)| value.contains('\0')) {
        return Ok(Some("Prometheus reads no byte that is zero"));
    }
    let bare = sample.name == family.name;
    let (label, reason) = match family.kind {
        Some(Kind::Histogram) if bare => {
            return Ok(Some("a histogram has _bucket, _sum and _count only"));
        }
        Some(Kind::Histogram) if sample.name.ends_with("_bucket") => {
            ("le", "a bucket of a histogram has a label le")
        }
        Some(Kind::Summary) if bare => ("quantile", "a summary's values have a label quantile"),
        _ => return Ok(None),
    };
    match sample.label(label) {
        "" => Ok(Some(reason)),
        bound if bound.parse::<f64>().is_err() => {
            Err((What::File, "a number as the label le or quantile"))
        }
        _ => Ok(None),
    }
}

/// The places of samples whose series is there before.
fn repeated(samples: &[Placed<'_>]) -> Vec<usize> {
    let mut hashes: Vec<(u64, u32)> =
        samples.iter().map(|sample| hash(sample.text)).zip(0..).collect();
    hashes.sort_unstable();
    let mut found = Vec::new();
    for group in hashes.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let places: Vec<usize> =
            group.iter().filter_map(|(_, place)| usize::try_from(*place).ok()).collect();
        for (at, place) in places.iter().enumerate() {
            if places[..at].iter().any(|earlier| same(samples[*earlier].text, samples[*place].text))
            {
                found.push(*place);
            }
        }
    }
    found
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Ok(sample) = line::sample(text) {
        (sample.name, sample.identity()).hash(&mut hasher);
    }
    hasher.finish()
}

fn same(one: &str, other: &str) -> bool {
    match (line::sample(one), line::sample(other)) {
        (Ok(one), Ok(other)) => one.name == other.name && one.identity() == other.identity(),
        _ => false,
    }
}
