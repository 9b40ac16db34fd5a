//! The inventory of a lab: a `pis.toml` for its nodes.

use std::fmt::Write as _;
use std::path::Path;

use crate::artifacts::K3S_VERSION;
use crate::node::Node;
use crate::options::Stack;
use crate::paths::text;

/// The password of the image's user `pi`.
pub(crate) const PASSWORD: &str = "raspberry";

/// The text of the inventory. `boards` says whether to name the boards: with
/// another amount of memory than theirs the nodes are not those boards. `pins` has
/// the digests of what the mirror has.
pub(crate) fn render(
    nodes: &[Node],
    artifacts: &Path,
    pins: &[(String, String)],
    boards: bool,
    stack: Stack,
) -> String {
    let pins = pins.iter().fold(String::new(), |mut rows, (name, sha256)| {
        // Writing to a string cannot fail.
        let _ = writeln!(rows, "{} = {}", quoted(name), quoted(sha256));
        rows
    });
    let mut page = format!(
        "# The nodes of a lab, written by `lab up`.\n\
         [cluster]\n\
         name = \"lab\"\n\
         kubeconfig = \"kubeconfig\"\n\
         \n\
         [ssh]\n\
         user = \"pi\"\n\
         password_file = \"password\"\n\
         known_hosts = \"known_hosts\"\n\
         \n\
         [os]\n\
         packages = [\"jq\"]\n\
         timezone = \"Europe/Brussels\"\n\
         \n\
         [k3s]\n\
         version = {version}\n\
         \n\
         [artifacts]\n\
         mirror = {mirror}\n\
         \n\
         [artifacts.sha256]\n\
         {pins}\
         \n\
         # The images are made here and lie on the nodes: no registry has them.\n\
         [images]\n\
         lock = false\n\
         \n\
         {stack}",
        stack = stack.inventory(),
        version = quoted(K3S_VERSION),
        mirror = quoted(&format!("file://{}", text(artifacts))),
    );
    for node in nodes {
        let role = if node.server { "server" } else { "agent" };
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "\n[[node]]\nname = {}\nhost = \"{}\"\nrole = \"{role}\"\n",
            quoted(&node.name),
            node.address,
        );
        if boards {
            let _ = writeln!(page, "board = {}", quoted(&node.board));
        }
    }
    page
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::HELM_VERSION;
    use crate::node::nodes;
    use crate::{Options, Site};

    #[test]
    fn it_says_who_the_nodes_are_and_where_artifacts_come_from() {
        let nodes = nodes(Site::Main, &Options::default());
        let pins = [("k3s-v1.36.3+k3s1-arm64".to_owned(), "a".repeat(64))];
        let text = render(&nodes, Path::new("/a \"b\"/artifacts"), &pins, true, Stack::Starter);
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["artifacts"]["mirror"].as_str(), Some("file:///a \"b\"/artifacts"));
        assert_eq!(table["k3s"]["version"].as_str(), Some("v1.36.3+k3s1"));
        let pin = table["artifacts"]["sha256"]["k3s-v1.36.3+k3s1-arm64"].as_str();
        assert_eq!(pin, Some("a".repeat(64).as_str()));
        let listed = table["node"].as_array().unwrap();
        let hosts: Vec<_> = listed.iter().map(|n| n["host"].as_str().unwrap()).collect();
        assert_eq!(hosts, ["10.99.0.11", "10.99.0.12", "10.99.0.13"]);
        let roles: Vec<_> = listed.iter().map(|n| n["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["server", "agent", "agent"]);
        assert_eq!(listed[0]["board"].as_str(), Some("pi5-8gb"));
    }

    #[test]
    fn the_product_accepts_it() {
        let options = Options { nodes: 4, ..Options::default() };
        for stack in [Stack::Starter, Stack::Core] {
            accepted(&nodes(Site::Main, &options), stack);
        }
    }

    fn accepted(nodes: &[Node], stack: Stack) {
        let pins = [
            (format!("k3s-{K3S_VERSION}-amd64"), "a".repeat(64)),
            (format!("helm-{HELM_VERSION}-linux-amd64"), "b".repeat(64)),
        ];
        let text = render(nodes, Path::new("/a/artifacts"), &pins, true, stack);
        let parsed = terrarium_inventory::Inventory::parse(Path::new("/s/pis.toml"), &text, None);
        let inventory = parsed.unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(inventory.stack.profile.as_deref(), Some(stack.as_str()));
        assert_eq!(inventory.cluster.kubeconfig, Path::new("/s/kubeconfig"));
        assert_eq!(inventory.artifacts.mirror.as_deref(), Some("file:///a/artifacts"));
        assert_eq!(inventory.artifacts.sha256, pins.into());
        assert_eq!(inventory.server().host, "10.99.0.11");
        assert_eq!(inventory.nodes.len(), 4);
    }

    #[test]
    fn boards_can_be_left_out_and_the_password_is_never_in_it() {
        let nodes = nodes(Site::Main, &Options::default());
        let text = render(&nodes, Path::new("/a"), &[], false, Stack::Starter);
        assert!(!text.contains("board ="));
        assert!(!text.contains(PASSWORD));
    }
}
