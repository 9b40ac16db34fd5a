//! Sample values: decimal fractions, exact.
//!
//! The kernel counts in integers of some unit; Prometheus wants base units.
//! Dividing in floating point would cost precision and a float formatter, so a
//! value stays an integer and the decimal point moves.

/// `± digits / 10^places`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    negative: bool,
    digits: u64,
    places: u8,
}

/// More places than this cannot be told apart in a `u64`.
const MAX_PLACES: u8 = 18;

/// A sign, twenty digits, a point, and zeros to fill up the places.
const ROOM: usize = 24;

impl Value {
    /// `digits / 10^places`; `places` beyond 18 count as 18.
    pub const fn scaled(digits: u64, places: u8) -> Self {
        let places = if places > MAX_PLACES { MAX_PLACES } else { places };
        Self { negative: false, digits, places }
    }

    /// `number / 10^places`, as [`Value::scaled`].
    pub const fn signed(number: i64, places: u8) -> Self {
        Self { negative: number < 0, ..Self::scaled(number.unsigned_abs(), places) }
    }

    /// The number, if it is a whole one that is not below 0.
    pub fn whole(self) -> Option<u64> {
        (self.places == 0 && !self.negative).then_some(self.digits)
    }

    /// Calls `write` with the shortest decimal notation of the value.
    pub fn with_text<T>(self, write: impl FnOnce(&[u8]) -> T) -> T {
        let mut text = [0; ROOM];
        let start = self.put(&mut text);
        write(&text[start..])
    }

    /// As [`Value::with_text`], between a blank and the end of the line.
    pub fn with_line<T>(self, write: impl FnOnce(&[u8]) -> T) -> T {
        let mut line = [b'\n'; ROOM + 2];
        let start = line.get_mut(1..=ROOM).map_or(0, |text| self.put(text));
        line[start] = b' ';
        write(&line[start..])
    }

    /// Puts the notation at the end of `text`; where it begins there.
    fn put(self, text: &mut [u8]) -> usize {
        let (mut rest, mut places) = (self.digits, self.places);
        // Zeros at the fraction's end say nothing.
        while places > 0 && rest % 10 == 0 {
            (rest, places) = (rest / 10, places - 1);
        }
        let mut start = text.len();
        let mut put = |byte: u8| {
            start -= 1;
            text[start] = byte;
        };
        let digit = |rest: u64| b'0' + u8::try_from(rest % 10).unwrap_or(0);
        for place in 0..places {
            put(digit(rest));
            rest /= 10;
            if place + 1 == places {
                put(b'.');
            }
        }
        loop {
            put(digit(rest));
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if self.negative {
            put(b'-');
        }
        start
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::scaled(number, 0)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::scaled(u64::from(truth), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: Value) -> String {
        value.with_text(|text| String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn values_are_written_short_and_exact() {
        let table = [
            (Value::from(0), "0"),
            (Value::from(u64::MAX), "18446744073709551615"),
            (Value::scaled(59118, 2), "591.18"),
            (Value::scaled(59100, 2), "591"),
            (Value::scaled(5, 3), "0.005"),
            (Value::scaled(0, 3), "0"),
            (Value::scaled(100, 1), "10"),
            (Value::scaled(u64::MAX, 18), "18.446744073709551615"),
            (Value::scaled(1, 200), "0.000000000000000001"),
            (Value::signed(-1250, 3), "-1.25"),
            (Value::signed(i64::MIN, 18), "-9.223372036854775808"),
            (Value::signed(i64::MIN, 0), "-9223372036854775808"),
        ];
        for (value, expected) in table {
            assert_eq!(text(value), expected);
        }
    }

    proptest! {
        #[test]
        fn a_value_reads_back_as_the_same_number(number: i64, places in 0u8..=18) {
            let text = text(Value::signed(number, places));
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            let digits = format!("{whole}{fraction:0<width$}", width = usize::from(places));
            prop_assert_eq!(digits.parse::<i64>().unwrap(), number);
        }
    }
}
