//! The power chip of a Pi 5: volts and amperes of its rails.
//!
//! The firmware tells them only as text, the answer to a general command, and
//! takes its time over it.

use std::io;
use std::time::{Duration, Instant};

use super::mailbox::{Mailbox, Message};
use crate::encoder::{Encoder, Family};
use crate::scan;
use crate::value::Value;

const COMMAND: u32 = 0x0003_0080;
const QUESTION: &[u8] = b"pmic_read_adc\0";

/// Words of the answer: a code, and text.
const ROOM: usize = 1024;

/// How long an answer is good.
const EVERY: Duration = Duration::from_secs(15);

const VOLTS: Family =
    Family::gauge("rpi_pmic_rail_volts", "Voltage of a rail of the power chip, of late.");
const AMPERES: Family =
    Family::gauge("rpi_pmic_rail_amperes", "Current of a rail of the power chip, of late.");

/// A row of the answer: `VDD_CORE_A current(7)=0.90000000A`.
///
/// The rail, whether it is its current, and the number.
pub fn row(line: &[u8]) -> Option<(&[u8], bool, Value)> {
    let mut fields = scan::fields(line);
    let (name, rest) = (fields.next()?, fields.next()?);
    let equals = rest.iter().position(|byte| *byte == b'=')?;
    let (kind, number) = (&rest[..equals], &rest[equals + 1..]);
    let (is_current, number) = match number.split_last()? {
        (b'A', number) if kind.starts_with(b"current(") => (true, number),
        (b'V', number) if kind.starts_with(b"volt(") => (false, number),
        _ => return None,
    };
    let end: &[u8] = if is_current { b"_A" } else { b"_V" };
    Some((name.strip_suffix(end)?, is_current, scan::decimal(number)?))
}

/// Encodes an answer; rows of another shape are left out.
pub fn encode(text: &[u8], out: &mut Encoder) {
    for (family, current) in [(&VOLTS, false), (&AMPERES, true)] {
        let mut opened = false;
        let rows = scan::lines(text).filter_map(row);
        for (rail, _, number) in rows.filter(|(_, is_current, _)| *is_current == current) {
            if !opened {
                out.family(family);
                opened = true;
            }
            out.sample(family, &[("rail", rail)], number);
        }
    }
}

/// The last answer.
#[derive(Debug, Default)]
pub struct Pmic {
    text: Vec<u8>,
    last: Option<Instant>,
}

impl Pmic {
    /// Asks again if the last answer is old.
    ///
    /// # Errors
    /// When the firmware cannot be asked, or does not know the command.
    pub fn refresh(&mut self, mailbox: &mut dyn Mailbox, message: &mut Message) -> io::Result<()> {
        let now = Instant::now();
        if self.last.is_some_and(|last| now.duration_since(last) < EVERY) {
            return Ok(());
        }
        self.last = Some(now);
        self.text.clear();
        let mut question = [0; 1 + QUESTION.len().div_ceil(4)];
        for (word, bytes) in question[1..].iter_mut().zip(QUESTION.chunks(4)) {
            let mut four = [0; 4];
            four[..bytes.len()].copy_from_slice(bytes);
            *word = u32::from_ne_bytes(four);
        }
        message.clear();
        let value = message.tag(COMMAND, &question, ROOM);
        message.send(mailbox)?;
        match message.answer(value) {
            Some([0, text @ ..]) => {
                let bytes = text.iter().flat_map(|word| word.to_ne_bytes());
                self.text.extend(bytes.take_while(|byte| *byte != 0));
                Ok(())
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Encodes the last answer.
    pub fn encode(&self, out: &mut Encoder) {
        encode(&self.text, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::pi::fake::Fake;

    #[test]
    fn rows_are_read_or_left_out() {
        let row = |line: &str| {
            row(line.as_bytes()).map(|(rail, current, number)| {
                (String::from_utf8(rail.to_vec()).unwrap(), current, number)
            })
        };
        let volts = ("EXT5V".to_owned(), false, Value::scaled(515_091_800, 8));
        assert_eq!(row("     EXT5V_V volt(24)=5.15091800V"), Some(volts));
        let amperes = ("3V7_WL_SW".to_owned(), true, Value::scaled(9_010_870, 8));
        assert_eq!(row(" 3V7_WL_SW_A current(0)=0.09010870A"), Some(amperes));
        for line in [
            "",
            "error=1 error_msg=\"Command not registered\"",
            "EXT5V_V volt(24)=",
            "EXT5V_V volt(24)=5.1A",
            "EXT5V_A volt(24)=5.1V",
            "EXT5V_V volt(24)=-5.1V",
        ] {
            assert_eq!(row(line), None, "{line}");
        }
    }

    #[test]
    fn the_firmware_is_asked_once_for_many_pages() {
        let text = Some("EXT5V_V volt(24)=5.15091800V\n".to_owned());
        let mut fake = Fake { text, ..Fake::default() };
        let (mut pmic, mut message) = (Pmic::default(), Message::default());
        for _ in 0..5 {
            pmic.refresh(&mut fake, &mut message).unwrap();
        }
        assert_eq!(fake.messages, 1);
        let mut out = Encoder::default();
        pmic.encode(&mut out);
        let page = str::from_utf8(out.page()).unwrap();
        assert!(page.ends_with("rpi_pmic_rail_volts{rail=\"EXT5V\"} 5.150918\n"), "{page}");
    }
}
