//! The catalogue as a page of the documentation.

use std::fmt::Write as _;

use crate::board::{Board, Figure};
use crate::catalogue::boards;
use crate::needs::{K3S_AGENT_MIB, K3S_SERVER_MIB, OPERATING_SYSTEM_MIB};

/// The page `docs/reference/boards.md`: every board, what k3s needs of it, and
/// where each figure comes from.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n| id | board | chip | cores | level | pages | memory MiB | usable MiB |\n");
    page.push_str("|---|---|---|---|---|---|---|---|\n");
    for board in boards() {
        page.push_str(&row(board));
    }
    page.push_str(&needs());
    page.push_str("\n## Where the figures come from\n");
    for board in boards() {
        page.push_str(&sources(board));
    }
    page
}

const INTRODUCTION: &str = "\
<!-- Generated from hardware/boards; UPDATE=1 cargo test -p terrarium-hardware rewrites it. -->
# Boards

The ids to write as `board` in `pis.toml`. A board is a model with one size of
memory. *Usable* is what Linux reports as `MemTotal` under the image's default
kernel; `~` marks an estimate. The default page size comes first.
";

fn row(board: &Board) -> String {
    let pages: Vec<String> =
        board.page_sizes.value.iter().map(|bytes| format!("{}K", bytes / 1024)).collect();
    format!(
        "| `{}` | {} | {} | {} | {} | {} | {} | {} |\n",
        board.id,
        board.title,
        board.soc.value,
        board.cores.value,
        board.arch_level.value,
        pages.join(", "),
        board.memory_mib.value,
        marked(&board.usable_mib),
    )
}

fn marked(figure: &Figure<u32>) -> String {
    let mark = if figure.kind == crate::Kind::Estimate { "~" } else { "" };
    format!("{mark}{}", figure.value)
}

fn needs() -> String {
    let mut text = String::from(
        "\n## What k3s needs\n\nA board is refused for a part whose needs, with the operating \
         system's,\nexceed its usable memory.\n\n| what | MiB | known | source |\n|---|---|---|---|\n",
    );
    for (what, figure) in [
        ("k3s server, nothing deployed", K3S_SERVER_MIB),
        ("k3s agent node, nothing deployed", K3S_AGENT_MIB),
        ("operating system", OPERATING_SYSTEM_MIB),
    ] {
        let _ = writeln!(
            text,
            "| {what} | {} | {} | {} |",
            figure.value,
            figure.kind.as_str(),
            figure.source
        );
    }
    text
}

fn sources(board: &Board) -> String {
    fn line<T>(name: &str, figure: &Figure<T>) -> String {
        format!("| {name} | {} | {} |\n", figure.kind.as_str(), figure.source)
    }
    let mut text = format!("\n### {}\n\n| figure | known | source |\n|---|---|---|\n", board.id);
    text.push_str(&line("model", &board.model_prefixes));
    text.push_str(&line("chip", &board.soc));
    text.push_str(&line("cores", &board.cores));
    text.push_str(&line("level", &board.arch_level));
    text.push_str(&line("pages", &board.page_sizes));
    text.push_str(&line("memory", &board.memory_mib));
    text.push_str(&line("usable", &board.usable_mib));
    text
}

#[cfg(test)]
mod tests {
    use super::reference;

    #[test]
    fn the_committed_page_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/boards.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == reference(),
            "docs/reference/boards.md is stale: run UPDATE=1 cargo test -p terrarium-hardware"
        );
    }
}
