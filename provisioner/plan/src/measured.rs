//! A board file from what a probe found: the node's own figures in the
//! catalogue's form, for a board the catalogue does not know, or to judge by
//! measured memory instead of the catalogue's bounds.

use terrarium_hardware::{Board, Figure, Interval, Kernel, Kind, identify};

use crate::Facts;

const MIB: u64 = 1024 * 1024;

/// Memory comes in these sizes; a kernel sees a little less than was sold.
const SIZES_MIB: [u32; 7] = [512, 1024, 2048, 4096, 8192, 16384, 32768];

/// Why a node has no board file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoBoard {
    /// There is no device tree, or it has no model.
    #[error(
        "the node tells no board model: expected a name in /sys/firmware/devicetree/base/model, \
         found nothing ({machine} processor)"
    )]
    NoModel {
        /// `uname -m`.
        machine: String,
    },
    /// More memory than any board has.
    #[error("the node has {mib} MiB of memory: expected at most 32768")]
    Memory {
        /// `MemTotal`.
        mib: u64,
    },
}

/// The node as a board file. What the probe read is exact: the bounds are the
/// value itself. What a node cannot tell (power, sockets) comes from the
/// catalogue, where the board is in it.
pub fn measured_board(facts: &Facts) -> Result<Board, NoBoard> {
    let model = facts.model.trim_end_matches('\0').trim();
    if model.is_empty() {
        return Err(NoBoard::NoModel { machine: facts.machine.clone() });
    }
    let mib = facts.memory_bytes / MIB;
    let usable = u32::try_from(mib).map_err(|_| NoBoard::Memory { mib })?;
    let sold = SIZES_MIB.into_iter().find(|size| *size >= usable).ok_or(NoBoard::Memory { mib })?;
    let known = identify(model, facts.memory_bytes);
    let source = format!("read off the node by provision, kernel {}", facts.kernel);
    let page_bytes = u32::try_from(facts.page_size).unwrap_or(u32::MAX);
    let same_pages = |kernel: &&Kernel| kernel.page_bytes.value == page_bytes;
    let kernel = known.and_then(|board| board.kernels.iter().find(same_pages));
    let measured = |value: u32| figure(value, Kind::Measured, &source);
    Ok(Board {
        id: known.map_or_else(|| id(model, sold), |board| board.id.clone()),
        title: known.map_or_else(|| model.to_owned(), |board| board.title.clone()),
        model_prefixes: figure(vec![model.to_owned()], Kind::Measured, &source),
        soc: known.map_or_else(
            || figure("unknown".to_owned(), Kind::Estimate, "no node tells its chip's name"),
            |board| board.soc.clone(),
        ),
        cores: measured(facts.cpus),
        arch_level: match (facts.cpu_level(), known) {
            (Some(level), _) => figure(level.to_owned(), Kind::Measured, &source),
            (None, Some(board)) => board.arch_level.clone(),
            (None, None) => figure(facts.machine.clone(), Kind::Measured, &source),
        },
        memory_mib: figure(sold, Kind::Estimate, "the next size memory is sold in"),
        supply_milliamperes: known.and_then(|board| board.supply_milliamperes.clone()),
        idle_milliwatts: known.and_then(|board| board.idle_milliwatts.clone()),
        load_milliwatts: known.and_then(|board| board.load_milliwatts.clone()),
        network: known.and_then(|board| board.network.clone()),
        storage: known.and_then(|board| board.storage.clone()),
        kernels: vec![Kernel {
            image: kernel.map_or_else(|| facts.kernel.clone(), |kernel| kernel.image.clone()),
            page_bytes: measured(page_bytes),
            virtual_address_bits: kernel.and_then(|kernel| kernel.virtual_address_bits.clone()),
            usable_mib: Interval {
                value: usable,
                low: usable,
                high: usable,
                kind: Kind::Measured,
                source: source.clone().into(),
            },
        }],
    })
}

fn figure<T>(value: T, kind: Kind, source: &str) -> Figure<T> {
    Figure { value, kind, source: source.to_owned().into() }
}

/// `Orange Pi 5 Plus` with 16 GB is `orange-pi-5-plus-16gb`.
fn id(model: &str, sold_mib: u32) -> String {
    let words = model.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    match sold_mib {
        mib if mib < 1024 => format!("{name}-{mib}mb"),
        mib => format!("{name}-{}gb", mib / 1024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::facts;

    #[test]
    fn a_known_board_keeps_its_id_and_gets_its_own_memory() {
        let board = measured_board(&facts()).unwrap();
        assert_eq!(board.id, "pi5-8gb");
        let usable = board.usable_mib();
        assert_eq!((usable.low, usable.value, usable.high), (8048, 8048, 8048));
        assert_eq!(board.kernels[0].page_bytes.value, 16384);
        assert_eq!(board.cores.value, 4);
        assert!(board.storage.is_some());
    }

    #[test]
    fn a_board_nobody_listed_is_described_by_what_was_read() {
        let facts = Facts {
            model: "Orange Pi 5 Plus\0".to_owned(),
            memory_bytes: 15_900 * MIB,
            page_size: 4096,
            ..facts()
        };
        let board = measured_board(&facts).unwrap();
        assert_eq!(board.id, "orange-pi-5-plus-16gb");
        assert_eq!(board.title, "Orange Pi 5 Plus");
        assert_eq!(board.kernels[0].image, facts.kernel);
        assert_eq!(board.storage, None);
    }

    #[test]
    fn what_is_saved_is_read_back() {
        for model in ["Raspberry Pi 4 Model B Rev 1.5", "Some \"Board\""] {
            let board = measured_board(&Facts { model: model.to_owned(), ..facts() }).unwrap();
            assert_eq!(terrarium_hardware::parse(&board.to_toml()).unwrap(), board, "{model}");
        }
    }

    #[test]
    fn a_machine_without_a_device_tree_is_none() {
        let facts = Facts { model: String::new(), ..facts() };
        assert!(measured_board(&facts).unwrap_err().to_string().contains("no board model"));
    }
}
