//! Kernel settings the stack needs, written once and applied at every boot.

use std::fmt::Write as _;

use crate::{Action, Change, Facts};

pub(crate) const FILE: &str = "/etc/sysctl.d/90-terrarium.conf";

/// Setting, value, and why.
pub(crate) const SETTINGS: [(&str, u64, &str); 3] = [
    ("vm.max_map_count", 262_144, "OpenSearch refuses to start below this"),
    ("fs.inotify.max_user_instances", 512, "each pod's log follower takes one; the default is 128"),
    ("fs.inotify.max_user_watches", 262_144, "file watchers of many containers share them"),
];

pub(crate) fn plan(facts: &Facts) -> Option<Change> {
    // A higher value than ours is somebody's choice and does no harm.
    let low: Vec<&(&str, u64, &str)> = SETTINGS
        .iter()
        .filter(|(key, wanted, _)| {
            facts
                .sysctls
                .get(*key)
                .and_then(|found| found.parse::<u64>().ok())
                .is_some_and(|found| found < *wanted)
        })
        .collect();
    if low.is_empty() {
        return None;
    }
    let reason = low
        .iter()
        .map(|(key, wanted, _)| format!("{key} is {}, wanted {wanted}", facts.sysctls[*key]))
        .collect::<Vec<_>>()
        .join("; ");
    let mut text = String::new();
    for (key, wanted, why) in SETTINGS {
        let _ = writeln!(text, "# {why}\n{key} = {wanted}");
    }
    Some(
        Change::new("sysctl", "raise kernel limits the stack needs", reason)
            .act(Action::text(FILE, "0644", text))
            .act(Action::run(format!("sysctl -q -p {FILE}"))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::facts;

    #[test]
    fn a_low_setting_is_raised_a_high_or_unknown_one_is_left() {
        for (found, changes) in
            [("65530", true), ("262144", false), ("1048576", false), ("?", false)]
        {
            let mut facts = facts();
            facts.sysctls.insert("vm.max_map_count".to_owned(), found.to_owned());
            assert_eq!(plan(&facts).is_some(), changes, "{found}");
        }
    }
}
