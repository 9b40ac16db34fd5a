//! The boards we know, and which of them a node is.

use std::sync::LazyLock;

use crate::board::Board;
use crate::figure::Interval;

/// The board files, oldest family first, smallest memory first.
const FILES: &[&str] = &[
    include_str!("../boards/zero2w-512mb.toml"),
    include_str!("../boards/pi3b-plus-1gb.toml"),
    include_str!("../boards/pi4-1gb.toml"),
    include_str!("../boards/pi4-2gb.toml"),
    include_str!("../boards/pi4-4gb.toml"),
    include_str!("../boards/pi4-8gb.toml"),
    include_str!("../boards/pi400-4gb.toml"),
    include_str!("../boards/cm4-1gb.toml"),
    include_str!("../boards/cm4-2gb.toml"),
    include_str!("../boards/cm4-4gb.toml"),
    include_str!("../boards/cm4-8gb.toml"),
    include_str!("../boards/pi5-1gb.toml"),
    include_str!("../boards/pi5-2gb.toml"),
    include_str!("../boards/pi5-4gb.toml"),
    include_str!("../boards/pi5-8gb.toml"),
    include_str!("../boards/pi5-16gb.toml"),
    include_str!("../boards/pi500-8gb.toml"),
    include_str!("../boards/pi500plus-16gb.toml"),
    include_str!("../boards/cm5-2gb.toml"),
    include_str!("../boards/cm5-4gb.toml"),
    include_str!("../boards/cm5-8gb.toml"),
    include_str!("../boards/cm5-16gb.toml"),
];

static BOARDS: LazyLock<Vec<Board>> =
    LazyLock::new(|| FILES.iter().map(|text| compiled_in(text)).collect());

/// A board file is part of the program; a test parses each of them.
fn compiled_in(text: &str) -> Board {
    parse(text).unwrap_or_else(|error| unreachable!("a board file is malformed: {error}"))
}

/// A board file that is not of the catalogue, for example one that a probe saved.
///
/// # Errors
/// [`BoardError`], with the line and what was expected there.
pub fn parse(text: &str) -> Result<Board, BoardError> {
    let board: Board = toml::from_str(text)?;
    if board.kernels.is_empty() {
        return Err(BoardError::NoKernel);
    }
    match board.intervals().find(|(_, interval)| !interval.is_sound()) {
        Some((field, interval)) => Err(BoardError::Bounds { field, interval: interval.clone() }),
        None => Ok(()),
    }?;
    Ok(board)
}

/// Why a text is no board file.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// No TOML, or not what a board file has.
    #[error("not a board file: {0}")]
    Shape(#[from] toml::de::Error),
    /// The list of kernels is empty.
    #[error("a board file has one `[[kernels]]` or more, the default first; there is none")]
    NoKernel,
    /// Bounds that do not enclose the value.
    #[error(
        "{field}: expected low <= value <= high, found low = {}, value = {}, high = {}",
        interval.low, interval.value, interval.high
    )]
    Bounds {
        /// Which figure.
        field: &'static str,
        /// As it is in the file.
        interval: Interval,
    },
}

/// Every board of the catalogue, in the order people expect them.
pub fn boards() -> &'static [Board] {
    &BOARDS
}

/// The board of that id.
pub fn board(id: &str) -> Option<&'static Board> {
    boards().iter().find(|board| board.id == id)
}

