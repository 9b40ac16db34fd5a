//! Figures of the report as people read them.

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

#[cfg(test)]
mod tests {
    use super::*;

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
