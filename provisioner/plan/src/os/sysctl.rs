//! Kernel settings the stack needs, written once and applied at every boot.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::agent::same;
use crate::{Action, Change, Facts};

pub(crate) const FILE: &str = "/etc/sysctl.d/90-terrarium.conf";

/// Setting, value, and why.
pub(crate) const SETTINGS: [(&str, u64, &str); 3] = [
    ("vm.max_map_count", 262_144, "OpenSearch refuses to start below this"),
    ("fs.inotify.max_user_instances", 512, "each pod's log follower takes one; the default is 128"),
    ("fs.inotify.max_user_watches", 262_144, "file watchers of many containers share them"),
];

pub(crate) fn plan(facts: &Facts) -> Option<Change> {
    let text = text(facts);
    let kept = same(facts, FILE, &text);
    let reasons: Vec<String> =
        SETTINGS.iter().filter_map(|(key, wanted, _)| reason(facts, key, *wanted, kept)).collect();
    if reasons.is_empty() {
        return None;
    }
    Some(
        Change::new("sysctl", "raise kernel limits the stack needs", reasons.join("; "))
            .act(Action::text(FILE, "0644", text))
            .act(Action::run(format!("sysctl -q -p {FILE}"))),
    )
}

/// What a setting is, where that is a number.
fn number(settings: &BTreeMap<String, String>, key: &str) -> Option<u64> {
    settings.get(key)?.parse().ok()
}

/// Why a setting is not as wished, now or after the next boot.
fn reason(facts: &Facts, key: &str, wanted: u64, kept: bool) -> Option<String> {
    let found = number(&facts.sysctls, key)?;
    if found < wanted {
        return Some(format!("{key} is {found}, wanted {wanted}"));
    }
    match facts.boot_sysctls.get(key)?.parse::<u64>() {
        Ok(boot) if boot >= wanted => None,
        // Ours is there as it should be: another file wins, which is a note.
        _ if kept => None,
        Ok(boot) => Some(format!("{key} would be {boot} after the next boot, wanted {wanted}")),
        Err(_) => Some(format!("no file sets {key} to {wanted} at boot")),
    }
}

/// A value that is higher than ours is somebody's choice, and stays so.
fn text(facts: &Facts) -> String {
    let mut text = String::new();
    for (key, wanted, why) in SETTINGS {
        let others = [&facts.sysctls, &facts.boot_sysctls].map(|all| number(all, key));
        let value = others.into_iter().flatten().fold(wanted, u64::max);
        let _ = writeln!(text, "# {why}\n{key} = {value}");
    }
    text
}

/// Settings that another file lowers again at boot.
pub(crate) fn overruled(facts: &Facts) -> Vec<&'static str> {
    if !same(facts, FILE, &text(facts)) {
        return Vec::new();
    }
    let lowered =
        |key: &str, wanted| number(&facts.boot_sysctls, key).is_some_and(|at| at < wanted);
    SETTINGS.iter().filter(|(key, wanted, _)| lowered(key, *wanted)).map(|(key, ..)| *key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{apply, facts};

    const KEY: &str = "vm.max_map_count";

    fn found(running: &str, boot: Option<&str>) -> Facts {
        let mut facts = facts();
        facts.sysctls.insert(KEY.to_owned(), running.to_owned());
        facts.boot_sysctls.extend(boot.map(|boot| (KEY.to_owned(), boot.to_owned())));
        facts
    }

    #[test]
    fn a_setting_is_high_enough_now_and_after_the_next_boot() {
        for (running, boot, changes) in [
            ("65530", None, true),
            ("65530", Some("262144"), true),
            ("262144", Some("262144"), false),
            ("1048576", Some("1048576"), false),
            ("262144", Some("65530"), true),
            ("1048576", Some("none"), true),
            ("1048576", None, false),
            ("?", Some("none"), false),
        ] {
            let facts = found(running, boot);
            assert_eq!(plan(&facts).is_some(), changes, "{running} {boot:?}");
        }
    }

    #[test]
    fn a_higher_value_stays_and_one_that_another_file_lowers_is_said_once() {
        let mut facts = found("1048576", Some("none"));
        let change = plan(&facts).unwrap();
        let Action::Write { content: crate::Content::Text(text), .. } = &change.actions[0] else {
            panic!("{change:?}")
        };
        assert!(text.contains("vm.max_map_count = 1048576\n"), "{text}");
        assert!(text.contains("fs.inotify.max_user_instances = 512\n"), "{text}");
        apply(&mut facts, &[change]);
        // A file with a later name.
        facts.boot_sysctls.insert(KEY.to_owned(), "65530".to_owned());
        assert_eq!(plan(&facts), None);
        assert_eq!(overruled(&facts), [KEY]);
    }
}
