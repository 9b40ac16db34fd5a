use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::{fs, process};

use terrarium_k3s::sums::Sha256;

use super::*;

fn write_step(backup: bool, mode: Option<&str>) -> Step {
    let action = Action::Write {
        path: "/etc/x y".to_owned(),
        mode: mode.map(str::to_owned),
        content: Content::Text("secret".to_owned()),
        backup,
        over: None,
    };
    action.step(Some("abc")).unwrap()
}

#[test]
fn content_travels_on_standard_input_and_never_in_the_script() {
    let step = write_step(false, Some("0600"));
    assert_eq!(step.stdin, Stdin::Content);
    assert!(!step.script.contains("secret"));
}

#[test]
fn a_write_checks_syncs_and_renames_in_that_order() {
    let script = write_step(true, Some("0644")).script;
    let order =
        [".bak", "cat >", "is \"$t\" abc", "chmod 0644", "sync \"$t\"\nmv -fT \"$t\" \"$d\""];
    let at: Vec<usize> = order.iter().map(|part| script.find(part).unwrap()).collect();
    assert!(at.is_sorted(), "{script}");
}

/// The mode of a file or folder, as octal text.
fn mode(path: &Path) -> String {
    format!("{:o}", path.metadata().unwrap().permissions().mode() & 0o7777)
}

#[test]
fn new_folders_are_open_to_all_and_the_file_to_its_mode() {
    let root = tempfile::tempdir().unwrap();
    // Only root may give a file away: what is wished is written down instead.
    let chown = root.path().join("bin/chown");
    fs::create_dir(root.path().join("bin")).unwrap();
    fs::write(&chown, "#!/bin/sh\necho \"$1\" >\"${0%/*}/owner\"\n").unwrap();
    fs::set_permissions(&chown, fs::Permissions::from_mode(0o755)).unwrap();
    let path = root.path().join("etc/rancher/k3s/config.yaml");
    let digest = Sha256::of(b"text\n");
    let step = Action::text(path.to_str().unwrap(), "0600", "text\n")
        .step(Some(&digest.to_string()))
        .unwrap();

    let bin = chown.parent().unwrap();
    let search = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut sh = process::Command::new("sh")
        .args(["-c", &step.script])
        .env("PATH", search)
        .stdin(process::Stdio::piped())
        .spawn()
        .unwrap();
    sh.stdin.take().unwrap().write_all(b"text\n").unwrap();
    assert!(sh.wait().unwrap().success());

    assert_eq!(fs::read_to_string(&path).unwrap(), "text\n");
    assert_eq!(fs::read_to_string(bin.join("owner")).unwrap(), "root:root\n");
    assert_eq!(mode(&path), "600");
    for folder in path.ancestors().skip(1).take(3) {
        assert_eq!(mode(folder), "755", "{}", folder.display());
    }
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left");
}

/// Runs a script as root of a file system of one MiB at `/disk`, and says what
/// is on it then.
fn on_a_small_disk(
    root: &Path,
    before: &str,
    script: &str,
    input: &[u8],
) -> (process::Output, String) {
    let disk = root.join("disk");
    fs::create_dir_all(&disk).unwrap();
    let mut unshare = process::Command::new("unshare");
    unshare.args(["--mount", "--map-root-user", "sh", "-c"]);
    let around = "mount -t tmpfs -o size=1m none \"$0\" && cd \"$0\" && eval \"$1\" && \
                  { sh -c \"$2\"; s=$?; ls -A; exit $s; }";
    unshare.arg(around).arg(&disk).arg(before).arg(script);
    unshare.stdin(process::Stdio::piped());
    unshare.stdout(process::Stdio::piped()).stderr(process::Stdio::piped());
    let mut child = unshare.spawn().unwrap();
    // A script that fails reads no more.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let left = String::from_utf8(output.stdout.clone()).unwrap();
    (output, left)
}

fn write_to(path: &Path, content: &[u8], backup: bool) -> String {
    let action = Action::Write {
        path: path.to_str().unwrap().to_owned(),
        mode: Some("0644".to_owned()),
        content: Content::Text(String::new()),
        backup,
        over: None,
    };
    action.step(Some(&Sha256::of(content).to_string())).unwrap().script
}

#[test]
fn a_full_disk_gets_no_fuller_and_keeps_what_it_has() {
    let root = tempfile::tempdir().unwrap();
    let big = vec![b'x'; 2 << 20];
    let path = root.path().join("disk/file");
    let (output, left) =
        on_a_small_disk(root.path(), "echo old >file", &write_to(&path, &big, false), &big);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("No space left on device"), "{said}");
    assert_eq!(left, "file\n");

    // A copy for which there is no room is no copy.
    let before = "head -c 600000 /dev/zero >file";
    let (output, left) =
        on_a_small_disk(root.path(), before, &write_to(&path, b"new", true), b"new");
    assert!(!output.status.success());
    assert_eq!(left, "file\n");
}

#[test]
fn what_an_earlier_cut_left_of_a_file_goes_with_its_next_writing() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("disk/file");
    let before = "touch file.terrarium-new file.terrarium-new.77 file.bak.terrarium-new.8 other";
    let script = write_to(&path, b"new", true);
    let (output, left) =
        on_a_small_disk(root.path(), &format!("echo old >file; {before}"), &script, b"new");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(left, "file\nfile.bak\nother\n");
}

