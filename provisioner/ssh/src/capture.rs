//! What is kept of a command's output.

use std::collections::VecDeque;

use crate::proof::Marks;
use crate::question::is_for_password;

/// Noise kept from before the script began, to tell why it did not.
const NOISE_BYTES_MAX: usize = 64 << 10;
/// Of that, as much as a message shows.
const LAST_WORDS_BYTES: usize = 300;
/// The longest question of sudo-rs that is understood.
const QUESTION_BYTES_MAX: usize = 200;

/// What the bootstrap's line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Began {
    /// The word for how the script became who it runs as.
    pub(crate) mode: String,
    /// The process that ends the script when it is ended.
    pub(crate) pid: Option<u32>,
}

/// How far a command has come, as its output tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stage {
    /// A shell runs our script.
    pub(crate) hello: bool,
    /// How often sudo has asked for the password.
    pub(crate) prompts: usize,
}

/// One output stream: noise until the bootstrap's line, then the script's own.
#[derive(Debug)]
pub(crate) struct Capture {
    marks: Marks,
    noise: Vec<u8>,
    /// Noise before this index has been looked through.
    looked: usize,
    stage: Stage,
    began: Option<Began>,
    kept: Capped,
}

impl Capture {
    pub(crate) fn new(marks: Marks, limit: usize) -> Self {
        Self {
            marks,
            noise: Vec::new(),
            looked: 0,
            stage: Stage::default(),
            began: None,
            kept: Capped::new(limit),
        }
    }

    pub(crate) fn push(&mut self, data: &[u8]) {
        if self.began.is_some() {
            self.kept.push(data);
            return;
        }
        self.noise.extend_from_slice(data);
        if let Some((began, end)) = begin(&self.marks.begin, &self.noise) {
            self.began = Some(began);
            let rest = self.noise.split_off(end);
            self.noise = Vec::new();
            self.kept.push(&rest);
            return;
        }
        self.look();
        if self.noise.len() > NOISE_BYTES_MAX {
            // What matters (sudo's words, our line) comes last.
            let cut = self.noise.len() - NOISE_BYTES_MAX / 2;
            self.noise.drain(..cut);
            self.looked = self.looked.saturating_sub(cut);
        }
    }

    /// Looks for the marks that come before the script begins. What was printed
    /// before the first of them is the login's, not ours.
    fn look(&mut self) {
        if !self.stage.hello
            && let Some(at) = find(&self.noise[self.looked..], &self.marks.hello)
        {
            self.stage.hello = true;
            self.noise.drain(..self.looked + at + self.marks.hello.len());
            self.looked = 0;
        }
        // A question before the script runs is none of sudo's. Each counts once:
        // it is cut out, and what sudo says remains.
        while self.stage.hello
            && let Some((start, end)) = self.question()
        {
            self.stage.prompts += 1;
            self.noise.drain(start..end);
            self.looked = start;
        }
        let longest = self.marks.hello.len().max(self.marks.prompt.len()) + QUESTION_BYTES_MAX;
        self.looked = self.looked.max(self.noise.len().saturating_sub(longest));
    }

    /// Where sudo asks for the password. sudo-rs puts our words before every
    /// question, whatever it asks for.
    fn question(&self) -> Option<(usize, usize)> {
        let unread = &self.noise[self.looked..];
        if let Some(at) = find(unread, &self.marks.prompt) {
            let start = self.looked + at;
            return Some((start, start + self.marks.prompt.len()));
        }
        let at = find(unread, &self.marks.prompt_rs)?;
        let question = &unread[at + self.marks.prompt_rs.len()..];
        let length = question.iter().take(QUESTION_BYTES_MAX).position(|&byte| byte == b':')? + 1;
        let text = String::from_utf8_lossy(&question[..length]);
        let start = self.looked + at;
        is_for_password(&text, "").then(|| (start, start + self.marks.prompt_rs.len() + length))
    }

    /// How the script runs, once it does.
    pub(crate) fn began(&self) -> Option<&Began> {
        self.began.as_ref()
    }

    /// How far the script has come before that.
    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// The script's first line, without its line break, once it is complete.
    pub(crate) fn first_line(&self) -> Option<&[u8]> {
        let end = self.kept.head.iter().position(|&byte| byte == b'\n')?;
        Some(&self.kept.head[..end])
    }

    /// What was printed although the script never began.
    pub(crate) fn noise(&self) -> String {
        String::from_utf8_lossy(&self.noise).into_owned()
    }

    /// The end of it, for messages.
    pub(crate) fn last_words(&self) -> String {
        let from = self.noise.len().saturating_sub(LAST_WORDS_BYTES);
        String::from_utf8_lossy(&self.noise[from..]).trim().to_owned()
    }

    /// The script's output, and whether some of it had to be left out.
    pub(crate) fn finish(self) -> (Vec<u8>, bool) {
        self.kept.finish()
    }
}

fn find(bytes: &[u8], mark: &str) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark.as_bytes())
}

/// What the bootstrap's line says and the index after that line.
fn begin(mark: &str, bytes: &[u8]) -> Option<(Began, usize)> {
    let start = find(bytes, mark)? + mark.len();
    let length = bytes[start..].iter().position(|&byte| byte == b'\n')?;
    let line = String::from_utf8_lossy(&bytes[start..start + length]);
    let (mode, pid) = line.split_once(':').unwrap_or((&line, ""));
    Some((Began { mode: mode.to_owned(), pid: pid.parse().ok() }, start + length + 1))
}

