//! The inventory a person would write.

use std::fmt::Write as _;
use std::path::Path;

use crate::check::{Complaint, host, names};
use crate::defaults;
use crate::model::Inventory;

/// What a first inventory is made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Example<'a> {
    /// Where the Pis are, as on a command line of ssh: `pi@192.168.1.11:22`, or
    /// several with commas between; the first becomes the server.
    pub addresses: &'a [&'a str],
    /// The login name of all nodes.
    pub user: Option<&'a str>,
    /// The profile of the stack.
    pub profile: Option<&'a str>,
}

/// Why no inventory is made, and what to type instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {why}")]
pub struct Refused {
    message: String,
    why: String,
    /// What to do about it.
    pub hint: String,
}

impl From<Complaint> for Refused {
    fn from(Complaint { message, why, help, .. }: Complaint) -> Self {
        Self { message, why, hint: help }
    }
}

impl Example<'_> {
    /// A short `pis.toml`: one that is accepted when it is read.
    ///
    /// # Errors
    /// The first address or name that cannot be one.
    pub fn text(&self) -> Result<String, Refused> {
        let user = self.user.map(names::user).transpose()?;
        let mut nodes: Vec<host::Parts> = Vec::new();
        for address in self.addresses.iter().flat_map(|text| text.split(',')) {
            let address = address.trim();
            if address.is_empty() && self.addresses.iter().any(|text| text.contains(',')) {
                continue;
            }
            let parts = host::parts(address)?;
            if nodes.iter().any(|node| node.host == parts.host) {
                return Err(Refused {
                    message: format!("`{}` is named twice", parts.host),
                    why: "each node is a machine of its own".to_owned(),
                    hint: "name each Pi once".to_owned(),
                });
            }
            nodes.push(parts);
        }
        let text = render(user.as_deref(), &nodes, self.profile);
        // What is written is what the next command reads: nothing it would refuse.
        match Inventory::parse(Path::new("/pis.toml"), &text, Some(Path::new("/"))) {
            Ok(_) => Ok(text),
            Err(problems) => {
                let first = problems.iter().next();
                Err(Refused {
                    message: "no inventory can be made of this".to_owned(),
                    why: first.map(ToString::to_string).unwrap_or_default(),
                    hint: first.and_then(|problem| problem.hint()).unwrap_or_default().to_owned(),
                })
            }
        }
    }
}

/// An inventory of addresses that are made up, to be replaced.
pub(crate) fn placeholders() -> String {
    let nodes = (11..=13).map(|last| host::Parts::of(format!("192.168.1.{last}")));
    render(None, &nodes.collect::<Vec<_>>(), None)
}

fn render(user: Option<&str>, nodes: &[host::Parts], profile: Option<&str>) -> String {
    // What all of them say of themselves is said once.
    let all = |of: fn(&host::Parts) -> Option<String>| {
        let first = of(nodes.first()?)?;
        nodes.iter().all(|node| of(node).as_ref() == Some(&first)).then_some(first)
    };
    let common = user.map(str::to_owned).or_else(|| all(|node| node.user.clone()));
    let user = common.unwrap_or_else(|| defaults::USER.to_owned());
    let port = all(|node| node.port.map(|port| port.to_string()));
    let mut text = format!(
        "# The first node runs the control plane, the others join it.\n\n[ssh]\nuser = \"{user}\"\n"
    );
    // Writing to a string cannot fail.
    if let Some(port) = port.as_deref().filter(|port| *port != "22") {
        let _ = writeln!(text, "port = {port}");
    }
    for (index, node) in nodes.iter().enumerate() {
        let host = toml::Value::from(node.host.as_str());
        let _ = write!(text, "\n[[node]]\nname = \"pi-{}\"\nhost = {host}\n", index + 1);
        let mut own = Vec::new();
        own.extend(
            node.user.as_ref().filter(|own| **own != user).map(|own| format!("user = \"{own}\"")),
        );
        let differs = |own: &u16| port.is_none() && *own != defaults::PORT;
        own.extend(node.port.filter(differs).map(|own| format!("port = {own}")));
        if !own.is_empty() {
            let _ = writeln!(text, "ssh = {{ {} }}", own.join(", "));
        }
    }
    if let Some(profile) = profile {
        let _ = write!(text, "\n[stack]\nprofile = {}\n", toml::Value::from(profile));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Role;

    fn made(addresses: &[&str], user: Option<&str>) -> Result<(String, Inventory), Refused> {
        let text = Example { addresses, user, profile: Some("starter") }.text()?;
        let inventory =
            Inventory::parse(Path::new("/pis.toml"), &text, Some(Path::new("/home"))).unwrap();
        Ok((text, inventory))
    }

    #[test]
    fn what_is_made_is_accepted_and_says_what_was_typed() {
        let (_, plain) = made(&["10.0.0.11", "pi-2.lan", "fd00::3"], None).unwrap();
        let hosts: Vec<&str> = plain.nodes.iter().map(|n| n.host.as_str()).collect();
        assert_eq!(hosts, ["10.0.0.11", "pi-2.lan", "fd00::3"]);
        assert_eq!(plain.server().name, "pi-1");
        assert_eq!(plain.nodes.iter().filter(|n| n.role == Role::Server).count(), 1);

        let (text, ssh) = made(&["me@10.0.0.11:2222", "me@10.0.0.12:2222"], None).unwrap();
        assert!(ssh.nodes.iter().all(|n| n.ssh.user == "me" && n.ssh.port == 2222), "{text}");
        assert!(!text.contains("ssh = {"), "{text}");

        let (text, mixed) = made(&["me@10.0.0.11", "10.0.0.12:2222,you@10.0.0.13,"], None).unwrap();
        let told: Vec<_> = mixed.nodes.iter().map(|n| (n.ssh.user.as_str(), n.ssh.port)).collect();
        assert_eq!(told, [("me", 22), ("pi", 2222), ("you", 22)], "{text}");

        let (text, named) = made(&["me@10.0.0.11", "10.0.0.12"], Some("admin")).unwrap();
        let users: Vec<&str> = named.nodes.iter().map(|n| n.ssh.user.as_str()).collect();
        assert_eq!(users, ["me", "admin"], "{text}");
    }

    #[test]
    fn what_cannot_be_an_inventory_is_not_made() {
        for (addresses, user) in [
            (&["192.168.1.300"][..], None),
            (&["1.1.1.1", "1.1.1.1"], None),
            (&["1.1.1.1", "me@1.1.1.1:2222"], None),
            (&["1.1.1.1,1.1.1.1"], None),
            (&[""], None),
            (&["::1"], None),
            (&["a b"], None),
            (&["192.168.1.0/24"], None),
            (&["pi@"], None),
            (&["10.0.0.1"], Some("not a user")),
            (&["a\"b\n[[node]]"], None),
            (&[], None),
        ] {
            let refused = made(addresses, user).expect_err(&format!("{addresses:?}"));
            assert!(!refused.hint.is_empty(), "{addresses:?}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_accepted_or_refused_before(
            addresses in prop::collection::vec("[a-z0-9.:@\\[\\]/%, _-]{0,12}", 1..4),
        ) {
            let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
            // `made` reads what was made.
            let _ = made(&addresses, None);
        }
    }
}
