//! The kernel command line of the boot partition: the memory cgroup, without
//! which k3s does not start, and pressure, without which nobody knows why a Pi is slow.
//!
//! The proof is what the kernel offers (`cgroup.controllers`, `/proc/pressure`),
//! never `/proc/cgroups` or `/proc/cmdline`: the firmware's own
//! `cgroup_disable=memory` stays visible there even when it has been overridden.
//!
//! A wrong edit is a Pi that does not start. Words are put into the one line the
//! firmware reads ([`line`]) of the one file it reads ([`config`]), and where
//! either is not plain nothing is touched: [`refusal`] says what to write.

mod config;
mod line;
mod refusal;

use line::{Line, Unfit};
pub(crate) use refusal::{note, refusal};

use crate::bytes::Bytes;
use crate::{Action, Change, Effect, Facts};

/// Where the boot partition is mounted: bookworm and later, then before. On
/// later systems the second has stubs that say so.
pub(crate) const FOLDERS: [&str; 2] = ["/boot/firmware", "/boot"];
const STUB: &[u8] = b"DO NOT EDIT";

/// What the line asks of the kernel about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Yes,
    /// By this word.
    No(String),
    Nothing,
}

/// One thing that is wanted of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Memory,
    Pressure,
}

impl Wish {
    const ALL: [Self; 2] = [Self::Memory, Self::Pressure];

    fn word(self) -> &'static str {
        match self {
            Self::Memory => "cgroup_enable=memory",
            Self::Pressure => "psi=1",
        }
    }

    fn offered(self, facts: &Facts) -> bool {
        match self {
            Self::Memory => facts.memory_cgroup(),
            Self::Pressure => facts.pressure,
        }
    }

    /// What this line asks; of several words the last counts.
    fn asked(self, line: &[u8]) -> Asked {
        let mut asked = Asked::Nothing;
        for word in line::words(line) {
            match self.yes(&word) {
                Some(true) => asked = Asked::Yes,
                Some(false) => asked = Asked::No(String::from_utf8_lossy(&word).into_owned()),
                None => {}
            }
        }
        asked
    }

    /// Whether one word is for it or against it.
    fn yes(self, word: &[u8]) -> Option<bool> {
        let at = word.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (&word[..at], &word[at + 1..]);
        let memory = || value.split(|byte| *byte == b',').any(|name| name == b"memory");
        match (self, key) {
            (Self::Memory, b"cgroup_enable") => memory().then_some(true),
            (Self::Memory, b"cgroup_disable") => memory().then_some(false),
            (Self::Pressure, b"psi") => match value {
                [b'1' | b'y' | b'Y' | b't' | b'T', ..] | b"on" | b"On" | b"ON" => Some(true),
                _ => Some(false),
            },
            _ => None,
        }
    }
}

/// What is to be done to the line for one wish.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Due {
    Nothing,
    /// The word is missing, and why.
    Add(&'static str),
    /// The line asks for the opposite.
    Against(String),
}

fn due(wish: Wish, facts: &Facts, line: &[u8]) -> Due {
    let running = wish.asked(facts.kernel_cmdline.as_bytes());
    match (wish.offered(facts), wish.asked(line)) {
        (false, Asked::No(word)) => Due::Against(word),
        (false, Asked::Nothing) => Due::Add(match wish {
            Wish::Memory => "the kernel offers no memory cgroup, which k3s needs",
            Wish::Pressure => "the kernel offers no pressure figures",
        }),
        // What the kernel offers because it was started with a word that the file
        // has no more would be gone after the next boot.
        (true, Asked::No(word)) if running == Asked::Yes => Due::Against(word),
        (true, Asked::Nothing) if running == Asked::Yes => {
            Due::Add("the kernel was started with it, and the next boot would be without it")
        }
        // Asked for in vain is the gate's matter.
        (_, Asked::Yes) | (true, _) => Due::Nothing,
    }
}

/// The file the firmware reads.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source<'a> {
    /// This one.
    File(String, &'a Bytes),
    /// None of these is there.
    Missing(Vec<String>),
    /// One of these, and `config.txt` does not say plainly which.
    Several(Vec<String>),
}

fn source(facts: &Facts) -> Source<'_> {
    let real = |file: &&Bytes| !file.0.starts_with(STUB);
    let prefix = facts.os_prefix.as_deref();
    let mut missing = Vec::new();
    for folder in FOLDERS {
        let config = facts.boot_configs.get(&format!("{folder}/config.txt")).filter(real);
        let names = config::names(&facts.boot_configs, folder, &facts.model, prefix);
        let paths: Vec<String> = names.iter().map(|name| format!("{folder}/{name}")).collect();
        let [path] = &paths[..] else { return Source::Several(paths) };
        match facts.cmdlines.get(path).filter(real) {
            Some(file) => return Source::File(path.clone(), file),
            None if config.is_some() => return Source::Missing(paths),
            None => missing.extend(paths),
        }
    }
    Source::Missing(missing)
}

