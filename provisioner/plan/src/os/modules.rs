//! Kernel modules that pod networking needs, loaded now and at every boot.

use crate::{Action, Change, Facts, ModuleState};

/// `overlay` carries images' layers, `br_netfilter` lets service rules see bridged packets.
pub(crate) const MODULES: [&str; 2] = ["br_netfilter", "overlay"];
pub(crate) const FILE: &str = "/etc/modules-load.d/terrarium.conf";

pub(crate) fn plan(facts: &Facts) -> Option<Change> {
    // A missing module is the gate's matter; a loaded one needs no file of
    // ours unless it was us who had to load it.
    let loadable: Vec<&str> = MODULES
        .into_iter()
        .filter(|name| facts.modules.get(*name) == Some(&ModuleState::Available))
        .collect();
    if loadable.is_empty() {
        return None;
    }
    let text = format!("{}\n", MODULES.join("\n"));
    let reason = format!("{} not loaded", loadable.join(", "));
    Some(
        Change::new("modules", format!("load {}", loadable.join(", ")), reason)
            .act(Action::text(FILE, "0644", text))
            .act(Action::run(format!("modprobe -a {}", MODULES.join(" ")))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::facts;

    #[test]
    fn only_modules_that_are_there_and_not_loaded_are_loaded() {
        for (state, changes) in [
            (ModuleState::Loaded, false),
            (ModuleState::Available, true),
            (ModuleState::Missing, false),
        ] {
            let mut facts = facts();
            facts.modules.insert("br_netfilter".to_owned(), state);
            assert_eq!(plan(&facts).is_some(), changes, "{state:?}");
        }
    }
}
