use std::path::Path;

use jiff::civil::date;

use super::*;
use crate::artifact::Artifact;

const K3S: &str = "k3s-v1.36.3+k3s1-arm64";

fn digest(text: &str) -> Sha256 {
    Sha256::of(text.as_bytes())
}

fn inventory(dir: &Path, pin: Option<&str>) -> Inventory {
    let pin = pin.map(|pin| format!("\"{K3S}\" = \"{}\"", digest(pin))).unwrap_or_default();
    let text =
        format!("[artifacts.sha256]\n{pin}\n[[node]]\nname = \"pi-1\"\nhost = \"192.168.1.11\"\n");
    let path = dir.join("pis.toml");
    std::fs::write(&path, &text).unwrap();
    Inventory::load(&path).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A run that finds this content, where it is not refused.
fn run(
    dir: &Path,
    pin: Option<&str>,
    built_in: Option<&str>,
    content: &str,
    keep: Keep,
) -> Result<String, Failure> {
    let trust = Trust::new(&inventory(dir, pin))?;
    let known = trust.known(K3S, built_in.map(digest))?;
    if known.expected.as_ref().is_some_and(|known| known.sha256 != digest(content)) {
        return Err(Failure::plain(Code::Refused, "as the store refuses it"));
    }
    let source = known.expected.as_ref().map(|known| known.source.clone());
    let fetched = Fetched {
        artifact: Artifact { path: dir.join("k3s"), sha256: digest(content), size: 1 },
        from: "https://github.com/k3s-arm64".to_owned(),
        check: source.map_or(Check::ReleaseChecksum, Check::Known),
    };
    let kept = trust.keep(&known, &fetched, keep, date(2026, 1, 31))?;
    Ok(format!("{}{kept}", fetched.check))
}

fn lock(dir: &Path) -> Lock {
    LockFile::of(&dir.join("pis.toml")).read().unwrap()
}

#[test]
fn the_first_run_records_and_the_next_one_holds_against_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let said = run(dir, None, None, "one", Keep::Record).unwrap();
    assert_eq!(
        said,
        "matches the release's own checksum file (same site); recorded in pis.lock.toml"
    );
    let recorded = lock(dir).artifacts.into_iter().next().unwrap();
    assert_eq!(recorded.0.to_string(), K3S);
    assert_eq!(
        recorded.1,
        LockedArtifact {
            sha256: digest("one"),
            from: "https://github.com/k3s-arm64".to_owned(),
            first_seen: date(2026, 1, 31),
            checked: Checked::ReleaseChecksum,
        }
    );
    let said = run(dir, None, None, "one", Keep::Record).unwrap();
    assert_eq!(said, "as the first time (2026-01-31)");
    assert!(run(dir, None, None, "two", Keep::Record).is_err());
}

#[test]
fn a_plan_says_what_would_be_recorded_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let said = run(dir, None, None, "one", Keep::Look).unwrap();
    assert!(said.ends_with("; would be recorded in pis.lock.toml"), "{said}");
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 1, "the inventory alone");
    run(dir, None, None, "one", Keep::Record).unwrap();
    let before = std::fs::read(dir.join("pis.lock.toml")).unwrap();
    let said = run(dir, Some("two"), None, "two", Keep::Look).unwrap();
    assert!(said.contains("would take the place of sha256"), "{said}");
    assert!(run(dir, None, None, "two", Keep::Look).is_err());
    assert_eq!(std::fs::read(dir.join("pis.lock.toml")).unwrap(), before);
}

#[test]
fn a_pin_wins_over_what_is_built_in_and_that_over_the_lock_file_and_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run(dir, None, None, "locked", Keep::Record).unwrap();
    assert!(run(dir, None, Some("built in"), "locked", Keep::Record).is_err());
    let said = run(dir, None, Some("built in"), "built in", Keep::Record).unwrap();
    assert!(said.starts_with("built into provision; takes the place of sha256"), "{said}");
    assert!(said.contains(&digest("locked").to_string()), "{said}");

    assert!(run(dir, Some("pinned"), Some("built in"), "built in", Keep::Record).is_err());
    let said = run(dir, Some("pinned"), Some("built in"), "pinned", Keep::Record).unwrap();
    for part in
        ["pinned in the inventory", "not what is built into provision", "takes the place of sha256"]
    {
        assert!(said.contains(part), "{said}");
    }
    let recorded = lock(dir).artifacts.into_values().next().unwrap();
    assert_eq!((recorded.sha256, recorded.checked), (digest("pinned"), Checked::Pinned));
    let again = run(dir, Some("pinned"), None, "pinned", Keep::Record).unwrap();
    assert_eq!(again, "pinned in the inventory");
}

#[test]
fn two_runs_that_find_different_files_the_first_time_do_not_both_record() {
    let dir = tempfile::tempdir().unwrap();
    let trust = Trust::new(&inventory(dir.path(), None)).unwrap();
    let known = trust.known(K3S, None).unwrap();
    run(dir.path(), None, None, "the other's", Keep::Record).unwrap();
    let fetched = Fetched {
        artifact: Artifact { path: dir.path().join("k3s"), sha256: digest("ours"), size: 1 },
        from: "https://github.com/k3s-arm64".to_owned(),
        check: Check::ReleaseChecksum,
    };
    let failure = trust.keep(&known, &fetched, Keep::Record, date(2026, 2, 1)).unwrap_err();
    assert_eq!(failure.code, Code::Refused);
    let line = failure.line();
    for part in [digest("ours").to_string(), digest("the other's").to_string()] {
        assert!(line.contains(&part), "{line}");
    }
    assert!(line.contains(&format!("lock accept {K3S} {}`", digest("ours"))), "{line}");
    assert_eq!(
        lock(dir.path()).artifacts.into_values().next().unwrap().sha256,
        digest("the other's")
    );
}

#[test]
fn a_broken_lock_file_is_no_reason_to_trust_anew() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("pis.lock.toml"), "version = 1\nmore = 1\n").unwrap();
    let failure = run(dir.path(), None, None, "one", Keep::Record).unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    assert!(failure.what.contains("pis.lock.toml:2"), "{}", failure.what);
}