/// The file the firmware reads, when it is there and it is plain which it is.
pub(crate) fn cmdline(facts: &Facts) -> Option<(String, &Bytes)> {
    match source(facts) {
        Source::File(path, file) => Some((path, file)),
        Source::Missing(_) | Source::Several(_) => None,
    }
}

/// What is to be done to the line, and whether it can be.
enum Verdict<'a> {
    Nothing,
    /// Put these in.
    Add(String, &'a Bytes, Line, Vec<(Wish, &'static str)>),
    /// These are missing, and nothing may be put in.
    Unfit(String, &'a Bytes, Unfit, Vec<Wish>),
    /// The line asks for the opposite of one of them, by this word.
    Against(String, &'a Bytes, Wish, String),
}

fn judge(facts: &Facts) -> Verdict<'_> {
    let Some((path, file)) = cmdline(facts) else { return Verdict::Nothing };
    let line = line::first(&file.0);
    let line = line.as_ref().map_or(&b""[..], |line| line.of(&file.0));
    let mut missing = Vec::new();
    let mut against = None;
    for wish in Wish::ALL {
        match due(wish, facts, line) {
            Due::Nothing => {}
            Due::Add(why) => missing.push((wish, why)),
            Due::Against(word) => against = against.or(Some((wish, word))),
        }
    }
    match against {
        Some((Wish::Memory, word)) => return Verdict::Against(path, file, Wish::Memory, word),
        Some((wish, word)) if missing.is_empty() => {
            return Verdict::Against(path, file, wish, word);
        }
        _ => {}
    }
    if missing.is_empty() {
        return Verdict::Nothing;
    }
    match line::fit(&file.0, &facts.kernel_cmdline) {
        Ok(line) => Verdict::Add(path, file, line, missing),
        Err(unfit) => {
            let missing = missing.into_iter().map(|(wish, _)| wish).collect();
            Verdict::Unfit(path, file, unfit, missing)
        }
    }
}

pub(crate) fn plan(facts: &Facts) -> Option<Change> {
    let Verdict::Add(path, file, line, missing) = judge(facts) else { return None };
    let words: Vec<&str> = missing.iter().map(|(wish, _)| wish.word()).collect();
    let reasons: Vec<String> =
        missing.iter().map(|(wish, why)| format!("{}: {why}", wish.word())).collect();
    let wanted = line::with(&file.0, &line, &words);
    let title = format!("add {} to {path}", words.join(" "));
    let change = Change::new("boot.cmdline", title, reasons.join("; "))
        .edits(&path, &file.0, &wanted)
        .act(Action::edit(&path, file, wanted, true));
    let boots = missing.iter().any(|(wish, _)| !wish.offered(facts));
    Some(if boots { change.effect(Effect::Reboots) } else { change })
}

/// The word by which the next boot makes the root forget what is written to it, or
/// the setting of `overlayroot`.
pub(crate) fn volatile(facts: &Facts) -> Option<String> {
    let words = cmdline(facts).map_or_else(Vec::new, |(path, file)| {
        let line = line::first(&file.0);
        let words = line.map_or_else(Vec::new, |line| line::words(line.of(&file.0)));
        words
            .into_iter()
            .map(|word| (path.clone(), String::from_utf8_lossy(&word).into_owned()))
            .collect()
    });
    let forgets = |word: &str| {
        let Some((key, value)) = word.split_once('=') else { return false };
        match key {
            "boot" => value == "overlay",
            "overlayroot" => value.starts_with("tmpfs"),
            "systemd.volatile" => {
                matches!(value, "yes" | "1" | "true" | "on" | "state" | "overlay")
            }
            _ => false,
        }
    };
    let set = words.iter().any(|(_, word)| word.starts_with("overlayroot="));
    let found = words.into_iter().rev().find(|(_, word)| forgets(word));
    let found = found.map(|(path, word)| format!("`{word}` in {path}"));
    found.or_else(|| {
        let value =
            facts.overlayroot.as_ref().filter(|value| !set && value.starts_with("tmpfs"))?;
        Some(format!("`overlayroot={value}` in /etc/overlayroot.conf"))
    })
}

/// Words that are on the line although the kernel does not offer what they ask for.
pub(crate) fn unheard(facts: &Facts) -> Vec<&'static str> {
    let Some((_, file)) = cmdline(facts) else { return Vec::new() };
    let Some(line) = line::first(&file.0) else { return Vec::new() };
    Wish::ALL
        .into_iter()
        .filter(|wish| !wish.offered(facts) && wish.asked(line.of(&file.0)) == Asked::Yes)
        .map(Wish::word)
        .collect()
}

#[cfg(test)]
mod tests;
