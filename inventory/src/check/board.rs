//! The board a node is said to be: known, and large enough for its role.

use terrarium_hardware::{Board, K3S_AGENT_MIB, K3S_SERVER_MIB, OPERATING_SYSTEM_MIB};

use super::Complaint;
use crate::model::Role;
use crate::words::{either, nearest, quote};

/// The board of the catalogue whose id `text` is.
pub(crate) fn known(text: &str) -> Result<&'static Board, Complaint> {
    let ids = || terrarium_hardware::boards().iter().map(|board| board.id.as_str());
    terrarium_hardware::board(text).ok_or_else(|| Complaint {
        code: "inventory::board",
        message: format!("no board {} in the catalogue", quote(text)),
        why: "not the id of a board".to_owned(),
        help: match nearest(text, ids()) {
            Some(id) => format!("did you mean `{id}`? The boards are {}", either(ids())),
            None => {
                format!("leave `board` out to have it recognised; the boards are {}", either(ids()))
            }
        },
    })
}

/// Whether `board` has the memory k3s takes in that role before any workload.
pub(crate) fn fits(board: &Board, role: Role) -> Result<(), Complaint> {
    let (k3s, part) = match role {
        Role::Server => (K3S_SERVER_MIB, "the server"),
        Role::Agent => (K3S_AGENT_MIB, "an agent node"),
    };
    let needed = k3s.value + OPERATING_SYSTEM_MIB.value;
    if needed <= board.usable_mib().value {
        return Ok(());
    }
    let enough = terrarium_hardware::boards()
        .iter()
        .filter(|other| other.usable_mib().value >= needed)
        .map(|other| other.memory_mib.value)
        .min();
    let enough = enough
        .map_or_else(String::new, |mib| format!("use a board with at least {} GB", mib / 1024));
    let other_role = match role {
        Role::Server if fits(board, Role::Agent).is_ok() => "make it an agent node, or ",
        _ => "",
    };
    Err(Complaint {
        code: "inventory::board-memory",
        message: format!("{} has too little memory to be {part}", quote(&board.id)),
        why: format!(
            "{} MiB usable ({}), {needed} needed",
            board.usable_mib().value,
            board.usable_mib().kind.as_str()
        ),
        help: format!(
            "before any workload k3s takes {} MiB as {part} ({}) and the operating system {} MiB \
             ({}); {other_role}{enough}",
            k3s.value,
            k3s.kind.as_str(),
            OPERATING_SYSTEM_MIB.value,
            OPERATING_SYSTEM_MIB.kind.as_str(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::{fits, known};
    use crate::model::Role;

    #[test]
    fn boards_by_role() {
        for (id, server, agent) in [
            ("zero2w-512mb", false, false),
            ("pi3b-plus-1gb", false, true),
            ("pi4-1gb", false, true),
            ("pi5-1gb", false, true),
            ("pi4-2gb", true, true),
            ("pi5-8gb", true, true),
        ] {
            let board = known(id).unwrap();
            assert_eq!(fits(board, Role::Server).is_ok(), server, "{id} as server");
            assert_eq!(fits(board, Role::Agent).is_ok(), agent, "{id} as agent node");
        }
    }

    #[test]
    fn an_unknown_board_is_guessed() {
        let help = |id| known(id).unwrap_err().help;
        assert!(help("pi5-8g").starts_with("did you mean `pi5-8gb`?"));
        assert!(help("Pi5_8GB").starts_with("did you mean `pi5-8gb`?"));
        assert!(help("orange pi").starts_with("leave `board` out"));
    }
}
