//! Figures of the report as people read them.

use terrarium_fit::sizing::Size;

/// Bytes in MiB, rounded up: what was used must not look smaller than it was.
pub(super) fn megabytes(bytes: u64) -> String {
    bytes.div_ceil(1 << 20).to_string()
}

/// Seconds, in the two largest units: `2 d 3 h`, `5 h 7 min`, `40 s`.
pub(super) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let two = |first: u64, one: &str, second: u64, other: &str| match second {
        0 => format!("{first} {one}"),
        _ => format!("{first} {one} {second} {other}"),
    };
    if days > 0 {
        two(days, "d", hours, "h")
    } else if hours > 0 {
        two(hours, "h", minutes, "min")
    } else if minutes > 0 {
        two(minutes, "min", seconds % 60, "s")
    } else {
        format!("{seconds} s")
    }
}

/// A share in per cent, with a decimal where it is small: `0.3 %`, `12 %`.
pub(super) fn thousandths(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 9.95 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// Why a size is what it is, how sure that is, and how far its pods differ.
pub(super) fn reasons(size: &Size) -> Vec<String> {
    let mut told: Vec<String> = size.why.iter().map(ToString::to_string).collect();
    if let (Some(low), Some(high)) = (size.low.memory, size.high.memory)
        && low < high
    {
        told.push(format!(
            "the history behind it leaves the memory request between {} and {} MiB",
            megabytes(low),
            megabytes(high)
        ));
    }
    let (least, most) = size.spread;
    if megabytes(least) != megabytes(most) {
        told.push(format!(
            "its pods' peaks lie between {} and {} MiB",
            megabytes(least),
            megabytes(most)
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use terrarium_fit::sizing::Resource;

    use super::*;

    #[test]
    fn how_sure_a_size_is_and_how_far_pods_differ_is_told_where_there_is_a_difference() {
        let memory = |mib: u64| Resource { memory: Some(mib << 20), cpu: None };
        let size = Size { low: memory(20), high: memory(40), ..Size::default() };
        assert_eq!(
            reasons(&size),
            ["the history behind it leaves the memory request between 20 and 40 MiB"]
        );
        let size = Size { low: memory(9), high: memory(9), ..Size::default() };
        assert_eq!(reasons(&size), [""; 0]);
        let size = Size { spread: (9 << 20, 54 << 20), ..Size::default() };
        assert_eq!(reasons(&size), ["its pods' peaks lie between 9 and 54 MiB"]);
    }

    #[test]
    fn figures_read_as_people_say_them() {
        assert_eq!(
            (megabytes(0), megabytes(1), megabytes(2 << 20)),
            ("0".into(), "1".into(), "2".into())
        );
        let told = [5, 60, 61, 3600, 3660, 86_400, 90_000].map(duration);
        assert_eq!(told, ["5 s", "1 min", "1 min 1 s", "1 h", "1 h 1 min", "1 d", "1 d 1 h"]);
        assert_eq!([0.0, 0.003, 0.1, 1.0].map(thousandths), ["0 %", "0.3 %", "10 %", "100 %"]);
    }
}
