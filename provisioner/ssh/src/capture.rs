//! What is kept of a command's output.

use std::collections::VecDeque;

use crate::bootstrap::BEGIN;

/// Noise kept from before the script began, to tell why it did not.
const NOISE_BYTES_MAX: usize = 64 << 10;

/// What the bootstrap's line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Began {
    /// The word for how the script became who it runs as.
    pub(crate) mode: String,
    /// The process that ends the script when it is ended.
    pub(crate) pid: Option<u32>,
}

/// One output stream: noise until the bootstrap's line, then the script's own.
#[derive(Debug)]
pub(crate) struct Capture {
    noise: Vec<u8>,
    began: Option<Began>,
    kept: Capped,
}

impl Capture {
    pub(crate) fn new(limit: usize) -> Self {
        Self { noise: Vec::new(), began: None, kept: Capped::new(limit) }
    }

    pub(crate) fn push(&mut self, data: &[u8]) {
        if self.began.is_some() {
            self.kept.push(data);
            return;
        }
        self.noise.extend_from_slice(data);
        if let Some((began, end)) = begin(&self.noise) {
            self.began = Some(began);
            let rest = self.noise.split_off(end);
            self.noise = Vec::new();
            self.kept.push(&rest);
        } else if self.noise.len() > NOISE_BYTES_MAX {
            // What matters (sudo's words, our line) comes last.
            self.noise.drain(..self.noise.len() - NOISE_BYTES_MAX / 2);
        }
    }

    /// How the script runs, once it does.
    pub(crate) fn began(&self) -> Option<&Began> {
        self.began.as_ref()
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

    /// The script's output, and whether some of it had to be left out.
    pub(crate) fn finish(self) -> (Vec<u8>, bool) {
        self.kept.finish()
    }
}

/// What the bootstrap's line says and the index after that line.
fn begin(bytes: &[u8]) -> Option<(Began, usize)> {
    let start =
        bytes.windows(BEGIN.len()).position(|window| window == BEGIN.as_bytes())? + BEGIN.len();
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

    #[test]
    fn noise_before_the_script_is_cut_off() {
        let mut capture = Capture::new(1000);
        capture.push(b"Welcome!\nterrarium:be");
        assert_eq!(capture.began(), None);
        capture.push(b"gin:password:12");
        assert_eq!(capture.began(), None);
        capture.push(b"34\nout");
        assert_eq!(capture.began(), Some(&Began { mode: "password".into(), pid: Some(1234) }));
        assert_eq!(capture.first_line(), None);
        capture.push(b"put\nterrarium:begin:root\n");
        assert_eq!(capture.first_line(), Some(b"output".as_slice()));
        assert_eq!(capture.finish(), (b"output\nterrarium:begin:root\n".to_vec(), false));
    }

    #[test]
    fn endless_noise_is_bounded_and_its_end_is_kept() {
        let mut capture = Capture::new(1000);
        for _ in 0..100 {
            capture.push(&[b'x'; 4096]);
        }
        capture.push(b"sudo: no");
        assert!(capture.noise().len() <= NOISE_BYTES_MAX && capture.noise().ends_with("sudo: no"));
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
            let mut capture = Capture::new(2000);
            capture.push(b"terrarium:begin:user\n");
            for chunk in &chunks {
                capture.push(chunk);
            }
            prop_assert_eq!(capture.finish(), (chunks.concat(), false));
        }
    }
}
