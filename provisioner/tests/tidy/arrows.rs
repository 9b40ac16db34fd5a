//! Which crate may use which.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// Our crates, the crates of ours each may use, and those its tests may use
/// besides. The lab is for tests and people: the product never uses it. Nor does
/// `provision` use the agent: a test lets it read what `provision` writes for it.
const ARROWS: [(&str, &[&str], &[&str]); 14] = [
    ("agent", &["kernel", "page"], &[]),
    ("fit", &["untrusted"], &[]),
    ("hardware", &[], &[]),
    ("helm", &["inventory", "untrusted"], &[]),
    ("inventory", &["hardware", "untrusted"], &[]),
    ("k3s", &["inventory", "untrusted"], &[]),
    ("kernel", &[], &[]),
    ("lab", &["hardware"], &["inventory"]),
    ("page", &[], &[]),
    ("plan", &["hardware", "inventory", "k3s", "untrusted"], &[]),
    (
        "provisioner",
        &["fit", "hardware", "helm", "inventory", "k3s", "plan", "ssh", "untrusted"],
        &["agent", "lab"],
    ),
    ("source", &[], &[]),
    ("ssh", &["untrusted"], &[]),
    ("untrusted", &[], &[]),
];

/// Crates that decide and do not act, and what none of them may use.
const PURE: [&str; 6] = ["fit", "hardware", "inventory", "k3s", "plan", "untrusted"];
const EFFECTS: [&str; 3] = ["tokio", "ureq", "russh"];

/// Our crates as cargo sees them: name without the prefix, and dependencies.
fn crates() -> Vec<(String, Vec<(String, String)>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--no-deps"])
        .current_dir(crate::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("normal").to_owned();
    let dependencies = |package: &Value| {
        let list = package["dependencies"].as_array().unwrap();
        list.iter()
            .map(|dependency| (text(&dependency["name"]), text(&dependency["kind"])))
            .collect()
    };
    packages.iter().map(|package| (short(&text(&package["name"])), dependencies(package))).collect()
}

fn short(name: &str) -> String {
    name.trim_start_matches("terrarium-").to_owned()
}

#[test]
fn our_crates_use_each_other_only_along_the_arrows() {
    let crates = crates();
    let names: BTreeSet<&str> = crates.iter().map(|(name, _)| name.as_str()).collect();
    let placed: BTreeSet<&str> = ARROWS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names, placed, "every crate has its place among the arrows, and only they");
    for (name, dependencies) in &crates {
        let (_, allowed, in_tests) = ARROWS.iter().find(|(placed, ..)| placed == name).unwrap();
        for (dependency, kind) in dependencies {
            let used = short(dependency);
            let fine = !names.contains(used.as_str())
                || allowed.contains(&used.as_str())
                || kind == "dev" && in_tests.contains(&used.as_str());
            assert!(fine, "{name} may not use {used} ({kind}); see docs/architecture.md");
        }
    }
}

#[test]
fn crates_that_decide_have_no_means_to_act() {
    for (name, dependencies) in crates() {
        if PURE.contains(&name.as_str()) {
            for (dependency, kind) in dependencies {
                assert!(
                    !EFFECTS.contains(&dependency.as_str()),
                    "{name} uses {dependency} ({kind})"
                );
            }
        }
    }
}
