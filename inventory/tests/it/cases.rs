use std::path::{Path, PathBuf};

use terrarium_inventory::{Inventory, Style};

use crate::{beside, committed};

/// The cases of a folder, in the order of their numbers.
fn cases(folder: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(beside(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "toml"))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{folder} holds no case");
    found
}

/// What the file at `path` says, as if it were `/srv/pis.toml`.
fn outcome(path: &Path) -> Result<Inventory, terrarium_inventory::Problems> {
    let text = std::fs::read_to_string(path).unwrap();
    Inventory::parse(Path::new("/srv/pis.toml"), &text, Some(Path::new("/home/me")))
}

fn compare_all(folder: &str, outcome: impl Fn(&Path) -> Result<String, String>) {
    let failures: Vec<String> = cases(folder)
        .iter()
        .filter_map(|path| {
            outcome(path).and_then(|text| committed(&path.with_extension("txt"), &text)).err()
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn what_is_wrong_is_said_exactly_like_this() {
    compare_all("cases/bad", |path| match outcome(path) {
        Ok(_) => Err(format!("{} was accepted", path.display())),
        Err(problems) => Ok(problems.render(Style::default())),
    });
}

#[test]
fn what_is_right_resolves_exactly_to_this() {
    compare_all("cases/ok", |path| match outcome(path) {
        Ok(inventory) => serde_json::to_string_pretty(&inventory)
            .map(|json| json + "\n")
            .map_err(|error| error.to_string()),
        Err(problems) => Err(format!("{} was refused:\n{problems}", path.display())),
    });
}

#[test]
fn every_problem_names_its_line_and_says_what_to_do() {
    for path in cases("cases/bad") {
        for problem in &outcome(&path).unwrap_err() {
            let name = path.display();
            assert!(problem.position().is_some(), "{name}: {problem} has no place");
            assert!(problem.hint().is_some(), "{name}: {problem} has no hint");
        }
    }
}

#[test]
fn messages_stay_within_80_columns_of_their_own_words() {
    for path in cases("cases/bad") {
        let rendered = outcome(&path).unwrap_err().render(Style::default());
        // Where a quoted line is long, what stands below it is as far right.
        let ours = |line: &&str| line.starts_with("  ×") || line.starts_with("  help");
        for line in rendered.lines().filter(ours) {
            assert!(line.chars().count() <= 80, "{}: {line}", path.display());
        }
    }
}

#[test]
fn colour_comes_only_when_asked_for() {
    let path = &cases("cases/bad")[0];
    let problems = outcome(path).unwrap_err();
    assert!(problems.render(Style { color: true, ..Style::default() }).contains('\u{1b}'));
    assert!(!problems.render(Style::default()).contains('\u{1b}'));
    assert_eq!(problems.to_string(), problems.render(Style::default()));
}
