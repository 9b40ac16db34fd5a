//! `make digests` against a folder that stands for the releases' sites.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use terrarium_inventory::{DEFAULT_K3S_VERSION, HELM_VERSION};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const MACHINES: [&str; 4] = ["darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64"];

/// A digest that is different for each `of`.
fn digest(of: &str) -> String {
    terrarium_k3s::sums::Sha256::of(of.as_bytes()).to_string()
}

/// The sites' layout, with these digests.
fn sites(dir: &Path, of: impl Fn(&str) -> String) {
    let k3s = dir.join(DEFAULT_K3S_VERSION);
    std::fs::create_dir_all(&k3s).unwrap();
    for (machine, file) in [("amd64", "k3s"), ("arm64", "k3s-arm64")] {
        let images = format!("{}  {file}-airgap-images.tar\n", digest("images"));
        let line = format!("{}  {file}\n", of(machine));
        std::fs::write(k3s.join(format!("sha256sum-{machine}.txt")), images + &line).unwrap();
    }
    for machine in MACHINES {
        let file = format!("helm-{HELM_VERSION}-{machine}.tar.gz");
        let line = format!("{}  {file}\n", of(machine));
        std::fs::write(dir.join(format!("{file}.sha256sum")), line).unwrap();
    }
}

fn run(dir: &Path, table: &Path) -> Output {
    let site = format!("file://{}", dir.display());
    Command::new(Path::new(HERE).join("digests.sh"))
        .arg(table)
        .env("TERRARIUM_DIGESTS_K3S_SITE", &site)
        .env("TERRARIUM_DIGESTS_HELM_SITE", &site)
        .output()
        .unwrap()
}

/// The table with its digests taken out.
fn empty(dir: &Path) -> std::path::PathBuf {
    let text = std::fs::read_to_string(Path::new(HERE).join("digests.toml")).unwrap();
    let lines = text.lines().map(|line| match line.split_once(" = ") {
        Some((machine, _)) if !line.starts_with('#') => format!("{machine} = \"\"\n"),
        _ => format!("{line}\n"),
    });
    let path = dir.join("digests.toml");
    std::fs::write(&path, lines.collect::<String>()).unwrap();
    path
}

#[test]
fn empty_rows_are_filled_and_full_ones_compared() {
    let dir = tempfile::tempdir().unwrap();
    sites(dir.path(), digest);
    let table = empty(dir.path());
    let done = run(dir.path(), &table);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = std::fs::read_to_string(&table).unwrap();
    let rows: toml::Table = text.parse().unwrap();
    for machine in MACHINES {
        let row = &rows["helm"][HELM_VERSION][machine];
        assert_eq!(row.as_str(), Some(digest(machine).as_str()));
    }
    for machine in ["amd64", "arm64"] {
        let row = &rows["k3s"][DEFAULT_K3S_VERSION][machine];
        assert_eq!(row.as_str(), Some(digest(machine).as_str()));
    }
    let comment = std::fs::read_to_string(Path::new(HERE).join("digests.toml")).unwrap();
    let comment = &comment[..comment.find("\n[").unwrap()];
    assert!(text.starts_with(comment), "the comment stays");

    let again = run(dir.path(), &table);
    assert!(again.status.success());
    assert_eq!(std::fs::read_to_string(&table).unwrap(), text);

    sites(dir.path(), |machine| digest(if machine == "arm64" { "changed" } else { machine }));
    let refused = run(dir.path(), &table);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    for part in [digest("arm64"), digest("changed"), "1 differences".to_owned()] {
        assert!(said.contains(&part), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&table).unwrap(), text, "nothing is written");
}

#[test]
fn a_site_that_does_not_list_the_file_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for broken in ["<html>sign in</html>", ""] {
        sites(dir.path(), digest);
        let sums = dir.path().join(DEFAULT_K3S_VERSION).join("sha256sum-arm64.txt");
        std::fs::write(&sums, broken).unwrap();
        let table = empty(dir.path());
        let before = std::fs::read_to_string(&table).unwrap();
        let refused = run(dir.path(), &table);
        assert!(!refused.status.success());
        assert!(String::from_utf8_lossy(&refused.stderr).contains("sha256sum-arm64.txt"));
        assert_eq!(std::fs::read_to_string(&table).unwrap(), before);
        assert!(
            std::fs::read_dir(dir.path())
                .unwrap()
                .flatten()
                .all(|entry| { !entry.file_name().to_string_lossy().starts_with("digests.toml.") })
        );
    }
}
