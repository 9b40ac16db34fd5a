//! Kubernetes quantities: `250m`, `1.5Gi`, `2e3`, exactly.

/// Why a text is no quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It does not read as one.
    #[error(
        "`{0}` is no quantity: expected a number with one of m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or none behind it"
    )]
    Malformed(String),
    /// A resource cannot be asked for less than nothing.
    #[error("`{0}` is below zero")]
    Negative(String),
    /// It is more than any machine has.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

/// The quantity in whole units, rounded up as Kubernetes does.
pub fn units(text: &str) -> Result<u64, QuantityError> {
    parse(text, 0)
}

/// The quantity in thousandths, rounded up.
pub fn milli(text: &str) -> Result<u64, QuantityError> {
    parse(text, 3)
}

/// The most digits that are read; more are no quantity anybody means.
const DIGITS_MAX: usize = 30;

fn parse(text: &str, scale: i32) -> Result<u64, QuantityError> {
    let malformed = || QuantityError::Malformed(text.to_owned());
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || fraction.contains('.') || digits.len() > DIGITS_MAX {
        return Err(malformed());
    }
    let number: u128 = digits.parse().map_err(|_| malformed())?;
    if number == 0 {
        multiplier(suffix).ok_or_else(malformed)?;
        return Ok(0);
    }
    if negative {
        return Err(QuantityError::Negative(text.to_owned()));
    }
    let (binary, decimal) = multiplier(suffix).ok_or_else(malformed)?;
    let decimal = decimal + scale - i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let too_large = || QuantityError::TooLarge(text.to_owned());
    let number = number.checked_mul(1 << binary).ok_or_else(too_large)?;
    let power = 10_u128.checked_pow(decimal.unsigned_abs());
    let value = if decimal >= 0 {
        number.checked_mul(power.ok_or_else(too_large)?).ok_or_else(too_large)?
    } else {
        // Divided by more than it can be: the least there is.
        power.map_or(1, |power| number.div_ceil(power))
    };
    u64::try_from(value).map_err(|_| too_large())
}

/// Powers of two and of ten.
fn multiplier(suffix: &str) -> Option<(u32, i32)> {
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    if let Some(place) = binary.iter().position(|known| *known == suffix) {
        return Some((10 * (u32::try_from(place).ok()? + 1), 0));
    }
    let decimal = match suffix {
        "n" => -9,
        "u" => -6,
        "m" => -3,
        "" => 0,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        "T" => 12,
        "P" => 15,
        "E" => 18,
        other => {
            let exponent = other.strip_prefix(['e', 'E'])?;
            let exponent: i32 = exponent.parse().ok()?;
            (exponent.abs() <= 40).then_some(exponent)?
        }
    };
    Some((0, decimal))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn table() {
        for (text, whole, thousandths) in [
            ("0", 0, 0),
            ("1", 1, 1000),
            ("100m", 1, 100),
            ("0.1", 1, 100),
            ("1.5", 2, 1500),
            (".5", 1, 500),
            ("5.", 5, 5000),
            ("1500m", 2, 1500),
            ("128Mi", 134_217_728, 134_217_728_000),
            ("1.5Gi", 1_610_612_736, 1_610_612_736_000),
            ("1k", 1000, 1_000_000),
            ("2e3", 2000, 2_000_000),
            ("2E3", 2000, 2_000_000),
            ("1E", 1_000_000_000_000_000_000, 0),
            ("1n", 1, 1),
            ("12e-1", 2, 1200),
            ("-0", 0, 0),
            ("+5", 5, 5000),
        ] {
            assert_eq!(units(text).unwrap(), whole, "{text}");
            if thousandths > 0 || whole == 0 {
                assert_eq!(milli(text).unwrap(), thousandths, "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_quantity_is_named() {
        for text in ["", ".", "1.2.3", "Mi", "1mi", "1 Gi", "0x10", "1e", "1e99", "١", "1Gii"] {
            assert_eq!(units(text), Err(QuantityError::Malformed(text.to_owned())), "{text}");
        }
        assert_eq!(units("-1"), Err(QuantityError::Negative("-1".to_owned())));
        assert_eq!(units("100E"), Err(QuantityError::TooLarge("100E".to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = (units(&text), milli(&text));
        }

        #[test]
        fn whole_numbers_keep_their_value(number in 0_u64..1 << 40) {
            prop_assert_eq!(units(&number.to_string()).unwrap(), number);
            prop_assert_eq!(milli(&number.to_string()).unwrap(), number * 1000);
            prop_assert_eq!(units(&format!("{number}Ki")).unwrap(), number * 1024);
            prop_assert_eq!(milli(&format!("{number}m")).unwrap(), number);
            prop_assert_eq!(units(&format!("{number}m")).unwrap(), number.div_ceil(1000));
        }
    }
}
