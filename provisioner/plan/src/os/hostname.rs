//! The host name is the inventory's name: three fresh cards are all
//! `raspberrypi`, and Kubernetes lets one silently replace the other.

use terrarium_inventory::Node;

use crate::{Action, Change, Facts};

pub(crate) fn plan(node: &Node, facts: &Facts) -> Option<Change> {
    let kept = facts.static_hostname.as_ref().filter(|kept| **kept != node.name);
    let reason = match kept {
        _ if facts.hostname != node.name => {
            format!("is `{}`, wanted `{}`", facts.hostname, node.name)
        }
        Some(kept) => format!("is `{kept}` in /etc/hostname, which the next boot takes"),
        None => return None,
    };
    Some(
        Change::new("hostname", format!("set the host name to {}", node.name), reason)
            .act(Action::run(format!("hostnamectl set-hostname {}", node.name))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{facts, node};

    #[test]
    fn the_inventory_names_the_node() {
        for (running, kept, reason) in [
            ("pi-1", Some("pi-1"), None),
            ("pi-1", None, None),
            ("raspberrypi", Some("raspberrypi"), Some("is `raspberrypi`, wanted `pi-1`")),
            // The file was written and the kernel was not told.
            ("raspberrypi", Some("pi-1"), Some("is `raspberrypi`, wanted `pi-1`")),
            // It only runs: DHCP, `hostname`, an edit by hand.
            (
                "pi-1",
                Some("raspberrypi"),
                Some("is `raspberrypi` in /etc/hostname, which the next boot takes"),
            ),
            ("pi-1", Some(""), Some("is `` in /etc/hostname, which the next boot takes")),
        ] {
            let facts = Facts {
                hostname: running.to_owned(),
                static_hostname: kept.map(str::to_owned),
                ..facts()
            };
            let change = plan(&node("pi-1"), &facts);
            assert_eq!(change.map(|change| change.reason).as_deref(), reason, "{running} {kept:?}");
        }
    }
}
