//! The nodes to judge: boards somebody has in mind, or nodes as they were found.

use std::collections::BTreeMap;

use terrarium_hardware::{
    AGENT_MIB, Interval, K3S_AGENT_MIB, K3S_SERVER_ETCD_MIB, K3S_SERVER_MIB, OPERATING_SYSTEM_MIB,
};
use terrarium_inventory::{Inventory, K3s, Node, Role};
use terrarium_plan::{Facts, level, node_labels};

use super::answer::{Own, Range};
use super::boards::Wanted;
use crate::error::{Code, Failure};

const MIB: u64 = 1024 * 1024;

/// One node to judge.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub name: String,
    pub role: Role,
    /// Its board's id, when it is of the catalogue or of a file.
    pub board: Option<String>,
    /// Its board's name for people.
    pub title: Option<String>,
    /// Its architecture level, when it is known.
    pub level: Option<String>,
    /// As Kubernetes has them.
    pub labels: BTreeMap<String, String>,
    pub cores: u32,
    /// `MemTotal`, in bytes.
    pub memory: Range,
    /// Pages, in bytes.
    pub page_bytes: Option<u64>,
    /// Width of addresses, in bits.
    pub address_bits: Option<u32>,
    /// The kernel's release, when the node was asked.
    pub kernel: Option<String>,
    /// Free bytes where volumes go, when they are known.
    pub disk_free: Option<u64>,
    /// Further options of its k3s, as the inventory has them.
    pub options: BTreeMap<String, toml::Value>,
}

impl Site {
    /// A board somebody has in mind; its kernel is the image's default.
    pub(crate) fn of_board(wanted: &Wanted, disk_free: Option<u64>) -> Self {
        let board = &wanted.board;
        let kernel = board.kernels.first();
        let level = board.arch_level.value.clone();
        let mut labels = BTreeMap::from([("terrarium/board".to_owned(), board.id.clone())]);
        labels.insert("terrarium/cpu".to_owned(), level.clone());
        Self {
            labels: kubernetes(labels, &wanted.name, wanted.role, "arm64"),
            name: wanted.name.clone(),
            role: wanted.role,
            board: Some(board.id.clone()),
            title: Some(board.title.clone()),
            level: Some(level),
            cores: board.cores.value,
            memory: bytes(board.usable_mib()),
            page_bytes: kernel.map(|kernel| kernel.page_bytes.value.into()),
            address_bits: kernel.and_then(|k| k.virtual_address_bits.as_ref()).map(|b| b.value),
            kernel: None,
            disk_free,
            options: BTreeMap::new(),
        }
    }

    /// A node that was asked.
    pub(crate) fn of_facts(node: &Node, facts: &Facts, disk_free: Option<u64>) -> Self {
        let board = terrarium_plan::board(node, facts);
        let known = board.as_deref().and_then(terrarium_hardware::board);
        let kernel = known.and_then(|board| {
            board.kernels.iter().find(|k| u64::from(k.page_bytes.value) == facts.page_size)
        });
        let arch = if facts.machine == "aarch64" { "arm64" } else { "amd64" };
        let labels = node_labels(node, facts);
        Self {
            labels: kubernetes(labels, &node.name, node.role, arch),
            name: node.name.clone(),
            role: node.role,
            title: known.map(|board| board.title.clone()),
            level: level(node, facts),
            board,
            cores: facts.cpus,
            memory: Range { low: facts.memory_bytes, high: facts.memory_bytes },
            page_bytes: Some(facts.page_size),
            address_bits: kernel.and_then(|k| k.virtual_address_bits.as_ref()).map(|b| b.value),
            kernel: Some(facts.kernel.clone()),
            disk_free: disk_free.or(Some(facts.disk_free_bytes)),
            options: BTreeMap::new(),
        }
    }

    /// A node of the inventory that was not asked or did not answer.
    pub(crate) fn of_inventory(node: &Node, disk_free: Option<u64>) -> Option<Self> {
        let board = terrarium_hardware::board(node.board.as_deref()?)?.clone();
        let wanted = Wanted { name: node.name.clone(), role: node.role, board };
        let mut site = Self::of_board(&wanted, disk_free);
        site.labels.extend(node.labels.clone());
        Some(site)
    }

