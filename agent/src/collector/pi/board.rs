//! Which board this is, from its device tree and processor.

use std::path::Path;

use crate::collector::attributes::word;
use crate::encoder::{Encoder, Family};
use crate::scan;
use crate::value::Value;

const INFO: Family = Family::gauge("rpi_board_info", "Which board this is; always 1.");

/// Features that only processors of `ARMv8.2` and later have: those that
/// `MongoDB`'s image asks for.
const LATER: [&[u8]; 8] =
    [b"fphp", b"dcpop", b"sha3", b"sm3", b"sm4", b"asimddp", b"sha512", b"sve"];

/// What a board is. Its serial number is nobody's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// `Raspberry Pi 5 Model B Rev 1.0`
    pub model: Vec<u8>,
    /// The revision code in hexadecimal, empty if it is not told: `c04170`.
    pub revision: String,
    /// It has the chip of a Pi 5, and so its power chip.
    pub is_pi_5: bool,
    /// `v8.0` or `v8.2`.
    pub level: &'static str,
    /// Bytes of a page of memory.
    pub page_size: usize,
}

impl Board {
    /// The board in whose trees these are; `None` if it is no Raspberry Pi.
    pub fn read(procfs: &Path, sysfs: &Path) -> Option<Self> {
        let tree = sysfs.join("firmware/devicetree/base");
        let compatible = crate::source::whole(tree.join("compatible")).ok()?;
        let mut names = compatible.split(|byte| *byte == 0);
        names.clone().any(|name| name.starts_with(b"raspberrypi,")).then_some(())?;
        let model = word(&tree.join("model"));
        let revision = crate::source::whole(tree.join("system/linux,revision")).ok();
        let code = revision.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        Some(Self {
            model: model.strip_suffix(b"\0").unwrap_or(&model).to_vec(),
            revision: code
                .map_or_else(String::new, |code| format!("{:x}", u32::from_be_bytes(code))),
            is_pi_5: names.any(|name| name == b"brcm,bcm2712"),
            level: level(&crate::source::whole(procfs.join("cpuinfo")).unwrap_or_default()),
            page_size: rustix::param::page_size(),
        })
    }

    /// Encodes what it is.
    pub fn encode(&self, out: &mut Encoder) {
        out.family(&INFO);
        Value::from(self.page_size as u64).with_text(|page_size| {
            let labels = [
                ("model", &self.model[..]),
                ("revision", self.revision.as_bytes()),
                ("page_size", page_size),
                ("cpu_level", self.level.as_bytes()),
            ];
            out.sample(&INFO, &labels, true);
        });
    }
}

/// The processor's level by the features in `cpuinfo`.
pub fn level(cpuinfo: &[u8]) -> &'static str {
    let features = scan::lines(cpuinfo).filter(|line| line.starts_with(b"Features"));
    let is_later = features.flat_map(scan::fields).any(|feature| LATER.contains(&feature));
    if is_later { "v8.2" } else { "v8.0" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_told_by_features() {
        let pi_4 = b"processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\n";
        let pi_5 = b"Features\t: fp asimd aes sha2 crc32 atomics fphp asimdhp asimddp\n";
        assert_eq!([level(pi_4), level(pi_5), level(b"")], ["v8.0", "v8.2", "v8.0"]);
    }
}