/// A buffer that keeps the beginning and the end of what passes through:
/// commands print what they are at first and why they failed at last.
#[derive(Debug)]
struct Capped {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    half: usize,
    dropped: u64,
}

impl Capped {
    fn new(limit: usize) -> Self {
        Self { head: Vec::new(), tail: VecDeque::new(), half: limit / 2, dropped: 0 }
    }

    fn push(&mut self, data: &[u8]) {
        let (first, rest) =
            data.split_at(data.len().min(self.half.saturating_sub(self.head.len())));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..excess);
        self.dropped += excess as u64;
    }

    fn finish(self) -> (Vec<u8>, bool) {
        let mut bytes = self.head;
        if self.dropped > 0 {
            bytes
                .extend_from_slice(format!("\n[… {} bytes left out …]\n", self.dropped).as_bytes());
        }
        bytes.extend(self.tail);
        (bytes, self.dropped > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marks() -> Marks {
        Marks {
            hello: "terrarium:hello:1.2.3\n".to_owned(),
            prompt: "terrarium:password:1.2.3:sudo:".to_owned(),
            prompt_rs: "terrarium:password:1.2.3:rs] ".to_owned(),
            begin: "terrarium:begin:1.2.3:".to_owned(),
        }
    }

    #[test]
    fn noise_before_the_script_is_cut_off() {
        let mut capture = Capture::new(marks(), 1000);
        capture.push(b"Welcome!\nterrarium:begin:root\nterrarium:be");
        assert_eq!(capture.began(), None);
        capture.push(b"gin:1.2.3:password:12");
        assert_eq!(capture.began(), None);
        capture.push(b"34\nout");
        assert_eq!(capture.began(), Some(&Began { mode: "password".into(), pid: Some(1234) }));
        assert_eq!(capture.first_line(), None);
        capture.push(b"put\nterrarium:begin:1.2.3:root\n");
        assert_eq!(capture.first_line(), Some(b"output".as_slice()));
        assert_eq!(capture.finish(), (b"output\nterrarium:begin:1.2.3:root\n".to_vec(), false));
    }

    #[test]
    fn only_a_question_after_the_answer_counts() {
        let mut capture = Capture::new(marks(), 1000);
        capture.push(b"terrarium:password:1.2.3:sudo:terrarium:hello:9.9.9\n");
        assert_eq!(capture.stage(), Stage::default());
        capture.push(b"terrarium:hello:1.2.3\nWe trust you have ");
        assert_eq!(capture.stage(), Stage { hello: true, prompts: 0 });
        capture.push(b"received the usual lecture\nPassword: terrarium:password:1.2");
        assert_eq!(capture.stage().prompts, 0);
        capture.push(b".3:sudo:");
        assert_eq!(capture.stage().prompts, 1);
        capture.push(b"\nSorry, try again.\nterrarium:password:1.2.3:sudo:");
        assert_eq!(capture.stage().prompts, 2);
        assert!(capture.noise().ends_with("Sorry, try again.\n"), "{}", capture.noise());
        assert!(capture.noise().starts_with("We trust"), "{}", capture.noise());
    }

    #[test]
    fn sudo_rs_is_answered_when_it_asks_for_the_password_only() {
        let mut capture = Capture::new(marks(), 1000);
        capture.push(b"terrarium:hello:1.2.3\n[sudo: terrarium:password:1.2.3:rs] Pass");
        assert_eq!(capture.stage().prompts, 0);
        capture.push(b"word: ");
        assert_eq!(capture.stage().prompts, 1);
        capture.push(b"\n[sudo: terrarium:password:1.2.3:rs] Verification code: ");
        assert_eq!(capture.stage().prompts, 1);
        assert!(capture.last_words().ends_with("Verification code:"), "{}", capture.last_words());
    }

    #[test]
    fn endless_noise_is_bounded_and_its_end_is_kept() {
        let mut capture = Capture::new(marks(), 1000);
        for _ in 0..100 {
            capture.push(&[b'x'; 4096]);
        }
        capture.push(b"sudo: no");
        assert!(capture.noise().len() <= NOISE_BYTES_MAX && capture.noise().ends_with("sudo: no"));
        assert!(capture.last_words().len() <= LAST_WORDS_BYTES);
    }

    #[test]
    fn beginning_and_end_survive_the_cap() {
        let mut capped = Capped::new(8);
        for byte in b"0123456789abcdef" {
            capped.push(&[*byte]);
        }
        let (bytes, cut) = capped.finish();
        assert!(cut);
        assert_eq!(String::from_utf8_lossy(&bytes), "0123\n[… 8 bytes left out …]\ncdef");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_below_the_cap(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..20)) {
            let mut capture = Capture::new(marks(), 2000);
            capture.push(b"terrarium:begin:1.2.3:user\n");
            for chunk in &chunks {
                capture.push(chunk);
            }
            prop_assert_eq!(capture.finish(), (chunks.concat(), false));
        }

        #[test]
        fn marks_are_found_however_they_are_cut_up(
            before in "[a-z:\\n.]{0,80}",
            between in "[a-z:\\n.]{0,80}",
            cuts in proptest::collection::vec(1usize..40, 1..60),
        ) {
            let text = format!("{before}{}{between}{}", marks().hello, marks().prompt);
            let mut capture = Capture::new(marks(), 2000);
            let mut rest = text.as_bytes();
            for cut in cuts.into_iter().cycle() {
                let (first, then) = rest.split_at(cut.min(rest.len()));
                capture.push(first);
                rest = then;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(capture.stage(), Stage { hello: true, prompts: 1 });
            prop_assert_eq!(capture.noise(), between);
        }
    }
}
