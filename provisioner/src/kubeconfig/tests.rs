use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use terrarium_k3s::kubeconfig::Access;

use super::{Action, Outcome, WriteError, action, install};

/// A file as k3s writes it.
const SERVER: &str = include_str!("../../../k3s/src/kubeconfig/k3s.yaml");
const OTHER: &str = "\
apiVersion: v1
kind: Config
clusters:
- cluster: {server: https://office}
  name: office
current-context: office
";

fn run(path: &Path) -> Result<Outcome, WriteError> {
    install(path, &Access::parse(SERVER).unwrap(), "terrarium", "https://10.0.0.1:6443")
}

fn written(backup: Option<PathBuf>) -> Outcome {
    Outcome::Written { backup, removed: Vec::new() }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn existing(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    (dir, path)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn decisions() {
    let write = |backup| Action::Write { text: "new".into(), backup };
    for (existing, expected) in [
        (None, write(false)),
        (Some(("old", 0o600)), write(true)),
        (Some(("new", 0o100_600)), Action::Nothing),
        (Some(("new", 0o100_400)), Action::Nothing),
        (Some(("new", 0o100_644)), Action::Restrict),
        (Some(("new", 0o100_620)), Action::Restrict),
    ] {
        assert_eq!(action(existing, "new".into()), expected, "{existing:?}");
    }
    assert!(!format!("{:?}", write(true)).contains("new"));
}

#[test]
fn a_new_file_in_new_directories() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("home/.kube/config");
    assert_eq!(run(&path).unwrap(), written(None));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(names(path.parent().unwrap()), ["config"]);
    assert_eq!(run(&path).unwrap(), Outcome::Unchanged);
}

#[test]
fn others_stay_the_old_file_is_kept_and_both_are_private() {
    let (dir, path) = existing(OTHER, 0o644);
    let backup = dir.path().join("config.bak");
    assert_eq!(run(&path).unwrap(), written(Some(backup.clone())));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("https://office") && text.contains("current-context: office"), "{text}");
    assert!(text.contains("https://10.0.0.1:6443"), "{text}");
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), OTHER);
    assert_eq!((mode(&path), mode(&backup)), (0o600, 0o600));
    assert_eq!(names(dir.path()), ["config", "config.bak"]);
}

#[test]
fn a_readable_file_is_restricted_even_when_nothing_else_changes() {
    let (dir, path) = existing(OTHER, 0o600);
    run(&path).unwrap();
    std::fs::remove_file(dir.path().join("config.bak")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(run(&path).unwrap(), Outcome::Restricted);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names(dir.path()), ["config"]);
}

#[test]
fn a_shorter_text_leaves_no_tail() {
    let stale = format!(
        "kind: Config\nclusters:\n- name: terrarium\n  cluster: {{server: x, tls-server-name: {}}}\n",
        "x".repeat(10_000)
    );
    let (_dir, path) = existing(&stale, 0o600);
    run(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.len() < 8_000 && !text.contains("xxx"), "{text}");
}

#[test]
fn a_file_that_is_not_understood_is_not_touched() {
    let broken = "users: [s3cr3t\n";
    let (dir, path) = existing(broken, 0o644);
    let error = run(&path).unwrap_err();
    assert!(error.to_string().contains("left as it is"), "{error}");
    assert!(!format!("{error:?}").contains("s3cr3t"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), broken);
    assert_eq!(mode(&path), 0o644);
    assert_eq!(names(dir.path()), ["config"]);
}

#[test]
fn a_link_is_followed() {
    let (dir, target) = existing(OTHER, 0o600);
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    run(&link).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&target).unwrap().contains("terrarium"));
}

#[test]
fn a_lock_is_respected_and_given_back() {
    let (dir, path) = existing(OTHER, 0o600);
    let lock = dir.path().join("config.lock");
    std::fs::write(&lock, "").unwrap();
    let error = run(&path).unwrap_err();
    assert!(matches!(&error, WriteError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("config.lock"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), OTHER);
    std::fs::remove_file(&lock).unwrap();
    run(&path).unwrap();
    assert!(!lock.exists());
}

#[test]
fn an_entry_of_ours_that_runs_a_program_is_healed_and_kept_aside() {
    let spoilt = "\
kind: Config
users:
- name: terrarium
  user: {exec: {command: /bin/sh, apiVersion: client.authentication.k8s.io/v1}}
";
    let (_dir, path) = existing(spoilt, 0o600);
    let Outcome::Written { backup: Some(backup), removed } = run(&path).unwrap() else {
        panic!("it is written");
    };
    assert_eq!(removed, ["users.terrarium.exec"]);
    assert!(!std::fs::read_to_string(&path).unwrap().contains("exec"));
    assert_eq!(std::fs::read_to_string(backup).unwrap(), spoilt);
    assert_eq!(run(&path).unwrap(), Outcome::Unchanged);
}
