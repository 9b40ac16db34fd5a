//! A Raspberry Pi's own state: what its firmware, its power chip, its cards and
//! its clock tell.
//!
//! The firmware is asked by its device, never by a program started for it, nor
//! by the file in sysfs whose every reading is a warning in the kernel's log.

pub mod board;
#[cfg(test)]
pub mod fake;
pub mod firmware;
pub mod mailbox;
pub mod pmic;
pub mod storage;

use std::path::PathBuf;
use std::sync::Arc;

use super::attributes::word;
use super::rescan::Rescan;
use super::{Collector, numbered};
use crate::encoder::Encoder;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::source::Source;
use board::Board;
use firmware::{Numbers, Throttled, UNDER_VOLTAGE};
use mailbox::{Mailbox, Message, Vcio};
use pmic::Pmic;
use storage::Storage;

/// The collector.
#[derive(Debug)]
pub struct Pi {
    procfs: PathBuf,
    sysfs: PathBuf,
    board: Option<Board>,
    mailbox: Box<dyn Mailbox>,
    message: Message,
    /// The firmware was asked for several numbers at once and refused: each
    /// time more would be a line in the kernel's log.
    without_numbers: bool,
    without_pmic: bool,
    pmic: Pmic,
    /// The alarm of the firmware's own driver.
    alarm: Option<Source>,
    storage: Storage,
    rescan: Rescan,
}

impl Pi {
    /// The board that `settings` name.
    pub fn new(settings: &Settings) -> Self {
        Self::asking(settings, Box::new(Vcio::new(&settings.rootfs)))
    }

    /// As [`Pi::new`], with another to ask than the firmware.
    pub fn asking(settings: &Settings, mailbox: Box<dyn Mailbox>) -> Self {
        Self {
            procfs: settings.procfs.clone(),
            sysfs: settings.sysfs.clone(),
            board: None,
            mailbox,
            message: Message::default(),
            without_numbers: false,
            without_pmic: false,
            pmic: Pmic::default(),
            alarm: None,
            storage: Storage::default(),
            rescan: Rescan::default(),
        }
    }

    fn find(&mut self, scratch: &mut Vec<u8>) {
        // What was refused is asked once more: the firmware may have been busy.
        (self.without_numbers, self.without_pmic) = (false, false);
        // Read in part only, it was read when no more files could be opened.
        self.board = Board::read(&self.procfs, &self.sysfs).or(self.board.take());
        if self.board.is_some() {
            self.storage = Storage::find(&self.sysfs, scratch);
            let chips = numbered(&self.sysfs.join("class/hwmon"), "hwmon");
            let driver =
                chips.into_iter().find(|(_, chip)| word(&chip.join("name")) == b"rpi_volt");
            self.alarm = driver.map(|(_, chip)| Source::new(chip.join("in0_lcrit_alarm")));
        }
    }

    /// What the firmware says; what is whole is written.
    fn ask(
        &mut self,
        is_pi_5: bool,
        scratch: &mut Vec<u8>,
        out: &mut Encoder,
    ) -> Result<(), Failure> {
        let mailbox = &mut *self.mailbox;
        let throttled = match Throttled::ask(mailbox, &mut self.message) {
            Ok(throttled) => throttled,
            Err(source) => {
                let alarm = self.alarm.as_mut().and_then(|file| file.read(scratch).ok());
                if let Some(alarm) = alarm.and_then(crate::scan::attribute) {
                    out.single(&UNDER_VOLTAGE, alarm != 0);
                }
                return Err(Failure::Read { path: Arc::clone(mailbox.path()), source });
            }
        };
        throttled.encode(out);
        if !self.without_numbers {
            match Numbers::ask(mailbox, &mut self.message) {
                Ok(numbers) => numbers.encode(out),
                // One that it refuses to understand is not put again; one that was
                // lost on the way is.
                Err(error) => self.without_numbers = is_refusal(&error),
            }
        }
        if is_pi_5 && !self.without_pmic {
            let asked = self.pmic.refresh(mailbox, &mut self.message);
            self.without_pmic = asked.is_err_and(|error| is_refusal(&error));
            self.pmic.encode(out);
        }
        Ok(())
    }
}

/// Whether the firmware said that it does not know what it was asked.
fn is_refusal(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput, Unsupported};
    matches!(error.kind(), InvalidData | InvalidInput | Unsupported)
}

impl Collector for Pi {
    fn name(&self) -> &'static str {
        "rpi"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        if self.rescan.due() {
            self.find(scratch);
        }
        let Some(board) = &self.board else {
            return Err(Failure::Absent { what: "Raspberry Pi" });
        };
        board.encode(out);
        self.storage.encode(out);
        let is_pi_5 = board.is_pi_5;
        self.ask(is_pi_5, scratch, out)
    }
}

#[cfg(test)]
mod tests;
