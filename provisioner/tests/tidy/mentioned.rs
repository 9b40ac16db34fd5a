//! That names users meet stand in the documentation, and none that is gone.

use std::collections::BTreeSet;

const GUIDE: &str = "docs/guide/cluster.md";

/// What follows each `before` in `text` up to the next `after`.
fn between<'a>(text: &'a str, before: &str, after: char) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

/// The planners' code without their tests.
fn planners() -> Vec<String> {
    let files = crate::files("provisioner/plan/src");
    let code = |file: &String| crate::read(file).split("#[cfg(test)]").next().unwrap().to_owned();
    let is_code =
        |file: &&String| file.rsplit('.').next() == Some("rs") && !file.ends_with("/tests.rs");
    files.iter().filter(is_code).map(code).collect()
}

/// Ids as they are written in code: the first text within a call of one of
/// `calls`, before any other bracket.
fn called(code: &str, calls: &[&str]) -> Vec<String> {
    let given = calls.iter().flat_map(|call| code.split(call).skip(1));
    let id = |rest: &str| {
        let (before, text) = rest.split_once('"')?;
        let plain =
            before.chars().all(|c| c.is_whitespace() || c.is_alphanumeric() || "&._,".contains(c));
        plain.then(|| text.split('"').next().unwrap_or_default().to_owned())
    };
    given.filter_map(id).filter(|id| is_id(id)).collect()
}

fn is_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    !text.is_empty() && text.chars().all(allowed)
}

/// Ids that reach `Change::new` by way of a variable have a dot in them.
fn dotted(code: &str) -> Vec<String> {
    let concerns = ["agent.", "boot.", "k3s.", "swap."];
    let units = [".service", ".timer", ".socket"];
    let is_change = |text: &&str| {
        is_id(text)
            && concerns.iter().any(|concern| text.starts_with(concern))
            && !units.iter().any(|unit| text.ends_with(unit))
    };
    code.split('"').filter(is_change).map(str::to_owned).collect()
}

/// The ids of the guide's tables that have a column of them.
fn listed(guide: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut in_table = false;
    for line in guide.lines() {
        in_table = line.starts_with("| id |") || in_table && line.starts_with('|');
        if in_table {
            let first = line.split('|').nth(1).unwrap_or_default();
            ids.extend(first.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    ids
}

#[test]
fn every_exit_code_is_documented() {
    let source = crate::read("provisioner/src/error.rs");
    let codes: BTreeSet<&str> = between(&source, "enum Code {", '}')[0]
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(',').split_once(" = "))
        .map(|(_, code)| code)
        .collect();
    let page = crate::read("docs/reference/exit-codes.md");
    let rows: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .filter(|cell| cell.parse::<u8>().is_ok())
        .collect();
    assert!(codes.len() > 5, "{codes:?}");
    assert_eq!(rows, codes, "docs/reference/exit-codes.md against provisioner/src/error.rs");
}

/// Who works with `provision` in the checkout leaves these at its root.
#[test]
fn nothing_of_a_users_own_is_added_to_the_repository_by_mistake() {
    let ignored = crate::read(".gitignore");
    let ignored: Vec<&str> = ignored.lines().collect();
    let names = ["pis.toml", "pis.lock.toml", "pis.sizes.toml", "known_hosts", "pi.password"];
    for name in names.iter().chain(&["terrarium-ca.crt"]) {
        // At the root alone: no fixture of that name is hidden.
        assert!(ignored.contains(&format!("/{name}").as_str()), "{name} is not in .gitignore");
        assert!(!ignored.contains(name), "{name} hides what lies deeper");
    }
}

#[test]
fn every_change_refusal_and_note_is_explained() {
    let used: BTreeSet<String> = planners()
        .iter()
        .flat_map(|code| {
            let mut ids = called(code, &["Change::new(", "Refusal::new(", "refuse(", "note("]);
            ids.extend(dotted(code));
            ids
        })
        .collect();
    // One of each way of writing them, or the search itself is broken.
    for known in ["reboot", "k3s.config", "same-machine", "memory", "firewall", "other-role"] {
        assert!(used.contains(known), "{known} is not found among {used:?}");
    }
    assert_eq!(listed(&crate::read(GUIDE)), used, "the tables of {GUIDE} against the planners");
}

/// The acceptance page's tests: names in code with three underscores and more.
fn named_tests(page: &str) -> BTreeSet<&str> {
    let name = |text: &&str| {
        text.matches('_').count() > 2 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    page.split('`').skip(1).step_by(2).filter(name).collect()
}

#[test]
fn the_tests_that_the_acceptance_page_names_are_there() {
    let page = crate::read("docs/reference/acceptance.md");
    let named = named_tests(&page);
    assert!(named.len() > 30, "{named:?}");
    let source: String = ["agent", "inventory", "k3s", "provisioner"]
        .into_iter()
        .flat_map(crate::files)
        .filter(|file| file.rsplit('.').next() == Some("rs"))
        .map(|file| crate::read(&file))
        .collect();
    // Functions, and the scenarios of the lab, which are listed by their names.
    let is_there = |name: &str| {
        source.contains(&format!("fn {name}(")) || source.contains(&format!("\"{name}\""))
    };
    let gone: Vec<&&str> = named.iter().filter(|name| !is_there(name)).collect();
    assert_eq!(gone, [&""; 0], "rename them on the page, or say why there is none");
}
