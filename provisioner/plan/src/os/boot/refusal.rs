//! Where the kernel's line is not plain: what was found, and what a person writes.

use std::fmt::Write as _;

use super::line::{self, Unfit};
use super::{Source, Verdict, Wish, judge, source, unheard};
use crate::bytes::Bytes;
use crate::os::reboot;
use crate::{Facts, Refusal};

/// Lines of a file that are shown, and letters of each.
const SHOWN: usize = 8;
const WIDE: usize = 200;

const THEN: &str = "then restart the node and run the same command again";

/// Why a node without a memory cgroup is not touched.
pub(crate) fn refusal(node: &str, facts: &Facts) -> Option<Refusal> {
    let refuse = |id: &str, what, hint| Some(Refusal::new(node, id, what, hint));
    let without = without(facts);
    match (source(facts), judge(facts)) {
        (Source::Missing(paths), _) if !facts.memory_cgroup() => refuse(
            "boot-partition",
            format!(
                "offers no memory cgroup, and there is no {} to ask for it",
                paths.join(" or ")
            ),
            format!(
                "mount the boot partition, or add {} to the kernel command line by hand",
                Wish::Memory.word()
            ),
        ),
        (Source::Several(paths), _) if !facts.memory_cgroup() => refuse(
            "boot-line",
            format!(
                "offers no memory cgroup, and config.txt does not say plainly which of {} the firmware reads",
                paths.join(", ")
            ),
            format!("add {} to the one line of the file that is read, {THEN}", words(&Wish::ALL)),
        ),
        (_, Verdict::Unfit(path, file, unfit, missing)) if missing.contains(&Wish::Memory) => {
            let what =
                format!("{without}, and {path} is not edited: {}{}", why(unfit), shown(file));
            refuse("boot-line", what, to_write(&path, file, facts, &missing))
        }
        (_, Verdict::Against(path, file, Wish::Memory, word)) => {
            let what = format!("{without}: {path} asks for that by `{word}`{}", shown(file));
            refuse("boot-line", what, to_write(&path, file, facts, &Wish::ALL))
        }
        (Source::File(path, _), _)
            if unheard(facts).contains(&Wish::Memory.word()) && !reboot::pending(facts) =>
        {
            refuse(
                "memory-cgroup",
                format!(
                    "offers no memory cgroup although {path} asks for it and the node has booted since"
                ),
                format!(
                    "check that the kernel has CONFIG_MEMCG, and that {path} is what the firmware reads: its first line has to be the kernel's, and config.txt beside it must not name another file (`cmdline=`, `os_prefix=`)"
                ),
            )
        }
        _ => None,
    }
}

/// The same about pressure figures, which nothing depends on.
pub(crate) fn note(node: &str, facts: &Facts) -> Option<Refusal> {
    let what = "has no pressure figures, which tell why a Pi is slow";
    let (path, file, why) = match judge(facts) {
        Verdict::Unfit(path, file, unfit, missing) if missing == [Wish::Pressure] => {
            (path, file, format!("is not edited: {}{}", why(unfit), shown(file)))
        }
        Verdict::Against(path, file, Wish::Pressure, word) => (path, file, format!("has `{word}`")),
        _ => return None,
    };
    let hint = to_write(&path, file, facts, &[Wish::Pressure]);
    Some(Refusal::new(node, "pressure", format!("{what}: {path} {why}"), hint))
}

fn without(facts: &Facts) -> &'static str {
    if facts.memory_cgroup() {
        "would be without the memory cgroup, which k3s needs, after the next boot"
    } else {
        "offers no memory cgroup, which k3s needs"
    }
}

fn why(unfit: Unfit) -> String {
    match unfit {
        Unfit::Empty => "it has no line, and the firmware then takes one of its own".to_owned(),
        Unfit::NotFirst(number) => format!(
            "line {number} is the first that is no comment, and it cannot be seen that the firmware reads that one"
        ),
        Unfit::NoRoot(number) => format!("its line {number} has no `root=`"),
        Unfit::Nul(number) => {
            format!("its line {number} has a NUL character, where it ends for the kernel")
        }
        Unfit::Quote(number) => format!("a quotation mark of its line {number} has no second one"),
        Unfit::Long(number) => {
            format!("its line {number} is so long that the kernel would cut off what is added")
        }
    }
}

/// The beginning of a file, for people.
fn shown(file: &Bytes) -> String {
    let mut text = String::new();
    for (line, number) in file.lines().take(SHOWN).zip(1..) {
        let line = String::from_utf8_lossy(line);
        let cut: String = line.chars().take(WIDE).collect();
        let more = if cut.len() < line.len() { "…" } else { "" };
        let _ = write!(text, "\n  {number}: `{cut}{more}`");
    }
    if file.lines().count() > SHOWN {
        text.push_str("\n  …");
    }
    text
}

fn words(wishes: &[Wish]) -> String {
    wishes.iter().map(|wish| wish.word()).collect::<Vec<_>>().join(" ")
}

/// The line with what is wanted and without what is against it.
fn to_write(path: &str, file: &Bytes, facts: &Facts, wishes: &[Wish]) -> String {
    let rooted = |line: &&[u8]| {
        let comment = line.trim_ascii_start().starts_with(b"#");
        !comment && line::words(line).iter().any(|word| line::rooted(word))
    };
    let mut lines = file.lines().filter(rooted);
    let kept = match (lines.next(), lines.next()) {
        (Some(one), None) => kept(one, wishes),
        _ => running(&facts.kernel_cmdline),
    };
    format!("make this the first line of {path}, {THEN}: `{kept} {}`", words(wishes))
}

fn kept(line: &[u8], wishes: &[Wish]) -> String {
    let against = |word: &[u8]| wishes.iter().any(|wish| wish.yes(word).is_some());
    let words = line::words(line).into_iter().filter(|word| !against(word));
    words.map(|word| String::from_utf8_lossy(&word).into_owned()).collect::<Vec<_>>().join(" ")
}

/// What the running kernel was told about its root.
fn running(cmdline: &str) -> String {
    let words = line::words(cmdline.as_bytes());
    let text = |word: &Vec<u8>| String::from_utf8_lossy(word).into_owned();
    let root = words
        .iter()
        .find(|word| line::rooted(word))
        .map_or_else(|| "root=PARTUUID=… (`findmnt -no PARTUUID /` tells it)".to_owned(), text);
    let kind = words.iter().find(|word| word.starts_with(b"rootfstype=")).map(text);
    let mut line = vec!["console=tty1".to_owned(), root];
    line.extend(kind);
    line.push("rootwait".to_owned());
    line.join(" ")
}
