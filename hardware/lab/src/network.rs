//! The lab's addresses: one documented range, no port of the machine taken.

use std::net::Ipv4Addr;

use crate::docker::Engine;
use crate::{LabError, Result};

/// The bridge and the engine's network have this name.
pub(crate) const NETWORK: &str = "terrarium-lab";
/// The range of every lab network.
pub(crate) const RANGE: &str = "10.99.0.0/24";
/// The machine's address on the bridge.
pub(crate) const MACHINE: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
/// The nodes' default gateway. Nobody has this address: a node has a default
/// route, as k3s demands, and yet nothing it sends leaves the lab.
pub(crate) const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 254);
/// The most nodes of one site.
pub(crate) const MOST_NODES: u8 = 9;

/// Which names and addresses a lab's nodes get, so that a test's lab and a
/// person's can be up at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// What `lab up` uses: containers `terrarium-lab-1`…, from 10.99.0.11 on.
    Main,
    /// For tests of this crate: `terrarium-lab-test-1`…, from 10.99.0.31 on.
    Test,
}

impl Site {
    /// The label its containers and volumes carry.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Main => "terrarium.lab=main",
            Self::Test => "terrarium.lab=test",
        }
    }

    /// The container of the n-th node, counted from 1.
    pub(crate) fn container(self, number: u8) -> String {
        match self {
            Self::Main => format!("terrarium-lab-{number}"),
            Self::Test => format!("terrarium-lab-test-{number}"),
        }
    }

    /// The address of the n-th node, counted from 1.
    pub(crate) fn address(self, number: u8) -> Ipv4Addr {
        let first = match self {
            Self::Main => 10,
            Self::Test => 30,
        };
        let [a, b, c, _] = MACHINE.octets();
        Ipv4Addr::new(a, b, c, first + number.min(MOST_NODES))
    }
}

/// Makes the network unless it is there.
pub(crate) fn ensure(engine: &Engine) -> Result<()> {
    if engine.has("network", NETWORK)? {
        return Ok(());
    }
    engine.run(create_args()).map(drop)
}

/// Removes the network; one that others still use stays. Whether it is gone.
pub(crate) fn remove(engine: &Engine) -> Result<bool> {
    if !engine.has("network", NETWORK)? {
        return Ok(true);
    }
    match engine.run(["network", "rm", NETWORK]) {
        Ok(_) => Ok(true),
        Err(LabError::Failed { output, .. }) if output.contains("active endpoints") => Ok(false),
        Err(error) => Err(error),
    }
}

fn create_args() -> Vec<String> {
    [
        "network",
        "create",
        "--internal",
        "--subnet",
        RANGE,
        "--gateway",
        &MACHINE.to_string(),
        "--opt",
        &format!("com.docker.network.bridge.name={NETWORK}"),
        "--opt",
        "com.docker.network.bridge.enable_ip_masquerade=false",
        "--label",
        "terrarium.lab",
        NETWORK,
    ]
    .map(str::to_owned)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_share_no_name_and_no_address() {
        let of = |site: Site| -> Vec<_> {
            (1..=MOST_NODES).map(|n| (site.container(n), site.address(n))).collect()
        };
        for (name, address) in of(Site::Main) {
            assert!(of(Site::Test).iter().all(|(n, a)| *n != name && *a != address));
            assert_ne!(address, ROUTER);
        }
        assert_eq!(Site::Main.address(1), Ipv4Addr::new(10, 99, 0, 11));
        assert_eq!(Site::Test.address(9), Ipv4Addr::new(10, 99, 0, 39));
    }

    #[test]
    fn a_bridge_name_fits_the_kernel() {
        assert!(NETWORK.len() <= 15);
    }

    #[test]
    fn the_network_leads_nowhere() {
        let args = create_args();
        assert!(args.iter().any(|arg| arg == "--internal"));
        assert!(args.iter().any(|arg| arg.ends_with("enable_ip_masquerade=false")));
    }
}
