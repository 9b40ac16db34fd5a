//! What the firmware is asked, and its answers as values.

use std::io;

use super::mailbox::{Mailbox, Message};
use crate::encoder::{Encoder, Family};
use crate::value::Value;

const GET_CLOCK_RATE: u32 = 0x0003_0002;
const GET_VOLTAGE: u32 = 0x0003_0003;
const GET_TEMPERATURE: u32 = 0x0003_0006;
const GET_THROTTLED: u32 = 0x0003_0046;

const NOW: Family = Family::gauge(
    "rpi_throttled_state",
    "1 while the firmware holds the board back, or its supply is too weak.",
);
const SINCE_BOOT: Family = Family::gauge(
    "rpi_throttled_since_boot",
    "1 if it was so at any time since the board was switched on.",
);
/// Shown by whoever knows, the firmware or its driver.
pub const UNDER_VOLTAGE: Family =
    Family::gauge("rpi_under_voltage", "1 while the supply is below what the board needs.");
const TEMPERATURE: Family = Family::gauge("rpi_temperature_celsius", "Temperature of the chip.");
const VOLTAGE: Family = Family::gauge("rpi_voltage_volts", "Voltage the firmware has set.");
const CLOCK: Family = Family::gauge("rpi_clock_hertz", "Clock rate the firmware has set.");

/// The flags by their bits; since boot, sixteen bits further up.
pub const FLAGS: [&str; 4] =
    ["under_voltage", "arm_frequency_capped", "throttled", "soft_temp_limit"];

/// What holds the board back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled(pub u32);

impl Throttled {
    /// Asks the firmware.
    ///
    /// # Errors
    /// When it cannot be asked, or does not know.
    pub fn ask(mailbox: &mut dyn Mailbox, message: &mut Message) -> io::Result<Self> {
        message.clear();
        // 0: do not clear what happened since boot.
        let value = message.tag(GET_THROTTLED, &[0], 1);
        message.send(mailbox)?;
        let answer = message.answer(value).and_then(|words| words.first());
        answer.copied().map(Self).ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    /// Whether a flag of [`FLAGS`] is set now.
    pub fn now(self, flag: usize) -> bool {
        self.0 >> flag & 1 != 0
    }

    /// Whether it was at any time since the board was switched on.
    pub fn since_boot(self, flag: usize) -> bool {
        self.0 >> (flag + 16) & 1 != 0
    }

    /// Encodes every flag, set or not.
    pub fn encode(self, out: &mut Encoder) {
        for (family, state) in [(&NOW, self), (&SINCE_BOOT, Self(self.0 >> 16))] {
            out.family(family);
            for (bit, flag) in FLAGS.iter().enumerate() {
                out.sample(family, &[("flag", flag.as_bytes())], state.now(bit));
            }
        }
        out.single(&UNDER_VOLTAGE, self.now(0));
    }
}

/// A number the firmware knows.
#[derive(Debug)]
struct Sensor {
    family: &'static Family,
    label: (&'static str, &'static str),
    tag: u32,
    id: u32,
    /// How many places the point moves to give the family's unit.
    places: u8,
}

const fn sensor(
    family: &'static Family,
    label: (&'static str, &'static str),
    tag: u32,
    id: u32,
    places: u8,
) -> Sensor {
    Sensor { family, label, tag, id, places }
}

/// How many numbers are asked.
pub const SENSORS: usize = 8;

/// The numbers, family by family.
const TABLE: [Sensor; SENSORS] = [
    sensor(&TEMPERATURE, ("sensor", "soc"), GET_TEMPERATURE, 0, 3),
    sensor(&VOLTAGE, ("domain", "core"), GET_VOLTAGE, 1, 6),
    sensor(&VOLTAGE, ("domain", "sdram_c"), GET_VOLTAGE, 2, 6),
    sensor(&VOLTAGE, ("domain", "sdram_p"), GET_VOLTAGE, 3, 6),
    sensor(&VOLTAGE, ("domain", "sdram_i"), GET_VOLTAGE, 4, 6),
    sensor(&CLOCK, ("clock", "arm"), GET_CLOCK_RATE, 3, 0),
    sensor(&CLOCK, ("clock", "core"), GET_CLOCK_RATE, 4, 0),
    sensor(&CLOCK, ("clock", "v3d"), GET_CLOCK_RATE, 5, 0),
];

/// The numbers in their families' order; `None` is what the firmware does not
/// know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers(pub [Option<u32>; SENSORS]);

impl Numbers {
    /// Asks for all of them in one message.
    ///
    /// # Errors
    /// When the firmware cannot be asked for several things at once.
    pub fn ask(mailbox: &mut dyn Mailbox, message: &mut Message) -> io::Result<Self> {
        message.clear();
        let places = TABLE.each_ref().map(|sensor| message.tag(sensor.tag, &[sensor.id], 2));
        message.send(mailbox)?;
        let mut numbers = [None; SENSORS];
        for ((number, sensor), place) in numbers.iter_mut().zip(&TABLE).zip(places) {
            // An answer names what it is about; 0 is said of what is not there.
            *number = match message.answer(place) {
                Some([id, value, ..]) if *id == sensor.id && *value > 0 => Some(*value),
                _ => None,
            };
        }
        Ok(Self(numbers))
    }

    /// The chip's temperature in thousandths of a degree Celsius.
    pub fn millidegrees(&self) -> Option<u32> {
        self.0[0]
    }

    /// Encodes what is known.
    pub fn encode(&self, out: &mut Encoder) {
        let mut open = "";
        for (sensor, number) in TABLE.iter().zip(self.0) {
            let Some(number) = number else { continue };
            if sensor.family.name != open {
                out.family(sensor.family);
                open = sensor.family.name;
            }
            let labels = [(sensor.label.0, sensor.label.1.as_bytes())];
            out.sample(sensor.family, &labels, Value::scaled(u64::from(number), sensor.places));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::pi::fake::Fake;

    #[test]
    fn each_bit_is_a_flag_of_its_own() {
        for bit in 0..32 {
            let state = Throttled(1 << bit);
            for flag in 0..FLAGS.len() {
                assert_eq!(state.now(flag), flag == bit);
                assert_eq!(state.since_boot(flag), flag + 16 == bit);
            }
        }
    }

    #[test]
    fn what_the_firmware_does_not_know_is_not_made_up() {
        let mut fake = Fake::default();
        let mut message = Message::default();
        let unknown = Throttled::ask(&mut fake, &mut message).unwrap_err();
        assert_eq!(unknown.kind(), io::ErrorKind::Unsupported);
        assert_eq!(Numbers::ask(&mut fake, &mut message).unwrap(), Numbers::default());

        fake.answers.insert((GET_TEMPERATURE, 0), vec![0, 48_312]);
        fake.answers.insert((GET_VOLTAGE, 1), vec![1, 0]);
        // Asked for one domain, it tells of another.
        fake.answers.insert((GET_VOLTAGE, 2), vec![1, 880_000]);
        fake.answers.insert((GET_CLOCK_RATE, 3), vec![3]);
        let numbers = Numbers::ask(&mut fake, &mut message).unwrap();
        assert_eq!(numbers.millidegrees(), Some(48_312));
        assert_eq!(numbers.0[1..], [None; SENSORS - 1]);
    }
}