    /// The same with the inventory's options for its part.
    pub(crate) fn configured(mut self, k3s: &K3s) -> Self {
        let options = if self.role == Role::Server { &k3s.server } else { &k3s.agent };
        self.options.clone_from(options);
        self
    }

    /// What the node uses before any pod. `etcd`: of several servers.
    pub(crate) fn own(&self, etcd: bool) -> Own {
        Own {
            system: bytes(&OPERATING_SYSTEM_MIB),
            kubernetes: bytes(match (self.role, etcd) {
                (Role::Agent, _) => &K3S_AGENT_MIB,
                (Role::Server, false) => &K3S_SERVER_MIB,
                (Role::Server, true) => &K3S_SERVER_ETCD_MIB,
            }),
            agent: bytes(&AGENT_MIB),
        }
    }

    /// As services choose by it.
    pub(crate) fn board(&self) -> terrarium_helm::board::Board {
        terrarium_helm::board::Board {
            node: self.name.clone(),
            id: self.board.clone(),
            level: self.level.clone(),
            labels: self.labels.clone(),
        }
    }
}

/// The inventory's nodes: as they were found, else by the board that is written.
pub(crate) fn of_inventory(
    inventory: &Inventory,
    facts: &BTreeMap<String, Facts>,
    disk_free: Option<u64>,
) -> Result<Vec<Site>, Failure> {
    let site = |node: &Node| match facts.get(&node.name) {
        Some(facts) => Ok(Site::of_facts(node, facts, disk_free)),
        None => Site::of_inventory(node, disk_free).ok_or_else(|| {
            Failure::plain(
                Code::Usage,
                format!("node `{}` names no board and was not reached", node.name),
            )
            .hint(Some(format!(
                "write its board in {}, for example board = \"pi5-8gb\", or let it answer",
                inventory.path.display()
            )))
        }),
    };
    inventory.nodes.iter().map(|node| Ok(site(node)?.configured(&inventory.k3s))).collect()
}

/// The labels the kubelet and k3s set, below those given.
fn kubernetes(
    given: BTreeMap<String, String>,
    name: &str,
    role: Role,
    arch: &str,
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from(
        [
            ("kubernetes.io/hostname", name),
            ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", arch),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    if role == Role::Server {
        labels.insert("node-role.kubernetes.io/control-plane".to_owned(), "true".to_owned());
    }
    labels.extend(given);
    labels
}

fn bytes(interval: &Interval) -> Range {
    Range { low: u64::from(interval.low) * MIB, high: u64::from(interval.high) * MIB }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fit::boards::parse;

    fn sites(text: &str) -> Vec<Site> {
        parse(text).unwrap().iter().map(|wanted| Site::of_board(wanted, None)).collect()
    }

    #[test]
    fn a_server_uses_more_than_an_agent_node_and_etcd_more_than_sqlite() {
        let sites = sites("2xpi5-8gb");
        let (server, agent) = (&sites[0], &sites[1]);
        assert!(server.own(true).total().low > server.own(false).total().low);
        assert!(server.own(false).total().low > agent.own(false).total().high);
    }

    #[test]
    fn a_board_has_the_labels_its_node_will_have() {
        let site = &sites("pi4-8gb")[0];
        for (key, value) in [
            ("kubernetes.io/hostname", "pi-1"),
            ("kubernetes.io/arch", "arm64"),
            ("terrarium/board", "pi4-8gb"),
            ("terrarium/cpu", "armv8.0-a"),
            ("node-role.kubernetes.io/control-plane", "true"),
        ] {
            assert_eq!(site.labels.get(key).map(String::as_str), Some(value), "{key}");
        }
        assert_eq!((site.page_bytes, site.address_bits), (Some(4096), Some(39)));
    }

    #[test]
    fn a_node_without_board_and_answer_is_named() {
        let text = "[[node]]\nname = 'pi-1'\nhost = '10.0.0.1'\nboard = 'pi5-8gb'\n\
                    [[node]]\nname = 'pi-2'\nhost = '10.0.0.2'\n";
        let inventory = Inventory::parse(Path::new("/p.toml"), text, Some(Path::new("/"))).unwrap();
        let failure = of_inventory(&inventory, &BTreeMap::new(), None).unwrap_err();
        assert!(failure.line().contains("node `pi-2` names no board"), "{}", failure.line());
        assert!(failure.line().contains("/p.toml"), "{}", failure.line());
    }
}
