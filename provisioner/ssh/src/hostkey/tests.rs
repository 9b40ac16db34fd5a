use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use data_encoding::BASE64;
use proptest::prelude::*;

use super::*;

fn key(algorithm: &str, seed: u8) -> HostKey {
    HostKey { algorithm: algorithm.to_owned(), blob: vec![seed; 51] }
}

fn text(key: &HostKey) -> String {
    format!("{} {}", key.algorithm, BASE64.encode(&key.blob))
}

/// The judgement on `offered` for `[pi-1]:2222` after the given file.
fn verdict(content: &str, offered: &HostKey) -> Judgement {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("known_hosts");
    fs::write(&file, content).expect("written");
    judge(&read(&file, "[pi-1]:2222").expect("read"), "[pi-1]:2222", offered)
}

#[test]
fn what_files_say_about_an_offered_key() {
    let mine = key("ssh-ed25519", 1);
    let other = key("ssh-ed25519", 2);
    let elliptic = key("ecdsa-sha2-nistp256", 3);
    let new = Judgement::New { authority: None };

    assert_eq!(verdict("", &mine), new);
    assert_eq!(
        verdict(&format!("pi-1 {}\n", text(&other)), &mine),
        new,
        "another port is another host"
    );
    assert_eq!(verdict(&format!("[pi-1]:2222 {}", text(&mine)), &mine), Judgement::Known);
    assert_eq!(
        verdict(&format!("[pi-1]:2222 {}\n[pi-1]:2222 {}\n", text(&other), text(&mine)), &mine),
        Judgement::Known
    );
    assert_eq!(verdict(&format!("* {}\n", text(&mine)), &mine), Judgement::Known);
    for recorded in [&other, &elliptic] {
        let judgement = verdict(&format!("[pi-1]:2222 {}\n", text(recorded)), &mine);
        assert!(matches!(judgement, Judgement::Changed(_)), "{recorded:?}: {judgement:?}");
    }
    assert!(
        matches!(verdict("[pi-1]:2222 ssh-ed25519 AAAA!\n", &mine), Judgement::Changed(_)),
        "damaged lines fail closed"
    );
    assert!(matches!(
        verdict(&format!("@revoked * {}\n[pi-1]:2222 {}\n", text(&mine), text(&mine)), &mine),
        Judgement::Revoked(_)
    ));
    assert_eq!(
        verdict(&format!("@revoked * {}\n", text(&other)), &mine),
        new,
        "another key's revocation says nothing"
    );
    let authority = verdict(&format!("@cert-authority * {}\n", text(&mine)), &mine);
    assert!(
        matches!(authority, Judgement::New { authority: Some(_) }),
        "an authority's key is no host key: {authority:?}"
    );
}

#[test]
fn a_changed_key_names_file_line_fingerprints_and_the_mending_command() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("my known_hosts");
    fs::write(
        &file,
        format!("# a comment\n\npi-2 {0}\n[pi-1]:2222 {0}\n", text(&key("ssh-ed25519", 2))),
    )
    .expect("written");
    let entries = read(&file, "[pi-1]:2222").expect("read");
    let Judgement::Changed(changed) = judge(&entries, "[pi-1]:2222", &key("ssh-ed25519", 1)) else {
        panic!("not changed")
    };
    assert_eq!(changed.recorded[0].line, 4);
    let shown = changed.to_string();
    for part in
        ["my known_hosts line 4 records ssh-ed25519 SHA256:", "the node offers ssh-ed25519 SHA256:"]
    {
        assert!(shown.contains(part), "{part:?} in {shown:?}");
    }
    assert_eq!(changed.mend(), [format!("ssh-keygen -R '[pi-1]:2222' -f '{}'", file.display())]);
}

#[test]
fn fingerprints_are_those_of_ssh_keygen() {
    let blob = BASE64
        .decode(b"AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ")
        .expect("base64");
    let line = format!("ssh-ed25519 {}\n", BASE64.encode(&blob));
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("key.pub");
    fs::write(&file, line).expect("written");
    let output = std::process::Command::new("ssh-keygen")
        .arg("-lf")
        .arg(&file)
        .output()
        .expect("ssh-keygen runs");
    let theirs = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(theirs.contains(&fingerprint(&blob)), "{theirs}");
}

#[test]
fn the_first_key_makes_the_file_and_its_folder_private() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("state/ssh/known_hosts");
    assert_eq!(
        append(&file, "pi-1", &key("ssh-ed25519", 1)).expect("written"),
        Judgement::New { authority: None }
    );
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&dir.path().join("state")), 0o700);
    assert_eq!(mode(&dir.path().join("state/ssh")), 0o700);
}

