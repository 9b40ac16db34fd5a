//! A stand-in for the firmware, for tests: it answers from a table.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::mailbox::Mailbox;

/// Answers by a tag and the first word of its question.
#[derive(Debug)]
pub struct Fake {
    /// The answers; a tag that is not there is not known.
    pub answers: BTreeMap<(u32, u32), Vec<u32>>,
    /// What the general command answers to any command.
    pub text: Option<String>,
    /// The last message as it came.
    pub last: Vec<u32>,
    /// How many came.
    pub messages: usize,
    /// Refuse messages of more than one tag, with this error.
    pub refuse_lists: Option<io::ErrorKind>,
    /// Lose the first so many of those.
    pub lose_lists: usize,
    /// What it calls itself.
    pub path: Arc<Path>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            answers: BTreeMap::new(),
            text: None,
            last: Vec::new(),
            messages: 0,
            refuse_lists: None,
            lose_lists: 0,
            path: Path::new("/dev/vcio").into(),
        }
    }
}

/// The tag of the general command.
const COMMAND: u32 = 0x0003_0080;

impl Mailbox for Fake {
    fn property(&mut self, message: &mut [u32]) -> io::Result<()> {
        self.messages += 1;
        self.last = message.to_vec();
        let mut at = 2;
        let mut tags = 0;
        while message[at] != 0 {
            tags += 1;
            let (tag, room) = (message[at], message[at + 1] as usize);
            let value = at + 3..at + 3 + room / 4;
            let command = self.text.as_ref().filter(|_| tag == COMMAND).map(|text| {
                let mut bytes = vec![0; 4];
                bytes.extend(text.as_bytes());
                bytes.resize(bytes.len().next_multiple_of(4) + 4, 0);
                let word = |four: &[u8]| u32::from_ne_bytes([four[0], four[1], four[2], four[3]]);
                bytes.chunks_exact(4).map(word).collect::<Vec<u32>>()
            });
            let known = self.answers.get(&(tag, message[value.start])).cloned();
            if let Some(answer) = command.or(known) {
                for (to, from) in message[value.clone()].iter_mut().zip(&answer) {
                    *to = *from;
                }
                message[at + 2] = 0x8000_0000 | u32::try_from(answer.len() * 4).unwrap_or(0);
            }
            at = value.end;
        }
        if tags > 1 && self.lose_lists > 0 {
            self.lose_lists -= 1;
            return Err(io::ErrorKind::TimedOut.into());
        }
        if tags > 1
            && let Some(kind) = self.refuse_lists
        {
            return Err(kind.into());
        }
        message[1] = 0x8000_0000;
        Ok(())
    }

    fn path(&self) -> &Arc<Path> {
        &self.path
    }
}
