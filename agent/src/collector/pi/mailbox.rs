//! The firmware's property mailbox: how a question is put and an answer read.
//!
//! A message is words: its length in bytes, a code, then tags one after the
//! other and a word 0. A tag is its number, the length of its value in bytes, a
//! code, and the value, which is question and answer in one. The firmware sets
//! the highest bit of a code to say it answered; a tag it does not know stays
//! as it was.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Whoever answers property messages: the firmware, or in tests a stand-in.
pub trait Mailbox: std::fmt::Debug + Send {
    /// Has the answer written into the message.
    ///
    /// # Errors
    /// When there is no firmware to ask, it may not be asked, or it refused.
    fn property(&mut self, message: &mut [u32]) -> io::Result<()>;

    /// What is asked, for people.
    fn path(&self) -> &Arc<Path>;
}

/// The device of the firmware, opened when it is first asked.
#[derive(Debug)]
pub struct Vcio {
    path: Arc<Path>,
    file: Option<File>,
}

impl Vcio {
    /// The device below the host's root.
    pub fn new(rootfs: &Path) -> Self {
        Self { path: rootfs.join("dev/vcio").into(), file: None }
    }
}

impl Mailbox for Vcio {
    fn property(&mut self, message: &mut [u32]) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new().read(true).write(true).open(&self.path)?,
        };
        terrarium_kernel::property(&file, message)?;
        self.file = Some(file);
        Ok(())
    }

    fn path(&self) -> &Arc<Path> {
        &self.path
    }
}

/// The bit that marks an answer.
const ANSWERED: u32 = 0x8000_0000;

/// Words before the first tag, and those of a tag before its value.
const HEAD: usize = 2;
const TAG_HEAD: usize = 3;

/// A message in the making. Its memory is used again.
#[derive(Debug, Default)]
pub struct Message {
    words: Vec<u32>,
}

impl Message {
    /// Begins anew.
    pub fn clear(&mut self) {
        self.words.clear();
        self.words.extend([0; HEAD]);
    }

    /// Adds a tag with room for an answer of `room` words; answers where that
    /// will be.
    pub fn tag(&mut self, tag: u32, question: &[u32], room: usize) -> usize {
        let room = room.max(question.len());
        let bytes = u32::try_from(room * size_of::<u32>()).unwrap_or(0);
        self.words.extend([tag, bytes, 0]);
        let value = self.words.len();
        self.words.extend(question);
        self.words.resize(value + room, 0);
        value
    }

    /// Sends it.
    ///
    /// # Errors
    /// As [`Mailbox::property`]; `InvalidData` if the firmware did not say that
    /// it understood.
    pub fn send(&mut self, mailbox: &mut dyn Mailbox) -> io::Result<()> {
        self.words.push(0);
        let bytes = u32::try_from(size_of_val(&self.words[..])).unwrap_or(0);
        if let Some(length) = self.words.first_mut() {
            *length = bytes;
        }
        mailbox.property(&mut self.words)?;
        let understood = self.words.get(1) == Some(&ANSWERED);
        if understood { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// The answer to the tag whose value is at `value`: as many words as the
    /// firmware wrote. `None` when it does not know the tag.
    pub fn answer(&self, value: usize) -> Option<&[u32]> {
        let code = *self.words.get(value.checked_sub(1)?)?;
        let room = *self.words.get(value.checked_sub(2)?)?;
        (code & ANSWERED != 0).then_some(())?;
        // It may have had more to say than there is room.
        let bytes = (code & !ANSWERED).min(room) as usize;
        self.words.get(value..value + bytes / size_of::<u32>())
    }
}

/// Words a message has besides its values: for whoever makes one in tests.
pub const OVERHEAD: usize = HEAD + TAG_HEAD + 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::pi::fake::Fake;

    #[test]
    fn a_message_is_as_the_firmware_expects_it() {
        let mut seen = Fake::default();
        let mut message = Message::default();
        for _ in 0..2 {
            message.clear();
            let value = message.tag(0x0003_0006, &[0], 2);
            let _ = message.send(&mut seen);
            assert_eq!(seen.last, [32, 0, 0x0003_0006, 8, 0, 0, 0, 0]);
            assert_eq!(value, 5);
            assert_eq!(seen.last.len(), OVERHEAD + 2);
        }
    }

    #[test]
    fn a_tag_the_firmware_does_not_know_has_no_answer() {
        let mut fake = Fake::default();
        fake.answers.insert((0x0003_0046, 0), vec![5]);
        let mut message = Message::default();
        message.clear();
        let known = message.tag(0x0003_0046, &[0], 1);
        let unknown = message.tag(0x0003_9999, &[0], 4);
        message.send(&mut fake).unwrap();
        assert_eq!(message.answer(known), Some(&[5][..]));
        assert_eq!(message.answer(unknown), None);
        for place in [0, 1, 1000] {
            let _ = message.answer(place);
        }
    }

    #[test]
    fn a_device_that_is_none_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let mut message = Message::default();
        message.clear();
        let absent = message.send(&mut Vcio::new(root.path())).unwrap_err();
        assert_eq!(absent.kind(), io::ErrorKind::NotFound);

        std::fs::create_dir(root.path().join("dev")).unwrap();
        std::fs::write(root.path().join("dev/vcio"), "").unwrap();
        message.clear();
        message.tag(0x0003_0046, &[0], 1);
        // ENOTTY: the ioctl was made, on a file that takes none.
        let refused = message.send(&mut Vcio::new(root.path())).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(rustix::io::Errno::NOTTY.raw_os_error()));
    }
}
