//! The catalogue as a page of the documentation.

use std::fmt::Write as _;

use crate::board::Board;
use crate::catalogue::boards;
use crate::figure::{Figure, Interval, Kind};
use crate::needs::{
    AGENT_MIB, K3S_AGENT_MIB, K3S_SERVER_ETCD_MIB, K3S_SERVER_MIB, OPERATING_SYSTEM_MIB,
};

/// The page `docs/reference/boards.md`: every board, what k3s needs of it, and
/// where each figure comes from.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n| id | board | chip | cores | level | pages | memory MiB | usable MiB |\n");
    page.push_str("|---|---|---|---|---|---|---|---|\n");
    for board in boards() {
        page.push_str(&row(board));
    }
    page.push_str(&surroundings());
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
kernel, and in brackets the bounds between which it is seen or believed to lie;
`~` marks an estimate. The default page size comes first.

`provision probe NODE --save FILE` writes a board file for a node of yours.
";

fn row(board: &Board) -> String {
    let pages = board.kernels.iter().map(|kernel| kernel.page_bytes.value / 1024);
    let pages: Vec<String> = pages.map(|kib| format!("{kib}K")).collect();
    format!(
        "| `{}` | {} | {} | {} | {} | {} | {} | {} |\n",
        board.id,
        board.title,
        board.soc.value,
        board.cores.value,
        board.arch_level.value,
        pages.join(", "),
        board.memory_mib.value,
        marked(board.usable_mib(), 1),
    )
}

/// `~3790 (3700–3895)`, each divided by `unit`.
fn marked(interval: &Interval, unit: u32) -> String {
    let mark = if interval.kind == Kind::Estimate { "~" } else { "" };
    let [value, low, high] = [interval.value, interval.low, interval.high].map(|figure| {
        let (whole, rest) = (figure / unit, figure % unit);
        if rest == 0 { whole.to_string() } else { format!("{whole}.{}", rest * 10 / unit) }
    });
    format!("{mark}{value} ({low}–{high})")
}

/// What a buyer asks: power, network, disks.
fn surroundings() -> String {
    let mut text = String::from(
        "\n## Power, network, disks\n\nThe supply's current at 5 V, and what the bare board \
         draws idle and with all\ncores busy.\n\n\
         | id | supply A | idle W | load W | network | boots from |\n|---|---|---|---|---|---|\n",
    );
    for board in boards() {
        let supply = board.supply_milliamperes.as_ref().map(|figure| figure.value);
        let power = |interval: &Option<Interval>| {
            interval.as_ref().map(|interval| marked(interval, 1000)).unwrap_or_default()
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} |",
            board.id,
            supply.map(|ma| format!("{}.{}", ma / 1000, ma % 1000 / 100)).unwrap_or_default(),
            power(&board.idle_milliwatts),
            power(&board.load_milliwatts),
            board.network.as_ref().map(|figure| figure.value.as_str()).unwrap_or_default(),
            board.storage.as_ref().map(|figure| figure.value.join(", ")).unwrap_or_default(),
        );
    }
    text
}

fn needs() -> String {
    let mut text = String::from(
        "\n## What k3s needs\n\nA board is refused for a part whose needs, with the operating \
         system's,\nexceed its usable memory.\n\n| what | MiB | known | source |\n|---|---|---|---|\n",
    );
    for (what, interval) in [
        ("k3s server with SQLite, nothing deployed", K3S_SERVER_MIB),
        ("k3s server with etcd, nothing deployed", K3S_SERVER_ETCD_MIB),
        ("k3s agent node, nothing deployed", K3S_AGENT_MIB),
        ("operating system", OPERATING_SYSTEM_MIB),
        ("node agent", AGENT_MIB),
    ] {
        let _ = writeln!(
            text,
            "| {what} | {} ({}–{}) | {} | {} |",
            interval.value,
            interval.low,
            interval.high,
            interval.kind.as_str(),
            interval.source
        );
    }
    text
}

fn sources(board: &Board) -> String {
    fn line(name: &str, kind: Kind, source: &str) -> String {
        format!("| {name} | {} | {source} |\n", kind.as_str())
    }
    fn figure<T>(name: &str, figure: &Figure<T>) -> String {
        line(name, figure.kind, &figure.source)
    }
    fn interval(name: &str, interval: &Interval) -> String {
        line(name, interval.kind, &interval.source)
    }
    let mut text = format!("\n### {}\n\n| figure | known | source |\n|---|---|---|\n", board.id);
    text.push_str(&figure("model", &board.model_prefixes));
    text.push_str(&figure("chip", &board.soc));
    text.push_str(&figure("cores", &board.cores));
    text.push_str(&figure("level", &board.arch_level));
    text.push_str(&figure("memory", &board.memory_mib));
    text.extend(board.supply_milliamperes.iter().map(|supply| figure("supply", supply)));
    text.extend(board.idle_milliwatts.iter().map(|idle| interval("idle", idle)));
    text.extend(board.load_milliwatts.iter().map(|load| interval("load", load)));
    text.extend(board.network.iter().map(|network| figure("network", network)));
    text.extend(board.storage.iter().map(|storage| figure("storage", storage)));
    for kernel in &board.kernels {
        let name = |what: &str| format!("{what}, `{}`", kernel.image);
        text.push_str(&figure(&name("pages"), &kernel.page_bytes));
        text.extend(
            kernel.virtual_address_bits.iter().map(|bits| figure(&name("addresses"), bits)),
        );
        text.push_str(&interval(&name("usable"), &kernel.usable_mib));
    }
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
