//! Parts of the documentation that are written from the program.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::marked::marked;

/// Compares what stands in `file` between the markers of `name` with what
/// should; with `UPDATE=1` writes it.
pub(crate) fn committed(file: &str, name: &str, expected: &str) {
    let text = crate::read(file);
    let [before, found, after] = marked(&text, name);
    if found == expected {
        return;
    }
    assert!(
        std::env::var_os("UPDATE").is_some(),
        "{file}: the part `{name}` is not what the program says (UPDATE=1 writes it):\n{expected}"
    );
    fs::write(crate::root().join(file), format!("{before}{expected}{after}")).unwrap();
}

/// What `provision COMMAND --help` prints.
fn help(command: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_provision"))
        .args(command.split_whitespace().chain(["--help"]))
        // Else the help is as wide as the terminal the test is watched on.
        .env("COLUMNS", "80")
        .output()
        .unwrap();
    assert!(output.status.success(), "provision {command}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

#[test]
fn the_command_line() {
    committed("docs/reference/cli.md", "help", &format!("```text\n{}```\n", helps("")));
}

/// The help of a command, then that of each command below it.
fn helps(command: &str) -> String {
    let own = help(command);
    let below = own.split_once("Commands:\n").map_or("", |(_, list)| list).lines();
    let below = below
        .map_while(|line| line.strip_prefix("  ")?.split(' ').next())
        // A description may go on in a second line.
        .filter(|name| !["", "help"].contains(name))
        .map(|name| format!("\n{}", helps(&format!("{command} {name}"))));
    let below: String = below.collect();
    format!("$ provision{command} --help\n{own}{below}")
}

/// The sum of `resources.<which>.memory` wherever values have them, in MiB.
pub(crate) fn memory_mib(which: &str, values: &Value) -> u64 {
    let Some(table) = values.as_object() else { return 0 };
    let of = |(key, value): (&String, &Value)| match value[which]["memory"].as_str() {
        Some(amount) if key == "resources" => mib(amount),
        _ => memory_mib(which, value),
    };
    table.iter().map(of).sum()
}

fn mib(amount: &str) -> u64 {
    let number = |unit| amount.strip_suffix(unit).and_then(|number| number.parse::<u64>().ok());
    number("Mi")
        .or_else(|| number("Gi").map(|gib| gib * 1024))
        .unwrap_or_else(|| panic!("`{amount}` of memory is neither in Mi nor in Gi"))
}
