//! `/etc/hosts` knows every node of the inventory, so that the cluster's
//! names resolve without a DNS server of the user's own. Only a marked block
//! is ours; the rest of the file is left as it is, except that the distribution's
//! `127.0.1.1 <old name>` line follows the host name (sudo looks it up).

use std::fmt::Write as _;

use terrarium_inventory::Node;

use crate::planner::Context;
use crate::{Action, Change};

const BEGIN: &str = "# BEGIN terrarium";
const END: &str = "# END terrarium";

pub(crate) fn plan(node: &Node, context: &Context<'_>) -> Option<Change> {
    let found = &context.facts.hosts;
    let wanted = wanted(found, &node.name, context.addresses);
    if *found == wanted {
        return None;
    }
    let reason = if found.contains(BEGIN) {
        "its block of cluster nodes differs from the inventory"
    } else {
        "it does not name the cluster's nodes"
    };
    Some(Change::new("hosts", "name the cluster's nodes in /etc/hosts", reason).act(Action::text(
        "/etc/hosts",
        "0644",
        wanted,
    )))
}

fn wanted(found: &str, name: &str, addresses: &[(String, String)]) -> String {
    let mut text = String::new();
    let mut ours = false;
    for line in found.lines() {
        match line.trim() {
            BEGIN => ours = true,
            END => ours = false,
            _ if ours => {}
            trimmed if trimmed.split_whitespace().next() == Some("127.0.1.1") => {
                let _ = writeln!(text, "127.0.1.1\t{name}");
            }
            _ => {
                let _ = writeln!(text, "{line}");
            }
        }
    }
    let _ = writeln!(text, "{BEGIN}");
    for (name, address) in addresses.iter().filter(|(_, a)| a.parse::<std::net::IpAddr>().is_ok()) {
        let _ = writeln!(text, "{address}\t{name}");
    }
    let _ = writeln!(text, "{END}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Vec<(String, String)> {
        [("pi-1", "10.0.0.1"), ("pi-2", "10.0.0.2"), ("pi-3", "pi3.lan")]
            .map(|(name, address)| (name.to_owned(), address.to_owned()))
            .to_vec()
    }

    #[test]
    fn the_block_is_appended_and_the_rest_kept() {
        let text =
            wanted("127.0.0.1\tlocalhost\n127.0.1.1 raspberrypi\n10.9.9.9 nas\n", "pi-1", &nodes());
        assert_eq!(
            text,
            "127.0.0.1\tlocalhost\n127.0.1.1\tpi-1\n10.9.9.9 nas\n# BEGIN terrarium\n10.0.0.1\tpi-1\n10.0.0.2\tpi-2\n# END terrarium\n"
        );
    }

    #[test]
    fn applying_it_twice_is_applying_it_once() {
        for found in [
            "",
            "127.0.0.1 localhost",
            "# BEGIN terrarium\n1.2.3.4 gone\n",
            "a\n# END terrarium\nb\n",
        ] {
            let once = wanted(found, "pi-1", &nodes());
            assert_eq!(wanted(&once, "pi-1", &nodes()), once, "{found:?}");
            assert!(!once.contains("gone"));
        }
    }
}
