//! Kernel modules that pod networking needs, loaded now and at every boot.

use crate::agent::{file_reason, same};
use crate::{Action, Change, Facts, ModuleState};

/// `overlay` carries images' layers, `br_netfilter` lets service rules see bridged packets.
pub(crate) const MODULES: [&str; 2] = ["br_netfilter", "overlay"];
pub(crate) const FILE: &str = "/etc/modules-load.d/terrarium.conf";

pub(crate) fn plan(facts: &Facts) -> Option<Change> {
    // A missing module is the gate's matter, and one that is built in is there at
    // every boot.
    let of = |wanted: ModuleState| -> Vec<&str> {
        let state = |name: &&str| facts.modules.get(*name) == Some(&wanted);
        MODULES.into_iter().filter(state).collect()
    };
    let (loadable, loaded) = (of(ModuleState::Available), of(ModuleState::Loaded));
    let text = format!("{}\n", MODULES.join("\n"));
    let kept = same(facts, FILE, &text);
    let reason = if !loadable.is_empty() {
        format!("{} not loaded", loadable.join(", "))
    } else if !loaded.is_empty() && !kept {
        format!("{} loaded, but {}", loaded.join(", "), file_reason(facts, &[(FILE, &text)]))
    } else {
        return None;
    };
    let title = match &loadable[..] {
        [] => format!("load {} at every boot", loaded.join(", ")),
        loadable => format!("load {}", loadable.join(", ")),
    };
    let mut change = Change::new("modules", title, reason);
    if !kept {
        change = change.act(Action::text(FILE, "0644", text));
    }
    if !loadable.is_empty() {
        change = change.act(Action::run(format!("modprobe -a {}", MODULES.join(" "))));
    }
    Some(change)
}

#[cfg(test)]
mod tests {
    use ModuleState::{Available, BuiltIn, Loaded, Missing};

    use super::*;
    use crate::fixture::{apply, facts};

    /// Actions of the change: `w` writes the file, `r` loads.
    fn done(change: Option<Change>) -> String {
        let actions = change.map(|change| change.actions).unwrap_or_default();
        actions
            .iter()
            .map(|action| if matches!(action, Action::Write { .. }) { 'w' } else { 'r' })
            .collect()
    }

    #[test]
    fn modules_are_there_now_and_at_every_boot() {
        for (state, without, with) in
            [(BuiltIn, "", ""), (Loaded, "w", ""), (Available, "wr", "r"), (Missing, "", "")]
        {
            let mut facts = facts();
            facts.modules.insert("br_netfilter".to_owned(), state);
            let change = plan(&facts);
            assert_eq!(done(change.clone()), without, "{state:?}, no file");
            apply(&mut facts, &change.into_iter().collect::<Vec<_>>());
            assert_eq!(done(plan(&facts)), with, "{state:?}, the file is there");
            if let Some(file) = facts.files.get_mut(FILE) {
                file.sha256 = "0".repeat(64);
                assert_eq!(done(plan(&facts)), without, "{state:?}, another file");
            }
        }
    }
}
