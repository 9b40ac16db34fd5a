//! From cards to the agents' configuration: what is asked of each service.
//!
//! The same on every node: an agent probes only what runs beside it, at the
//! pod's own address, which the network policies leave open to the node.

use std::fmt::Write as _;

use terrarium_helm::card::{Card, Probe, ServiceId};
use terrarium_helm::release::NAMESPACE;

/// Ports whose names are protocols the agent speaks: more is known of such a
/// service than that it takes connections.
const SPOKEN: [&str; 4] = ["kafka", "mongodb", "postgresql", "redis"];

const HEAD: &str = "# Whom the node agent probes. Written by provision: changes are overwritten.\n";

/// The file. Names and ports of cards are plain; paths are quoted as TOML does.
pub(super) fn config<'s>(services: impl Iterator<Item = (&'s ServiceId, &'s Card)>) -> String {
    let mut text = HEAD.to_owned();
    for (id, card) in services {
        let Some(health) = &card.health else { continue };
        let Some(port) = card.ports.get(&health.port) else { continue };
        let (kind, path) = match &health.probe {
            Probe::Http(path) => ("http", Some(path)),
            Probe::Tcp => (spoken(&health.port).unwrap_or("tcp"), None),
        };
        // Text in memory takes whatever is written.
        let _ = write!(
            text,
            "\n[[probe]]\nname = \"{id}\"\nservice = \"{id}\"\nkind = \"{kind}\"\n\
             container = \"{NAMESPACE}/{id}\"\nport = {port}\n"
        );
        if let Some(path) = path {
            // A string of JSON is one of TOML.
            let _ = writeln!(text, "path = {}", serde_json::Value::from(path.as_str()));
        }
    }
    text
}

fn spoken(port: &str) -> Option<&'static str> {
    SPOKEN.into_iter().find(|protocol| *protocol == port)
}

#[cfg(test)]
mod tests {
    use terrarium_helm::catalogue::Catalogue;

    use super::*;

    #[test]
    fn every_service_with_a_process_is_probed_as_its_card_says() {
        let catalogue = Catalogue::embedded().unwrap();
        let text = config(catalogue.iter().map(|(id, service)| (id, &service.card)));
        let asked = catalogue.iter().filter(|(_, service)| service.card.health.is_some()).count();
        assert_eq!(text.matches("[[probe]]").count(), asked, "{text}");
        for part in [
            "name = \"postgresql\"\nservice = \"postgresql\"\nkind = \"postgresql\"\n\
             container = \"terrarium/postgresql\"\nport = 5432\n",
            "name = \"fastapi\"\nservice = \"fastapi\"\nkind = \"http\"\n\
             container = \"terrarium/fastapi\"\nport = 8000\npath = \"/readyz\"\n",
            "kind = \"kafka\"\n",
            "kind = \"redis\"\n",
            "kind = \"mongodb\"\n",
        ] {
            assert!(text.contains(part), "{part}\nis not in\n{text}");
        }
        assert!(!text.contains("foundation"), "{text}");
    }

    #[test]
    fn without_services_there_is_a_file_without_probes() {
        assert_eq!(config(std::iter::empty()), HEAD);
    }
}
