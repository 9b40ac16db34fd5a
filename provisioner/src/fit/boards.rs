//! `--boards`: the boards somebody has in mind, by name and number.

use std::path::Path;

use terrarium_hardware::Board;
use terrarium_inventory::Role;

use crate::error::{Code, Failure};

/// More boards than anybody asks about; a number above is a slip of the hand.
const BOARDS_MAX: usize = 1000;

/// One board that is to be a node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// The node's name: `pi-1`, `pi-2`, …
    pub name: String,
    /// Its part in the cluster.
    pub role: Role,
    /// What it is.
    pub board: Board,
}

/// Reads `3xpi5-8gb,1xpi4-4gb:server,my-board.toml`: boards of the catalogue or
/// board files, how many of each, and which are servers. When none is said to be
/// one, the first is.
pub(crate) fn parse(text: &str) -> Result<Vec<Wanted>, Failure> {
    let mut found: Vec<(Board, bool)> = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (number, rest) = numbered(part);
        let (id, server) = match rest.rsplit_once(':') {
            Some((id, "server")) => (id, true),
            Some((_, other)) => {
                return Err(wrong(part, &format!("only `:server` may follow, not `:{other}`")));
            }
            None => (rest, false),
        };
        let number = number.unwrap_or(1);
        if number == 0 || found.len().saturating_add(number) > BOARDS_MAX {
            return Err(wrong(part, &format!("expected 1 to {BOARDS_MAX} boards in all")));
        }
        let board = find(id, part)?;
        found.extend(std::iter::repeat_n((board, server), number));
    }
    let chosen = found.iter().any(|(_, server)| *server);
    Ok(found
        .into_iter()
        .enumerate()
        .map(|(index, (board, server))| Wanted {
            name: format!("pi-{}", index + 1),
            role: if server || !chosen && index == 0 { Role::Server } else { Role::Agent },
            board,
        })
        .collect())
}

/// `3xpi5-8gb` is three; a board's own name may have an `x` in it.
fn numbered(part: &str) -> (Option<usize>, &str) {
    let split = part.split_once('x').and_then(|(n, rest)| Some((n.parse().ok()?, rest)));
    split.map_or((None, part), |(number, rest)| (Some(number), rest))
}

/// The board of the catalogue, or of the file when it is one.
pub(crate) fn find(id: &str, said: &str) -> Result<Board, Failure> {
    if let Some(board) = terrarium_hardware::board(id) {
        return Ok(board.clone());
    }
    if !Path::new(id).extension().is_some_and(|end| end.eq_ignore_ascii_case("toml")) {
        let ids: Vec<&str> = terrarium_hardware::boards().iter().map(|b| b.id.as_str()).collect();
        let advice = terrarium_helm::words::advice(id, ids);
        return Err(wrong(said, &format!("no board is called `{id}`: {advice}")));
    }
    let text = fs_err::read_to_string(id)
        .map_err(|error| Failure::new(Code::Usage, "cannot read the board file", &error))?;
    terrarium_hardware::parse(&text)
        .map_err(|error| Failure::new(Code::Usage, format!("{id} is no board file"), &error))
}

fn wrong(part: &str, why: &str) -> Failure {
    Failure::plain(Code::Usage, format!("--boards: `{part}`: {why}")).hint(Some(
        "write NUMBERxBOARD, for example 3xpi5-8gb or pi5-8gb:server,2xpi4-4gb; \
         `docs/reference/boards.md` lists the boards"
            .to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String, Role)> {
        let boards = parse(text).unwrap();
        boards.into_iter().map(|b| (b.name, b.board.id, b.role)).collect()
    }

    #[test]
    fn the_first_is_the_server_unless_another_is_said_to_be() {
        use Role::{Agent, Server};
        for (text, expected) in [
            ("3xpi5-8gb", vec![("pi5-8gb", Server), ("pi5-8gb", Agent), ("pi5-8gb", Agent)]),
            ("pi4-4gb, 1xpi5-8gb", vec![("pi4-4gb", Server), ("pi5-8gb", Agent)]),
            ("pi4-4gb,pi5-8gb:server", vec![("pi4-4gb", Agent), ("pi5-8gb", Server)]),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .enumerate()
                .map(|(i, (id, role))| (format!("pi-{}", i + 1), id.to_owned(), role))
                .collect();
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_mistake_names_the_part_and_what_may_be_meant() {
        for (text, said) in [
            ("3xpi5-8g", "`3xpi5-8g`: no board is called `pi5-8g`: did you mean `pi5-8gb`"),
            ("", "no board is called ``"),
            ("0xpi5-8gb", "1 to 1000"),
            ("99999999999999999999xpi5-8gb", "no board is called"),
            ("700xpi5-8gb,700xpi4-4gb", "1 to 1000"),
            ("pi5-8gb:boss", "only `:server` may follow, not `:boss`"),
        ] {
            let failure = parse(text).unwrap_err();
            assert_eq!(failure.code, Code::Usage);
            assert!(failure.line().contains(said), "{}", failure.line());
        }
    }

    #[test]
    fn a_saved_board_file_stands_for_a_board() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        fs_err::write(&path, terrarium_hardware::board("pi4-2gb").unwrap().to_toml()).unwrap();
        let text = format!("2x{}", path.display());
        assert_eq!(read(&text).len(), 2);
        assert_eq!(read(&text)[1].1, "pi4-2gb");
        let gone = parse("gone.toml").unwrap_err();
        assert!(gone.line().contains("gone.toml"), "{}", gone.line());
    }
}
