//! `uname(2)`: kernel and host name.

use super::Collector;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;

const INFO: Family =
    Family::gauge("node_uname_info", "Kernel and host name, as uname(2) has them.");

/// What uname(2) answers, in the order of the labels.
#[derive(Debug, Clone, Copy)]
pub struct Names<'n> {
    /// The NIS domain.
    pub domainname: &'n [u8],
    /// The architecture.
    pub machine: &'n [u8],
    /// The host's name.
    pub nodename: &'n [u8],
    /// The kernel's version number.
    pub release: &'n [u8],
    /// The kernel's name.
    pub sysname: &'n [u8],
    /// When and how the kernel was built.
    pub version: &'n [u8],
}

/// Encodes the names as labels.
pub fn encode(names: Names<'_>, out: &mut Encoder) {
    let labels = [
        ("domainname", names.domainname),
        ("machine", names.machine),
        ("nodename", names.nodename),
        ("release", names.release),
        ("sysname", names.sysname),
        ("version", names.version),
    ];
    out.family(&INFO);
    out.sample(&INFO, &labels, 1);
}

/// The collector.
#[derive(Debug)]
pub struct Uname;

impl Collector for Uname {
    fn name(&self) -> &'static str {
        "uname"
    }

    fn collect(&mut self, _: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        let uname = rustix::system::uname();
        let names = Names {
            domainname: uname.domainname().to_bytes(),
            machine: uname.machine().to_bytes(),
            nodename: uname.nodename().to_bytes(),
            release: uname.release().to_bytes(),
            sysname: uname.sysname().to_bytes(),
            version: uname.version().to_bytes(),
        };
        encode(names, out);
        Ok(())
    }
}