#[test]
fn a_script_that_is_ended_or_gets_half_its_input_leaves_nothing() {
    for end in ["TERM", "HUP", "INT", "the end of its input"] {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        let script = write_to(&path, b"all of it", false);
        let mut sh = process::Command::new("timeout");
        sh.args(["60", "sh", "-c", &script]).stderr(process::Stdio::null());
        let mut sh = sh.stdin(process::Stdio::piped()).spawn().unwrap();
        sh.stdin.as_mut().unwrap().write_all(b"half").unwrap();
        let begun = std::time::Instant::now();
        while fs::read_dir(root.path()).unwrap().count() == 0 {
            assert!(begun.elapsed().as_secs() < 20, "it did not begin");
            std::thread::yield_now();
        }
        if end.starts_with("the") {
            drop(sh.stdin.take());
        } else {
            let pid = sh.id().to_string();
            process::Command::new("kill").args(["-s", end, &pid]).status().unwrap();
        }
        assert!(!sh.wait().unwrap().success(), "{end}");
        let begun = std::time::Instant::now();
        while fs::read_dir(root.path()).unwrap().count() > 0 {
            assert!(begun.elapsed().as_secs() < 20, "{end}: it left its file");
            std::thread::yield_now();
        }
    }
}

#[test]
fn patience_stretches_waits_and_nothing_else() {
    let deadline = |action: &Action| match action {
        Action::Reboot { deadline } | Action::Kubectl { deadline, .. } => *deadline,
        other => panic!("{other:?}"),
    };
    let reboot = Action::Reboot { deadline: 600 };
    for (patience, seconds) in [(1.0, 600), (2.5, 1500), (0.1, 60), (0.0001, 1)] {
        assert_eq!(deadline(&reboot.patient(patience)), seconds);
    }
    let kubectl = Action::Kubectl { args: Vec::new(), deadline: 60 };
    assert_eq!(deadline(&kubectl.patient(5.0)), 60);
}

/// Carries an edit out on a file, and says how it ended and what it said.
fn edit(path: &Path, before: &[u8], after: &[u8], foreign: bool) -> (bool, String) {
    let action = Action::edit(path.to_str().unwrap(), &before.into(), after.to_vec(), foreign);
    let script = action.step(Some(&Sha256::of(after).to_string())).unwrap().script;
    let mut sh = process::Command::new("sh");
    sh.args(["-c", &script]).stdin(process::Stdio::piped()).stderr(process::Stdio::piped());
    let mut sh = sh.spawn().unwrap();
    // A script that refuses reads nothing.
    let _ = sh.stdin.take().unwrap().write_all(after);
    let output = sh.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn an_edit_of_somebody_elses_file_keeps_its_mode_its_link_and_a_copy() {
    let root = tempfile::tempdir().unwrap();
    let (real, link) = (root.path().join("real"), root.path().join("hosts"));
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    assert_eq!(edit(&link, b"old", b"new\xff", true), (true, String::new()));
    assert!(link.is_symlink());
    assert_eq!((fs::read(&real).unwrap(), mode(&real)), (b"new\xff".to_vec(), "640".to_owned()));
    let copy = root.path().join("real.bak");
    assert_eq!((fs::read(&copy).unwrap(), mode(&copy)), (b"old".to_vec(), "640".to_owned()));
    // Sent once more, because its answer was lost: its own work is no former version.
    assert_eq!(edit(&link, b"old", b"new\xff", true), (true, String::new()));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3);
    assert_eq!(fs::read(&copy).unwrap(), b"old");
}

#[test]
fn a_copy_that_somebody_else_made_stays_and_ours_gets_a_number() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("hosts");
    for (name, text) in [("hosts", "mine"), ("hosts.bak", "from 2019"), ("hosts.bak.1", "too")] {
        fs::write(root.path().join(name), text).unwrap();
    }
    assert!(edit(&path, b"mine", b"new", true).0);
    for (name, text) in [
        ("hosts", "new"),
        ("hosts.bak", "from 2019"),
        ("hosts.bak.1", "too"),
        ("hosts.bak.2", "mine"),
    ] {
        assert_eq!(fs::read_to_string(root.path().join(name)).unwrap(), text, "{name}");
    }
    // Somebody has put it back: there is a copy of that.
    fs::write(&path, "mine").unwrap();
    assert!(edit(&path, b"mine", b"new", true).0);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 4);
    // Where something of ours is in it already, no copy is made.
    assert!(edit(&path, b"new", b"newer", false).0);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 4);
}

#[test]
fn a_file_that_has_changed_since_it_was_read_is_not_written_over() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("cmdline.txt");
    fs::write(&path, "as the kernel's package has just written it").unwrap();
    let (done, said) = edit(&path, b"as it was read", b"new", true);
    assert!(!done && said.contains("has changed since it was read"), "{said}");
    assert!(fs::read_to_string(&path).unwrap().starts_with("as the kernel's"));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_was_not_there_can_be_read_by_all() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("hosts");
    assert!(edit(&path, b"", b"new", true).0);
    assert_eq!(mode(&path), "644");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}
