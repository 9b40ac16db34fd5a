//! From cards to the agents' configuration: what is asked of each service.
//!
//! The same on every node: an agent probes only what runs beside it, at the
//! pod's own address, which the network policies leave open to the node.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use terrarium_helm::card::{Card, Probe, ServiceId};
use terrarium_helm::release::NAMESPACE;
use terrarium_k3s::paths;

/// Ports whose names are protocols the agent speaks: more is known of such a
/// service than that it takes connections.
const SPOKEN: [&str; 4] = ["kafka", "mongodb", "postgresql", "redis"];

const KUBELET: u16 = 10_250;
const HTTPS: u16 = 443;

const HEAD: &str = "# Whom the node agent probes. Written by provision: changes are overwritten.\n";

/// The file. Names and ports of cards are plain; paths are quoted as TOML does.
///
/// Besides the services it asks the ports below for their certificates, whose ends
/// an alert goes by.
pub(super) fn config<'s>(
    services: impl Iterator<Item = (&'s ServiceId, &'s Card)>,
    server: Option<IpAddr>,
    domain: Option<&str>,
) -> String {
    let mut text = HEAD.to_owned();
    for (name, target, domain) in ports(server, domain) {
        let _ = write!(
            text,
            "\n[[probe]]\nname = \"{name}\"\nservice = \"{name}\"\nkind = \"tls\"\n\
             target = \"{target}\"\n"
        );
        if let Some(domain) = domain {
            let _ = writeln!(text, "server_name = {}", serde_json::Value::from(domain));
        }
    }
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

/// Ports of the cluster's own that show a certificate: the kubelet's on each node,
/// the API's and the ingress' on the server.
fn ports(
    server: Option<IpAddr>,
    domain: Option<&str>,
) -> impl Iterator<Item = (&'static str, SocketAddr, Option<&str>)> {
    let at = |ip: IpAddr, port| SocketAddr::new(ip, port);
    let kubelet = ("kubelet", at(IpAddr::V4(Ipv4Addr::LOCALHOST), KUBELET), None);
    let api = server.map(|ip| ("kubernetes-api", at(ip, paths::API_PORT), None));
    let ingress = server.zip(domain).map(|(ip, name)| ("ingress-tls", at(ip, HTTPS), Some(name)));
    std::iter::once(kubelet).chain(api).chain(ingress)
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
        let services = catalogue.iter().map(|(id, service)| (id, &service.card));
        let text = config(services, None, None);
        let asked = catalogue.iter().filter(|(_, service)| service.card.health.is_some()).count();
        assert_eq!(text.matches("[[probe]]").count(), asked + 1, "{text}");
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
    fn every_port_of_the_cluster_with_a_certificate_is_asked_for_it() {
        let server = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
        for (server, domain, expected) in [
            (None, Some("desk.local"), &[("127.0.0.1:10250", None)][..]),
            (server, None, &[("127.0.0.1:10250", None), ("10.0.0.1:6443", None)]),
            (
                server,
                Some("desk.local"),
                &[
                    ("127.0.0.1:10250", None),
                    ("10.0.0.1:6443", None),
                    ("10.0.0.1:443", Some("desk.local")),
                ],
            ),
        ] {
            let text = config(std::iter::empty(), server, domain);
            let table: toml::Table = toml::from_str(&text).unwrap();
            let probes = table["probe"].as_array().unwrap();
            let asked: Vec<_> = probes
                .iter()
                .map(|probe| {
                    assert_eq!(probe["kind"].as_str(), Some("tls"));
                    let name = probe.get("server_name").and_then(toml::Value::as_str);
                    (probe["target"].as_str().unwrap(), name)
                })
                .collect();
            assert_eq!(asked, expected);
        }
    }
}