#[test]
fn a_file_without_an_end_is_refused_before_it_fills_the_memory() {
    let error = read(Path::new("/dev/zero"), "pi-1").expect_err("endless");
    assert!(error.to_string().contains("16 MiB"), "{error}");
}

#[test]
fn replacing_leaves_everybody_else_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("known_hosts");
    let (old, new, other) = (key("ssh-ed25519", 1), key("ssh-ed25519", 2), key("ssh-ed25519", 3));
    let before = format!(
        "# ours\r\n  PI-1,pi-2\t{0} a comment\n@revoked pi-1 {1}\n@cert-authority * {1}\npi-1 ssh-ed25519 AAAA!\npi-3 {1}",
        text(&old),
        text(&other)
    );
    fs::write(&file, &before).expect("written");
    replace(&file, "pi-1", std::slice::from_ref(&new)).expect("written");
    let after = format!(
        "# ours\r\npi-2 {0} a comment\n@revoked pi-1 {1}\n@cert-authority * {1}\npi-3 {1}\npi-1 {2}\n",
        text(&old),
        text(&other),
        text(&new)
    );
    assert_eq!(fs::read_to_string(&file).expect("read"), after);
    assert_eq!(judge(&read(&file, "pi-1").expect("read"), "pi-1", &new), Judgement::Known);
    assert_eq!(judge(&read(&file, "pi-2").expect("read"), "pi-2", &old), Judgement::Known);
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 1, "nothing is left beside it");

    fs::write(&file, format!("pi-* {}\n", text(&old))).expect("written");
    let error = replace(&file, "pi-1", &[new]).expect_err("a pattern");
    assert!(error.to_string().contains("line 1"), "{error}");
    assert_eq!(fs::read_to_string(&file).expect("read"), format!("pi-* {}\n", text(&old)));
}

#[test]
fn appending_looks_again_under_the_lock() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("known_hosts");
    fs::write(&file, format!("pi-1 {}", text(&key("ssh-ed25519", 1)))).expect("written");
    assert_eq!(append(&file, "pi-1", &key("ssh-ed25519", 1)).expect("read"), Judgement::Known);
    assert!(matches!(
        append(&file, "pi-1", &key("ssh-ed25519", 2)).expect("read"),
        Judgement::Changed(_)
    ));
    append(&file, "pi-2", &key("ssh-ed25519", 2)).expect("written");
    let content = fs::read_to_string(&file).expect("read");
    assert_eq!(content.lines().count(), 2, "a missing last line break is supplied: {content:?}");
}

#[test]
fn many_writers_lose_no_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("known_hosts");
    let writers: Vec<_> = (0..24u8)
        .map(|number| {
            let file = file.clone();
            thread::spawn(move || {
                append(&file, &format!("pi-{number}"), &key("ssh-ed25519", number))
                    .expect("written")
            })
        })
        .collect();
    for writer in writers {
        assert_eq!(writer.join().expect("no panic"), Judgement::New { authority: None });
    }
    for number in 0..24u8 {
        let name = format!("pi-{number}");
        let judgement =
            judge(&read(&file, &name).expect("read"), &name, &key("ssh-ed25519", number));
        assert_eq!(judgement, Judgement::Known, "{name}");
    }
}

#[test]
fn names_as_the_file_writes_them() {
    for (host, port, expected) in [
        ("pi-1", 22, Some("pi-1")),
        ("Pi-1.Local", 2222, Some("[pi-1.local]:2222")),
        ("::1", 22, Some("::1")),
        ("fe80::1%eth0", 2222, Some("[fe80::1%eth0]:2222")),
        ("", 22, None),
        ("a b", 22, None),
        ("a,b", 22, None),
        ("*", 22, None),
        ("!a", 22, None),
        ("|1|a|b", 22, None),
        ("#a", 22, None),
        ("@revoked", 22, None),
        ("-oProxyCommand=x", 22, None),
        ("a\nb", 22, None),
    ] {
        assert_eq!(recorded_name(host, port).as_deref(), expected, "{host:?}");
    }
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("known_hosts");
        fs::write(&file, bytes).expect("written");
        let entries = read(&file, "pi-1").expect("read");
        let _ = judge(&entries, "pi-1", &key("ssh-ed25519", 1));
    }

    #[test]
    fn what_was_appended_is_known(host in "[a-z0-9][a-z0-9.-]{0,20}", port in 1u16.., blob in proptest::collection::vec(any::<u8>(), 1..80)) {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("known_hosts");
        let name = recorded_name(&host, port).expect("a plain name");
        let offered = HostKey { algorithm: "ssh-ed25519".to_owned(), blob };
        append(&file, &name, &offered).expect("written");
        prop_assert_eq!(judge(&read(&file, &name).expect("read"), &name, &offered), Judgement::Known);
    }
}
