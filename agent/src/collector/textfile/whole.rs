//! What `OpenMetrics` asks of counters, histograms and summaries: only one that
//! keeps to it is announced as such.

use std::borrow::Cow;

use super::families::Family;
use super::line::{self, Kind, Sample};

/// Whether all its values are such as a counter can have.
pub(super) fn counts(family: &Family<'_>) -> bool {
    let mut samples = family.samples.iter().map(|placed| line::sample(placed.text));
    samples.all(|sample| sample.is_ok_and(|sample| is_count(&sample)))
}

fn is_count(sample: &Sample<'_>) -> bool {
    !sample.value.starts_with('-') && sample.value != "NaN"
}

/// A sample of a histogram or a summary.
struct Part<'a> {
    /// Its labels but for the bound.
    group: Vec<(String, String)>,
    /// Its place in a group; buckets and quantiles come first.
    rank: usize,
    bound: f64,
    value: f64,
    sample: Sample<'a>,
}

/// A larger family is not looked at: its samples would be in memory all at once,
/// which the unit's limit bounds.
const LARGEST: usize = 4000;

/// What the names of the samples end with, in a group's order.
const ENDS: [&str; 4] = ["_bucket", "", "_sum", "_count"];
const SUM: usize = 2;
const COUNT: usize = 3;

/// The samples group by group, with bounds written as `OpenMetrics` has them;
/// none if a group is not whole.
pub(super) fn groups<'a>(family: &Family<'a>, kind: Kind) -> Option<Vec<Sample<'a>>> {
    if family.samples.len() > LARGEST {
        return None;
    }
    let samples = family.samples.iter().map(|placed| line::sample(placed.text).ok());
    let parts = samples.map(|sample| part(sample?, family.name, kind));
    let mut parts: Vec<Part<'a>> = parts.collect::<Option<_>>()?;
    parts.sort_by(|a, b| {
        (&a.group, a.rank).cmp(&(&b.group, b.rank)).then(a.bound.total_cmp(&b.bound))
    });
    let mut groups = parts.chunk_by(|a, b| a.group == b.group);
    groups
        .all(|group| is_whole(group, kind))
        .then(|| parts.into_iter().map(|part| part.sample).collect())
}

fn part<'a>(mut sample: Sample<'a>, family: &str, kind: Kind) -> Option<Part<'a>> {
    let label = if kind == Kind::Histogram { "le" } else { "quantile" };
    let labels = sample.identity().into_iter().filter(|(name, _)| *name != label);
    let group = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let end = sample.name.strip_prefix(family)?;
    let rank = ENDS.iter().position(|known| *known == end)?;
    let given = sample.labels.iter_mut().find(|(name, _)| *name == label);
    let bound = match (given, rank < SUM) {
        (Some((_, text)), true) => {
            let bound = text.parse().ok()?;
            *text = Cow::Owned(go(bound));
            bound
        }
        (None, false) => 0.0,
        _ => return None,
    };
    let value = sample.value.parse().ok()?;
    // A quantile may be anything.
    let fits = end.is_empty() || is_count(&sample);
    fits.then_some(Part { group, rank, bound, value, sample })
}

fn is_whole(group: &[Part<'_>], kind: Kind) -> bool {
    let of = |rank| group.iter().filter(move |part| part.rank == rank);
    if of(SUM).count() != 1 || of(COUNT).count() != 1 {
        return false;
    }
    let bounds = || group.iter().filter(|part| part.rank < SUM);
    let ascending = bounds().zip(bounds().skip(1)).all(|(below, above)| below.bound < above.bound);
    ascending
        && match kind {
            Kind::Histogram => {
                let grows = bounds().zip(bounds().skip(1)).all(|(a, b)| a.value <= b.value);
                let all = of(COUNT).next().map(|count| count.value);
                let last = bounds().next_back().map(|last| (last.bound, Some(last.value)));
                grows
                    && last == Some((f64::INFINITY, all))
                    && bounds().all(|part| part.bound >= 0.0)
            }
            _ => bounds().all(|part| (0.0..=1.0).contains(&part.bound)),
        }
}

/// A number as Go writes bounds, with a point in it: `1.0`, `1e+06`.
fn go(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&power) {
        let plain = number.to_string();
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::families::Families;
    use super::super::faults::Faults;
    use super::*;

    #[test]
    fn a_family_too_large_to_be_held_whole_is_not() {
        for (groups_of_it, whole) in [(1000, true), (1001, false)] {
            let mut text = String::from("# TYPE s summary\n");
            for at in 0..groups_of_it {
                use std::fmt::Write as _;
                let _ = writeln!(text, "s_sum{{a=\"{at}\"}} 1\ns_count{{a=\"{at}\"}} 1");
                let _ = writeln!(text, "s{{a=\"{at}\",quantile=\"0.5\"}} 1");
                let _ = writeln!(text, "s{{a=\"{at}\",quantile=\"0.9\"}} 1");
            }
            let mut families = Families::default();
            assert!(families.add(text.as_bytes(), Path::new("/x.prom"), &mut Faults::default()));
            assert_eq!(groups(&families.list[0], Kind::Summary).is_some(), whole);
        }
    }

    #[test]
    fn bounds_are_written_as_go_does() {
        for (number, expected) in [
            (1.0, "1.0"),
            (0.005, "0.005"),
            (0.00001, "1e-05"),
            (100_000.0, "100000.0"),
            (1e6, "1e+06"),
            (12_345_678.0, "1.2345678e+07"),
            (0.0, "0.0"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(go(number), expected);
        }
    }
}