/// The board a node is, from its `/proc/device-tree/model` and its `MemTotal`
/// in bytes; `None` when no board of the catalogue fits both.
///
/// A kernel always sees a little less than was sold, never more, and never as
/// little as half: so of the boards of that model the one is taken whose
/// nominal memory is at least `memory_bytes` and less than twice that.
pub fn identify(model: &str, memory_bytes: u64) -> Option<&'static Board> {
    boards().iter().find(|board| {
        let nominal = u64::from(board.memory_mib.value) * 1024 * 1024;
        board.has_model(model) && nominal / 2 < memory_bytes && memory_bytes <= nominal
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_compiled_in_under_its_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/boards");
        let on_disk: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let compiled: Vec<String> = boards().iter().map(|b| format!("{}.toml", b.id)).collect();
        assert_eq!(on_disk, compiled.iter().cloned().collect());
        assert_eq!(on_disk.len(), compiled.len(), "two boards share an id");
    }

    #[test]
    fn every_figure_has_a_source_and_a_plausible_value() {
        for board in boards() {
            let id = &board.id;
            let mut sources = vec![
                &board.model_prefixes.source,
                &board.soc.source,
                &board.cores.source,
                &board.arch_level.source,
                &board.memory_mib.source,
            ];
            sources.extend(board.supply_milliamperes.iter().map(|figure| &figure.source));
            sources.extend(board.network.iter().map(|figure| &figure.source));
            sources.extend(board.storage.iter().map(|figure| &figure.source));
            let power = [&board.idle_milliwatts, &board.load_milliwatts];
            sources.extend(power.into_iter().flatten().map(|interval| &interval.source));
            for kernel in &board.kernels {
                sources.extend([&kernel.page_bytes.source, &kernel.usable_mib.source]);
                assert!([4096, 16384].contains(&kernel.page_bytes.value), "{id}: page size");
                let usable = &kernel.usable_mib;
                assert!(usable.high < board.memory_mib.value, "{id}: usable");
                assert!(usable.low > board.memory_mib.value * 3 / 4, "{id}: usable");
            }
            for source in sources {
                assert!(source.len() > 10, "{id}: a source is missing");
            }
            // What a buyer asks; a file saved by a probe cannot know it.
            assert!(board.supply_milliamperes.is_some() && board.storage.is_some(), "{id}");
            assert!(!board.model_prefixes.value.is_empty(), "{id}: no model");
            assert!((1..=16).contains(&board.cores.value), "{id}: cores");
            assert!(board.memory_mib.value.is_power_of_two(), "{id}: memory");
            assert!(
                ["armv8.0-a", "armv8.2-a"].contains(&board.arch_level.value.as_str()),
                "{id}: architecture level"
            );
        }
    }

    #[test]
    fn a_board_file_that_is_none_says_what_is_wrong() {
        let good = FILES[0];
        for (text, said) in [
            ("", "missing field"),
            ("id = 3", "not a board file"),
            (&good.replace("low = 400", "low = 4000"), "expected low <= value <= high"),
            (&good.replace("soc", "sock"), "unknown field `sock`"),
            (&format!("kernels = []\n{}", &good[..good.find("[[").unwrap()]), "there is none"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        parse(good).unwrap();
    }

    #[test]
    fn a_node_with_a_boards_model_and_usable_memory_is_that_board() {
        for board in boards() {
            let memory = u64::from(board.usable_mib().value) * 1024 * 1024;
            for prefix in &board.model_prefixes.value {
                for model in [prefix.clone(), format!("{prefix} 1.1\0")] {
                    let found = identify(&model, memory).map(|b| b.id.as_str());
                    assert_eq!(found, Some(board.id.as_str()), "{model} with {memory} bytes");
                }
            }
        }
    }

    #[test]
    fn what_is_not_in_the_catalogue_is_not_guessed() {
        let gib = 1024 * 1024 * 1024;
        for (model, memory) in [
            ("", 8 * gib),
            ("QEMU Virtual Machine", 8 * gib),
            ("Raspberry Pi 5", 8 * gib),
            ("Raspberry Pi Compute Module 4S Rev 1.0", 4 * gib - 1),
            ("Raspberry Pi 5 Model B Rev 1.0", 0),
            ("Raspberry Pi 5 Model B Rev 1.0", 17 * gib),
            ("Raspberry Pi 5 Model B Rev 1.0", u64::MAX),
        ] {
            assert_eq!(identify(model, memory), None, "{model} with {memory} bytes");
        }
    }

    #[test]
    fn the_500_and_the_500_plus_are_told_apart_by_memory() {
        let model = "Raspberry Pi 500 Rev 1.0";
        let mib = 1024 * 1024;
        let id = |memory| identify(model, memory).map(|b| b.id.as_str());
        assert_eq!(id(8048 * mib), Some("pi500-8gb"));
        assert_eq!(id(16215 * mib), Some("pi500plus-16gb"));
    }
}
