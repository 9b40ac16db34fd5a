//! The host name is the inventory's name: three fresh cards are all
//! `raspberrypi`, and Kubernetes lets one silently replace the other.

use terrarium_inventory::Node;

use crate::{Action, Change, Facts};

pub(crate) fn plan(node: &Node, facts: &Facts) -> Option<Change> {
    if facts.hostname == node.name {
        return None;
    }
    let reason = format!("is `{}`, wanted `{}`", facts.hostname, node.name);
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
        for (found, changes) in [("raspberrypi", true), ("pi-2", true), ("pi-1", false)] {
            let facts = Facts { hostname: found.to_owned(), ..facts() };
            assert_eq!(plan(&node("pi-1"), &facts).is_some(), changes, "{found}");
        }
    }
}
