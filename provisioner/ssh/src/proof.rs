//! How the node shows that a shell runs our script, before it is told anything.
//!
//! Whatever stands behind a login (a program that reads its input, a shell that
//! hands over to another one, one that repeats the command line) gets the
//! request and nothing else. The request holds sums that are new for every
//! command. Only a shell that interprets the script knows their results, and
//! every line that makes this side send something holds them: repeating the
//! request, or printing fixed text, opens nothing.

use std::io;

/// The sums; each result fits the 32 bits some shells count in.
const TERM_BITS: u32 = 29;
const SUMS: usize = 3;

/// What one command asks and what answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    sums: [(u32, u32); SUMS],
}

impl Proof {
    /// Sums nobody has seen before.
    pub(crate) fn new() -> io::Result<Self> {
        let mut sums = [(0, 0); SUMS];
        for (left, right) in &mut sums {
            (*left, *right) = (term()?, term()?);
        }
        Ok(Self { sums })
    }

    /// The questions, one word each, as they stand in the request.
    pub(crate) fn questions(self) -> [String; SUMS] {
        self.sums.map(|(left, right)| format!("{left}+{right}"))
    }

    /// What a shell makes of them; it stands nowhere in the request.
    fn answer(self) -> String {
        self.sums.map(|(left, right)| (left + right).to_string()).join(".")
    }

    /// The lines a script of ours prints, and sudo for it.
    pub(crate) fn marks(self) -> Marks {
        let answer = self.answer();
        Marks {
            hello: format!("terrarium:hello:{answer}\n"),
            prompt: format!("terrarium:password:{answer}:sudo:"),
            prompt_rs: format!("terrarium:password:{answer}:rs] "),
            begin: format!("terrarium:begin:{answer}:"),
        }
    }
}

fn term() -> io::Result<u32> {
    getrandom::u32().map(|random| random >> (32 - TERM_BITS)).map_err(io::Error::other)
}

/// What is listened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marks {
    /// A shell runs the script.
    pub(crate) hello: String,
    /// sudo asks for the password, in the words it was given for that.
    pub(crate) prompt: String,
    /// sudo-rs asks for something: what it is follows.
    pub(crate) prompt_rs: String,
    /// Opens the line after which the script's own output begins; the way it
    /// became root follows, a colon, its process id (which `exec` keeps), and
    /// a line break.
    pub(crate) begin: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_two_commands_ask_the_same() {
        let marks: BTreeSet<String> =
            (0..1000).map(|_| Proof::new().expect("random numbers").marks().prompt).collect();
        assert_eq!(marks.len(), 1000);
    }

    proptest! {
        #[test]
        fn the_answer_fits_any_shell_and_is_no_part_of_the_question(
            sums in proptest::array::uniform3((0u32..1 << TERM_BITS, 0u32..1 << TERM_BITS)),
        ) {
            let proof = Proof { sums };
            prop_assert!(proof.answer().split('.').all(|sum| sum.parse::<i32>().is_ok()));
            let asked = proof.questions().join(" ");
            for mark in [proof.marks().hello, proof.marks().prompt, proof.marks().begin] {
                prop_assert!(!asked.contains(mark.trim()));
            }
        }
    }
}
