//! The kernel command line of the boot partition: the memory cgroup, without
//! which k3s does not start, and pressure, without which nobody knows why a Pi is slow.
//!
//! The proof is what the kernel offers (`cgroup.controllers`, `/proc/pressure`),
//! never `/proc/cgroups` or `/proc/cmdline`: the firmware's own
//! `cgroup_disable=memory` stays visible there even when it has been overridden.

use crate::{Action, Change, Content, Effect, Facts};

/// Where the boot partition is mounted: bookworm and later, then before. On
/// later systems the second is a stub that says so.
pub(crate) const PATHS: [&str; 2] = ["/boot/firmware/cmdline.txt", "/boot/cmdline.txt"];

const MEMORY: &str = "cgroup_enable=memory";
const PRESSURE: &str = "psi=1";

pub(crate) fn plan(facts: &Facts) -> Option<Change> {
    let (path, found) = cmdline(facts)?;
    let offered = [(MEMORY, facts.memory_cgroup()), (PRESSURE, facts.pressure)];
    // What the kernel offers because it was started with a word that the file has
    // no more would be gone after the next boot.
    let lost = |word: &str| has_word(&facts.kernel_cmdline, word) && !has_word(found, word);
    let wanted_words: Vec<&str> = offered
        .into_iter()
        .filter(|(word, offered)| !offered || lost(word))
        .map(|(word, _)| word)
        .collect();
    let wanted = with_words(found, &wanted_words);
    if wanted_words.is_empty() || wanted == *found {
        return None;
    }
    let missing = offered.iter().any(|(_, offered)| !offered);
    let reason = offered
        .into_iter()
        .filter(|(word, _)| wanted_words.contains(word))
        .map(|(word, offered)| match (word, offered) {
            (word, true) => {
                format!("the kernel was started with {word}, and the next boot would be without it")
            }
            (MEMORY, false) => "the kernel offers no memory cgroup, which k3s needs".to_owned(),
            (_, false) => "the kernel offers no pressure figures".to_owned(),
        })
        .collect::<Vec<_>>()
        .join("; ");
    let added: Vec<&str> = wanted_words.into_iter().filter(|word| !has_word(found, word)).collect();
    let title = if added.is_empty() {
        format!("bring {path} back to one line")
    } else {
        format!("add {} to {path}", added.join(" "))
    };
    let write = Action::Write {
        path: path.to_owned(),
        mode: None,
        content: Content::Text(wanted),
        backup: true,
    };
    let change = Change::new("boot.cmdline", title, reason).act(write);
    Some(if missing { change.effect(Effect::Reboots) } else { change })
}

/// The file the firmware reads.
pub(crate) fn cmdline(facts: &Facts) -> Option<(&str, &String)> {
    PATHS
        .into_iter()
        .find_map(|path| facts.cmdlines.get(path).map(|text| (path, text)))
        .filter(|(_, text)| !text.starts_with("DO NOT EDIT"))
}

/// One line, every word of the file once in its order, the wanted ones at the
/// end: the firmware reads only the first line, and a second one is how hand
/// edits usually go wrong.
fn with_words(found: &str, wanted: &[&str]) -> String {
    let mut words: Vec<&str> = found.split_whitespace().collect();
    for word in wanted {
        if !words.contains(word) {
            words.push(word);
        }
    }
    format!("{}\n", words.join(" "))
}

/// Whether the line the firmware reads has the word.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    text.lines().next().unwrap_or_default().split_whitespace().any(|found| found == word)
}

/// Words that are in the file although the kernel does not offer what they ask for.
pub(crate) fn unheard(facts: &Facts) -> Vec<&'static str> {
    let Some((_, text)) = cmdline(facts) else { return Vec::new() };
    [(MEMORY, facts.memory_cgroup()), (PRESSURE, facts.pressure)]
        .into_iter()
        .filter(|(word, offered)| !offered && has_word(text, word))
        .map(|(word, _)| word)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::facts;

    const STOCK: &str = "console=tty1 root=PARTUUID=1-02 rootwait\n";

    fn facts_with(memory: bool, pressure: bool, path: &str, text: &str) -> Facts {
        let mut facts = facts();
        facts.cgroup_controllers =
            Some(if memory { vec!["cpu".into(), "memory".into()] } else { vec!["cpu".into()] });
        facts.pressure = pressure;
        facts.cmdlines = [(path.to_owned(), text.to_owned())].into();
        facts
    }

    fn written(facts: &Facts) -> Option<(String, String)> {
        match plan(facts)?.actions.into_iter().next()? {
            Action::Write { path, content: Content::Text(text), backup: true, mode: None } => {
                Some((path, text))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_words_go_on_the_one_line_of_the_file_the_firmware_reads() {
        let both = "console=tty1 root=PARTUUID=1-02 rootwait cgroup_enable=memory psi=1\n";
        for (memory, pressure, text, expected) in [
            (false, false, STOCK, Some(both)),
            (
                false,
                false,
                "console=tty1 root=PARTUUID=1-02 rootwait\ncgroup_enable=memory psi=1\n",
                Some(both),
            ),
            (
                false,
                true,
                STOCK,
                Some("console=tty1 root=PARTUUID=1-02 rootwait cgroup_enable=memory\n"),
            ),
            (true, false, STOCK, Some("console=tty1 root=PARTUUID=1-02 rootwait psi=1\n")),
            (true, true, STOCK, None),
            (false, false, both, None),
        ] {
            let facts = facts_with(memory, pressure, PATHS[0], text);
            assert_eq!(
                written(&facts).map(|w| w.1).as_deref(),
                expected,
                "{memory} {pressure} {text:?}"
            );
        }
    }

    #[test]
    fn a_word_that_only_the_running_kernel_has_is_written_without_a_restart() {
        let running = "rootwait cgroup_enable=memory psi=1";
        let mut facts = facts_with(true, true, PATHS[0], "rootwait psi=1\n");
        facts.kernel_cmdline = running.to_owned();
        let change = plan(&facts).unwrap();
        assert_eq!(change.effect, Effect::None);
        assert!(change.reason.contains("the next boot would be without it"), "{}", change.reason);
        assert_eq!(written(&facts).unwrap().1, "rootwait psi=1 cgroup_enable=memory\n");
        // A kernel that offers it unasked needs no word.
        facts.kernel_cmdline = "rootwait psi=1".to_owned();
        assert_eq!(plan(&facts), None);
    }

    #[test]
    fn the_older_path_is_used_where_it_is_the_real_one() {
        let older = facts_with(false, true, PATHS[1], STOCK);
        assert_eq!(written(&older).unwrap().0, PATHS[1]);
        let stub =
            facts_with(false, true, PATHS[1], "DO NOT EDIT THIS FILE\n\nThe file has moved\n");
        assert_eq!(written(&stub), None);
    }

    #[test]
    fn a_word_the_kernel_did_not_heed_is_named() {
        let facts = facts_with(false, true, PATHS[0], "rootwait cgroup_enable=memory\n");
        assert_eq!(unheard(&facts), [MEMORY]);
    }
}
