//! What a board presents: the device tree's strings and the memory.

use terrarium_hardware::{Board, board, boards};

use crate::{LabError, Result};

/// A board as a node shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Presented {
    /// `/sys/firmware/devicetree/base/model`.
    pub(crate) model: String,
    /// The strings of `compatible`, separated by spaces.
    pub(crate) compatible: String,
    /// `MemTotal`, in bytes.
    pub(crate) memory_bytes: u64,
}

/// What the board of that id presents, with the memory it has unless another
/// amount is wanted.
pub(crate) fn present(id: &str, memory_bytes: Option<u64>) -> Result<Presented> {
    let board = find(id)?;
    let name = board.model_prefixes.value.first().map_or(board.title.as_str(), String::as_str);
    Ok(Presented {
        model: format!("{name} Rev 1.0"),
        compatible: format!("raspberrypi,{} brcm,{}", compatible(name), chip(&board.soc.value)),
        memory_bytes: memory_bytes
            .unwrap_or_else(|| u64::from(board.usable_mib().value) * 1024 * 1024),
    })
}

fn find(id: &str) -> Result<&'static Board> {
    board(id).ok_or_else(|| {
        let known: Vec<&str> = boards().iter().map(|board| board.id.as_str()).collect();
        LabError::NoBoard { id: id.to_owned(), known: known.join(", ") }
    })
}

/// The device tree's name of a model: `Raspberry Pi 5 Model B` is `5-model-b`.
fn compatible(model: &str) -> String {
    let short = model.trim_start_matches("Raspberry Pi ").to_lowercase();
    let words: Vec<&str> = short.split_whitespace().collect();
    match words.as_slice() {
        ["compute", "module", number, ..] => format!("{number}-compute-module"),
        ["zero", ..] => format!("model-{}", words.join("-")),
        _ => words.join("-"),
    }
}

/// The first Broadcom name in a chip's description: `bcm2712`.
fn chip(soc: &str) -> String {
    soc.split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| word.starts_with("BCM"))
        .unwrap_or("BCM2711")
        .chars()
        .take("bcm2712".len())
        .collect::<String>()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_shows_its_model_chip_and_memory() {
        let pi5 = present("pi5-8gb", None).unwrap();
        assert_eq!(pi5.model, "Raspberry Pi 5 Model B Rev 1.0");
        assert_eq!(pi5.compatible, "raspberrypi,5-model-b brcm,bcm2712");
        assert_eq!(present("pi5-8gb", Some(7)).unwrap().memory_bytes, 7);
    }

    #[test]
    fn every_board_is_recognised_by_what_it_presents() {
        for board in boards() {
            let shown = present(&board.id, None).unwrap();
            let found = terrarium_hardware::identify(&shown.model, shown.memory_bytes);
            assert_eq!(found.map(|b| b.id.as_str()), Some(board.id.as_str()));
        }
    }

    #[test]
    fn an_unknown_board_is_refused_with_the_known_ones() {
        let text = present("pi9", None).unwrap_err().to_string();
        assert!(text.contains("pi9") && text.contains("pi4-8gb"), "{text}");
    }
}
