//! Numbers as people read them.

use super::answer::{Range, Share};

const MIB: u64 = 1024 * 1024;

/// Bytes in MiB, rounded down: `5948 MiB`.
pub(crate) fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes / MIB)
}

/// A range in MiB, as one number where both ends are the same.
pub(crate) fn mib_range(range: Range) -> String {
    match (range.low / MIB, range.high / MIB) {
        (low, high) if low == high => format!("{low} MiB"),
        (low, high) => format!("{low} to {high} MiB"),
    }
}

/// Bytes in GiB with one decimal, rounded down.
pub(crate) fn gib(bytes: u64) -> String {
    let tenths = bytes / (MIB * 1024 / 10);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

/// Thousandths of a core: `1.25 cores`.
pub(crate) fn cores(milli: u64) -> String {
    format!("{}.{:02}", milli / 1000, milli % 1000 / 10)
}

/// A part of a whole in per cent, rounded up so that nothing full looks free.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    let wide = u128::from(part) * 100;
    let share = wide.checked_div(u128::from(whole)).unwrap_or_default();
    let rest = wide.checked_rem(u128::from(whole)).unwrap_or_default();
    u64::try_from(share + u128::from(rest > 0)).unwrap_or(u64::MAX)
}

/// A share of runs, to a tenth of a per cent: `99.8 to 100 %`.
pub(crate) fn share(share: Share) -> String {
    let shown = |share: f64| {
        let text = format!("{:.1}", share * 100.0);
        text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
    };
    match (shown(share.low), shown(share.high)) {
        (low, high) if low == high => format!("{low} %"),
        (low, high) => format!("{low} to {high} %"),
    }
}

/// How often the simulated scheduler placed everything, in the order given and in
/// others: `simulated, the scheduler placed everything in 9 of 10 …`.
pub(crate) fn simulated(ordered: Share, any: Option<Share>) -> String {
    let counted = |runs: Share| format!("{} of {}", runs.complete, runs.runs);
    let (first, ends) = (counted(ordered), share(ordered));
    let other = any.filter(|any| any.runs > 0).map_or_else(String::new, |any| {
        format!(", and in {} in shuffled orders ({})", counted(any), share(any))
    });
    format!(
        "simulated, the scheduler placed everything in {first} installations in the order given \
         ({ends}){other}"
    )
}

/// `a, b and c`.
pub(crate) fn listed<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_say_them() {
        assert_eq!(mib(5 * MIB + 1), "5 MiB");
        assert_eq!(mib_range(Range { low: MIB, high: MIB }), "1 MiB");
        assert_eq!(mib_range(Range { low: MIB, high: 3 * MIB }), "1 to 3 MiB");
        assert_eq!(gib(1536 * MIB), "1.5 GiB");
        assert_eq!(cores(1250), "1.25");
        assert_eq!((percent(1, 3), percent(3, 3), percent(1, 0), percent(0, 5)), (34, 100, 0, 0));
        let of = |low, high| share(Share { low, high, runs: 1000, complete: 1 });
        assert_eq!((of(0.998, 1.0), of(1.0, 1.0)), ("99.8 to 100 %".into(), "100 %".into()));
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listed::<&str>(&[]), "");
    }
}
