//! `/sys/class/net/bonding_masters`: interfaces made of several, and how many
//! of them work.

use std::path::{Path, PathBuf};

use super::Collector;
use super::attributes::word;
use super::rescan::Rescan;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::source::Source;

const SLAVES: Family = Family::gauge("node_bonding_slaves", "Interfaces of the bond.");
const ACTIVE: Family = Family::gauge("node_bonding_active", "Interfaces of the bond that work.");

/// A bond and its interfaces' states, of which one or the other file tells.
#[derive(Debug)]
struct Bond {
    name: Vec<u8>,
    slaves: Vec<Source>,
    active: u64,
}

/// Encodes bonds: name, interfaces, those that work.
pub fn encode<'b>(bonds: impl Iterator<Item = (&'b [u8], u64, u64)> + Clone, out: &mut Encoder) {
    out.family(&ACTIVE);
    for (name, _, active) in bonds.clone() {
        out.sample(&ACTIVE, &[("master", name)], active);
    }
    out.family(&SLAVES);
    for (name, slaves, _) in bonds {
        out.sample(&SLAVES, &[("master", name)], slaves);
    }
}

/// The collector.
#[derive(Debug)]
pub struct Bonding {
    class: PathBuf,
    bonds: Vec<Bond>,
    rescan: Rescan,
}

impl Bonding {
    /// Reads below `sysfs`.
    pub fn new(sysfs: &Path) -> Self {
        Self { class: sysfs.join("class/net"), bonds: Vec::new(), rescan: Rescan::default() }
    }

    fn find(&mut self) {
        let masters = word(&self.class.join("bonding_masters"));
        let bond = |name: &[u8]| {
            let folder = self.class.join(String::from_utf8_lossy(name).as_ref());
            let slaves = word(&folder.join("bonding/slaves"));
            let state = |slave: &[u8]| {
                let slave = String::from_utf8_lossy(slave);
                // Kernels before 3.18 called the link by another name.
                let paths = [format!("lower_{slave}"), format!("slave_{slave}")]
                    .map(|link| folder.join(link).join("bonding_slave/mii_status"));
                let path = paths.iter().find(|path| path.exists()).unwrap_or(&paths[0]);
                Source::new(path.clone())
            };
            let slaves = scan::fields(&slaves).map(state).collect();
            Bond { name: name.to_vec(), slaves, active: 0 }
        };
        self.bonds = scan::fields(&masters).map(bond).collect();
    }
}

impl Collector for Bonding {
    fn name(&self) -> &'static str {
        "bonding"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        if self.rescan.due() {
            self.find();
        }
        if self.bonds.is_empty() {
            return Err(Failure::Absent { what: "bond of interfaces" });
        }
        for bond in &mut self.bonds {
            bond.active = 0;
            for slave in &mut bond.slaves {
                // One that is gone does not work.
                let up = slave.read(scratch).is_ok_and(|state| state.trim_ascii() == b"up");
                bond.active += u64::from(up);
            }
        }
        let bonds = self.bonds.iter();
        encode(bonds.map(|bond| (&bond.name[..], bond.slaves.len() as u64, bond.active)), out);
        Ok(())
    }
}
