//! What on a node puts back what a run has set, and is not told to stop: it is named.

use terrarium_inventory::Node;

use crate::Refusal;
use crate::os::cloud;
use crate::planner::Context;

/// What will be put back by somebody else.
pub(crate) fn notes(node: &Node, context: &Context<'_>) -> Vec<Refusal> {
    let facts = context.facts;
    let note = |id: &str, what: String, hint: String| Refusal::new(&node.name, id, what, &hint);
    let mut notes = Vec::new();
    if let Some(cloud) = &facts.cloud_init {
        if cloud.busy {
            let what =
                "cloud-init is still at its work of this start, and may change what is said here";
            let hint =
                format!("look again when `cloud-init status --wait` has ended on {}", node.name);
            notes.push(note("cloud-init", what.to_owned(), hint));
        }
        let file = cloud::overruled(facts);
        let user_data = (!cloud.user_data.is_empty()).then_some("its user-data");
        for place in file.into_iter().chain(user_data) {
            let what = format!(
                "{place} tells cloud-init to see to the host name or /etc/hosts, and wins over {}",
                cloud::FILE
            );
            let hint = "take `preserve_hostname` and `cloud_init_modules` out of it; user-data is in /boot/firmware/user-data";
            notes.push(note("cloud-init", what, hint.to_owned()));
        }
    }
    for (wish, file) in &facts.undone_by {
        let (what, hint) = match wish.as_str() {
            "restart" => (
                format!("{file} lets unattended upgrades restart the node whenever they want to"),
                "set Unattended-Upgrade::Automatic-Reboot to \"false\" there, or mind that the node is away meanwhile",
            ),
            "timezone" if context.inventory.os.timezone.is_none() => continue,
            "timezone" => (
                format!("{file} sets a time zone of its own"),
                "take that out of it, or the inventory's `timezone`",
            ),
            _ => (
                format!("{file} sets a host name of its own"),
                "take that out of it: Kubernetes knows the node by the inventory's name",
            ),
        };
        notes.push(note("undone", what, hint.to_owned()));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{context, facts, node};
    use crate::{CloudInit, Facts};

    fn said(facts: &Facts) -> Vec<String> {
        let mut said = Vec::new();
        context(facts, |context| {
            let notes = notes(&node("pi-1"), context).into_iter();
            said = notes.map(|note| format!("{}: {}", note.id, note.what)).collect();
        });
        said
    }

    #[test]
    fn what_wins_over_the_inventory_is_named_with_its_place() {
        let nothing: [&str; 0] = [];
        assert_eq!(said(&facts()), nothing);
        let hook = ("hostname".to_owned(), "/etc/dhcpcd.conf".to_owned());
        // No time zone is wished for there.
        let zone = ("timezone".to_owned(), "/etc/cron.d/zone".to_owned());
        let facts = Facts { undone_by: vec![hook, zone], ..facts() };
        assert_eq!(said(&facts), ["undone: /etc/dhcpcd.conf sets a host name of its own"]);
        let cloud_init = CloudInit {
            busy: true,
            user_data: vec!["preserve_hostname".to_owned()],
            ..CloudInit::default()
        };
        let said = said(&Facts { cloud_init: Some(cloud_init), ..crate::fixture::facts() });
        assert!(
            said[0].contains("still at its work") && said[1].contains("its user-data tells"),
            "{said:?}"
        );
    }
}
