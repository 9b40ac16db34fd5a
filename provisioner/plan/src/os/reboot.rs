//! One restart for everything that needs one.

use crate::os::boot;
use crate::{Action, Change, Effect, Facts};

/// How long a restart may take: a Pi with a slow card and a file system check
/// takes a while.
pub const RESTART_SECONDS: u64 = 600;

/// Restarts when a change before it needs that, or when an earlier run was
/// cut off between its edit and its restart.
pub(crate) fn plan(facts: &Facts, before: &[Change]) -> Option<Change> {
    let needed: Vec<&str> = before
        .iter()
        .filter(|change| change.effect == Effect::Reboots)
        .map(|change| change.id.as_str())
        .collect();
    let reason = if !needed.is_empty() {
        format!("{} take effect at boot", needed.join(", "))
    } else if pending(facts) {
        let words = boot::unheard(facts).join(" ");
        format!("{words} was added after the last boot")
    } else {
        return None;
    };
    Some(
        Change::new("reboot", "restart the node", reason)
            .effect(Effect::Reboots)
            .act(Action::Reboot { deadline: RESTART_SECONDS }),
    )
}

/// The command line was edited since the last boot and its wish is not met yet.
pub(crate) fn pending(facts: &Facts) -> bool {
    let edited = boot::cmdline(facts)
        .and_then(|(path, _)| facts.files.get(&path))
        .is_some_and(|file| file.modified >= facts.boot_time);
    edited && !boot::unheard(facts).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileFact;
    use crate::fixture::facts;

    const PATH: &str = "/boot/firmware/cmdline.txt";

    #[test]
    fn nothing_restarts_without_a_change_that_needs_it() {
        let harmless = Change::new("hostname", "", "");
        assert_eq!(plan(&facts(), &[harmless]), None);
    }

    #[test]
    fn several_changes_share_one_restart() {
        let changes =
            ["swap.rpi", "boot.cmdline"].map(|id| Change::new(id, "", "").effect(Effect::Reboots));
        let reboot = plan(&facts(), &changes).unwrap();
        assert_eq!(reboot.reason, "swap.rpi, boot.cmdline take effect at boot");
    }

    #[test]
    fn an_edit_that_was_never_followed_by_a_boot_still_restarts() {
        for (edited, booted, restarts) in [(200, 100, true), (100, 200, false)] {
            let mut facts = facts();
            facts.cgroup_controllers = Some(vec!["cpu".to_owned()]);
            facts.boot_time = booted;
            facts.cmdlines = [(PATH.to_owned(), "rootwait cgroup_enable=memory\n".into())].into();
            let file = FileFact {
                sha256: String::new(),
                mode: "755".into(),
                owner: "root:root".into(),
                modified: edited,
            };
            facts.files.insert(PATH.to_owned(), file);
            assert_eq!(plan(&facts, &[]).is_some(), restarts);
        }
    }
}
