//! `provision targets`

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use terrarium_inventory::{Inventory, Role};

use super::load;
use crate::cli::Common;
use crate::error::{Code, Failure};
use crate::file;
use crate::report::terminal;
use crate::settings::Settings;

/// The agents' port, as their unit has it.
const PORT: u16 = 9100;

/// One entry of the list that `file_sd` and `http_sd` read.
#[derive(Debug, PartialEq, Serialize)]
struct Target {
    targets: [String; 1],
    labels: BTreeMap<&'static str, String>,
}

/// Prints the list, or writes it to a file that Prometheus watches.
pub(super) fn run(
    common: &Common,
    settings: &Settings,
    output: Option<&Path>,
) -> Result<Code, Failure> {
    let inventory = load(common, settings)?;
    let list = list(&inventory);
    match output {
        None => terminal::json(&list)?,
        Some(path) => write(path, &list)?,
    }
    Ok(Code::Done)
}

fn list(inventory: &Inventory) -> Vec<Target> {
    let target = |node: &terrarium_inventory::Node| {
        // A colon in an address is IPv6's: the port needs brackets before it.
        let host =
            if node.host.contains(':') { format!("[{}]", node.host) } else { node.host.clone() };
        let role = match node.role {
            Role::Server => "server",
            Role::Agent => "agent",
        };
        // As the stack's own Prometheus has them, so that alerts and dashboards
        // work with either.
        let mut labels = BTreeMap::from([
            ("job", "terrarium-agent".to_owned()),
            ("node", node.name.clone()),
            ("role", role.to_owned()),
            ("cluster", inventory.cluster.name.clone()),
        ]);
        if inventory.agent.login {
            labels.insert("__scheme__", "https".to_owned());
        }
        Target { targets: [format!("{host}:{PORT}")], labels }
    };
    inventory.nodes.iter().map(target).collect()
}

fn write(path: &Path, list: &[Target]) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(list)
        .map_err(|error| Failure::internal("cannot write JSON", &error))?;
    text.push('\n');
    // Prometheus reads whenever it changes.
    file::replace(path, &text).map_err(|error| {
        Failure::new(Code::Usage, format!("cannot write {}", path.display()), &error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(text: &str) -> Inventory {
        Inventory::parse(Path::new("/x/pis.toml"), text, Some(Path::new("/x"))).unwrap()
    }

    #[test]
    fn every_node_is_a_target_with_its_name() {
        let inventory = inventory(
            "[[node]]\nname = \"pi-1\"\nhost = \"10.0.0.1\"\n[[node]]\nname = \"pi-2\"\nhost = \"fd00::2\"\n",
        );
        let list = list(&inventory);
        let targets: Vec<&str> = list.iter().map(|target| target.targets[0].as_str()).collect();
        assert_eq!(targets, ["10.0.0.1:9100", "[fd00::2]:9100"]);
        assert_eq!(list[0].labels["role"], "server");
        assert_eq!(list[1].labels["node"], "pi-2");
        assert_eq!(list[1].labels["__scheme__"], "https");
        let open = self::inventory(
            "[agent]\nlogin = false\n[[node]]\nname = \"pi-1\"\nhost = \"10.0.0.1\"\n",
        );
        assert!(!self::list(&open)[0].labels.contains_key("__scheme__"));
    }

    #[test]
    fn the_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agents.json");
        std::fs::write(&path, "old").unwrap();
        write(&path, &list(&inventory("[[node]]\nname = \"a\"\nhost = \"10.0.0.1\"\n"))).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read[0]["targets"][0], "10.0.0.1:9100");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = write(&folder.path().join("no/such/folder.json"), &[]);
        assert_eq!(nowhere.unwrap_err().code, Code::Usage);
    }
}
