//! The one probe: what to ask, how to ask it in one round trip, and how to
//! read the reply. It writes nothing on the node.

mod cluster;
mod existing;
mod parse;
mod places;
mod script;

pub use cluster::Queries;
pub use parse::{ProbeError, parse};
#[cfg(test)]
pub(crate) use script::cloud_excerpt;
pub use script::{script, stack_script};

use terrarium_inventory::{Inventory, Node};
use terrarium_k3s::paths;

use crate::os::{cloud, modules, swap, sysctl, timezone};
use crate::planner::{Package, is_server};
use crate::{agent, image, k3s};

/// What to ask of one node, beyond what is asked of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Files whose digest, mode and owner matter.
    pub files: Vec<String>,
    /// systemd units.
    pub units: Vec<String>,
    /// Kernel settings.
    pub sysctls: Vec<String>,
    /// Kernel modules.
    pub modules: Vec<String>,
    /// Packages.
    pub packages: Vec<String>,
    /// Container images by their full names.
    pub images: Vec<String>,
    /// The wished time zone and its other names.
    pub zones: Vec<String>,
    /// What the node is in its cluster.
    pub part: Part,
}

/// What is asked of a node as the part it has in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The server, with what is asked about the stack.
    Server(Queries),
    /// An agent node.
    Agent,
}

/// What to ask of this node; `image` is the one our own services run, when one
/// of them is wanted, `queries` what kubectl is asked about the stack.
pub fn request(
    inventory: &Inventory,
    node: &Node,
    image: Option<&str>,
    queries: &Queries,
) -> Request {
    let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    let mut files = owned(&[
        Package::PROGRAM,
        Package::UNIT,
        agent::DROP_IN,
        agent::CONFIG,
        agent::IN_FORCE,
        cloud::FILE,
        modules::FILE,
        sysctl::FILE,
        swap::RPI_SWAP,
        paths::BINARY,
        paths::CONFIG,
    ]);
    files.extend(agent::login::files().map(str::to_owned));
    files.extend(owned(&agent::FORMER));
    files.extend(k3s::files(node));
    files.extend(image.map(|_| image::ARCHIVE.to_owned()));
    Request {
        files,
        units: vec![
            agent::UNIT.to_owned(),
            paths::SERVER_SERVICE.to_owned(),
            paths::AGENT_SERVICE.to_owned(),
        ],
        sysctls: sysctl::SETTINGS.iter().map(|(key, ..)| (*key).to_owned()).collect(),
        modules: owned(&modules::MODULES),
        packages: [agent::PACKAGE.to_owned()]
            .into_iter()
            .chain(inventory.os.packages.clone())
            .collect(),
        zones: timezone::names(&inventory.os).map(str::to_owned).collect(),
        images: image.map(str::to_owned).into_iter().collect(),
        part: if is_server(node) { Part::Server(queries.clone()) } else { Part::Agent },
    }
}
