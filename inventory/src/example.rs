//! The inventory a person would write.

use std::fmt::Write as _;

/// Shown where no address is known yet.
const PLACEHOLDERS: &[&str] = &["192.168.1.11", "192.168.1.12", "192.168.1.13"];

/// A short `pis.toml` for Pis at those addresses, the first one the server.
/// Without addresses, three are made up to be replaced.
pub fn example(addresses: &[&str]) -> String {
    let addresses = if addresses.is_empty() { PLACEHOLDERS } else { addresses };
    let mut text = String::from(
        "# The first node runs the control plane, the others join it.\n\n[ssh]\nuser = \"pi\"\n",
    );
    for (index, address) in addresses.iter().enumerate() {
        let host = toml::Value::from(*address);
        let _ = write!(text, "\n[[node]]\nname = \"pi-{}\"\nhost = {host}\n", index + 1);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::example;
    use crate::model::{Inventory, Role};

    #[test]
    fn the_example_parses() {
        for addresses in [vec![], vec!["10.0.0.11"], vec!["10.0.0.11", "pi-2.lan", "fd00::3"]] {
            let text = example(&addresses);
            let inventory =
                Inventory::parse(Path::new("/pis.toml"), &text, Some(Path::new("/home"))).unwrap();
            let hosts: Vec<&str> = inventory.nodes.iter().map(|n| n.host.as_str()).collect();
            if addresses.is_empty() {
                assert_eq!(hosts.len(), 3);
            } else {
                assert_eq!(hosts, addresses);
            }
            assert_eq!(inventory.server().name, "pi-1");
            let servers = inventory.nodes.iter().filter(|n| n.role == Role::Server);
            assert_eq!(servers.count(), 1);
        }
    }

    #[test]
    fn what_is_no_address_stays_valid_toml_and_is_refused() {
        let text = example(&["a\"b\n[[node]]"]);
        assert!(text.parse::<toml::Table>().is_ok(), "{text}");
        assert!(Inventory::parse(Path::new("/pis.toml"), &text, None).is_err());
    }
}
