//! Values of options that are more than texts and numbers.

use std::time::Duration;

/// A board and its price in whole euros.
pub(super) fn price(text: &str) -> Result<(String, u64), String> {
    let wrong = || "expected BOARD=EUR, for example pi5-8gb=95".to_owned();
    let (board, price) = text.split_once('=').ok_or_else(wrong)?;
    Ok((board.to_owned(), price.parse().map_err(|_| wrong())?))
}

pub(super) fn patience(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.01..=100.0).contains(&factor) {
        Ok(factor)
    } else {
        Err("not between 0.01 and 100".to_owned())
    }
}

/// A duration of one unit: `14d`, `36h`, `90m`, `30s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a whole number and a unit: 14d, 36h, 90m or 30s".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        "d" => 86_400,
        "h" => 3600,
        "m" => 60,
        "s" => 1,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    // Prometheus keeps no more, and its answers grow with it.
    let most = 366 * 86_400;
    match number.checked_mul(seconds) {
        Some(seconds) if (1..=most).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err("not between a second and a year".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_numbers_of_one_unit() {
        for (text, seconds) in
            [("14d", 1_209_600), ("36h", 129_600), ("90m", 5400), ("1s", 1), ("366d", 31_622_400)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in
            ["", "d", "14", "-1d", "1.5h", "1w", "0s", "367d", "99999999999999999999d", "1ä"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
