use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::civil::date;
use proptest::prelude::*;
use terrarium_k3s::sums::Sha256;

use super::model::Kind;
use super::model::Seen;
use super::*;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn image(text: &str) -> ImageRef {
    ImageRef::parse(text).unwrap()
}

fn artifact(content: &str) -> LockedArtifact {
    LockedArtifact {
        sha256: Sha256::of(content.as_bytes()),
        from: "https://mirror.lan/k3s-arm64".to_owned(),
        first_seen: date(2026, 1, 31),
        checked: Checked::ReleaseChecksum,
    }
}

fn locked_image(content: &str) -> LockedImage {
    LockedImage { digest: Sha256::of(content.as_bytes()), first_seen: date(2026, 2, 1) }
}

fn beside(dir: &Path) -> LockFile {
    LockFile::of(&dir.join("pis.toml"))
}

fn put(file: &LockFile, text: &str, content: &str) -> Result<Seen, LockError> {
    file.update(|lock| Ok(lock.record_artifact(&name(text), artifact(content)).unwrap()))
}

#[test]
fn it_is_named_after_the_inventory() {
    assert_eq!(LockFile::of(Path::new("/a/pis.toml")).path(), Path::new("/a/pis.lock.toml"));
    assert_eq!(LockFile::of(Path::new("home.toml")).path(), Path::new("home.lock.toml"));
}

#[test]
fn what_is_recorded_is_read_again_and_the_text_is_stable() {
    let dir = tempfile::tempdir().unwrap();
    let file = beside(dir.path());
    assert_eq!(file.read().unwrap(), Lock::default());
    assert_eq!(put(&file, "k3s-v1.34.4+k3s1-arm64", "k3s").unwrap(), Seen::First);
    let done: Result<(), LockError> = file.update(|lock| {
        let reference = image("docker.io/library/redis:8.2");
        assert_eq!(
            lock.record_image(&reference, locked_image("redis"), "pi-1").unwrap(),
            Seen::First
        );
        Ok(())
    });
    done.unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    insta::assert_snapshot!(text, @r#"
    # Digests of what `provision` fetched, as they were the first time. Keep this
    # file with the inventory. When something has another digest under the same
    # name, `provision` stops and says which command accepts it.
    version = 1

    [artifacts."k3s-v1.34.4+k3s1-arm64"]
    sha256 = "86bd33ebf64e01aaafb7dab419436ac025d04abd933bbbb124ddb25c30b59dd7"
    from = "https://mirror.lan/k3s-arm64"
    first-seen = "2026-01-31"
    checked = "release-checksum"

    [images."docker.io/library/redis:8.2"]
    digest = "sha256:34fb46c847bb9df96e5205a39d382f648a6e8dce1e014cd85b4ca6a88d88ed03"
    first-seen = "2026-02-01"
    "#);
    let lock = file.read().unwrap();
    assert_eq!(lock.artifacts[&name("k3s-v1.34.4+k3s1-arm64")], artifact("k3s"));
    assert_eq!(lock.images[&image("docker.io/library/redis:8.2")], locked_image("redis"));

    assert_eq!(
        put(&file, "k3s-v1.34.4+k3s1-arm64", "k3s").unwrap(),
        Seen::Before(date(2026, 1, 31))
    );
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the lock file alone");
}

#[test]
fn another_digest_under_the_same_name_is_a_mismatch_that_says_how_it_is_accepted() {
    let mut lock = Lock::default();
    let (k3s, redis) = (name("k3s-v1.34.4+k3s1-arm64"), image("docker.io/library/redis:8.2"));
    lock.record_artifact(&k3s, artifact("one")).unwrap();
    lock.record_image(&redis, locked_image("one"), "pi-1").unwrap();
    let before = lock.clone();

    let other = LockedArtifact { from: "http://other/k3s".to_owned(), ..artifact("two") };
    let of_file = lock.record_artifact(&k3s, other).unwrap_err();
    let of_image = lock.record_image(&redis, locked_image("two"), "pi-2").unwrap_err();
    assert_eq!(lock, before, "nothing is taken");
    let (one, two) = (Sha256::of(b"one").to_string(), Sha256::of(b"two").to_string());
    assert_eq!((of_file.kind, of_image.kind), (Kind::Artifact, Kind::Image));
    let both: [(&Mismatch, _); 2] = [
        (
            &of_file,
            ["k3s-v1.34.4+k3s1-arm64", "2026-01-31", "mirror.lan/k3s-arm64", "http://other/k3s"],
        ),
        (&of_image, ["docker.io/library/redis:8.2", "2026-02-01", "sha256:", "pi-2"]),
    ];
    for (mismatch, parts) in both {
        let text = mismatch.to_string();
        for part in parts.into_iter().chain([one.as_str(), two.as_str()]) {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    for (mismatch, name) in
        [(of_file, "k3s-v1.34.4+k3s1-arm64"), (of_image, "docker.io/library/redis:8.2")]
    {
        let command = mismatch.accept(Path::new("pis.toml"));
        assert_eq!(command, format!("`provision --inventory pis.toml lock accept {name} {two}`"));
    }
}

#[test]
fn a_text_that_is_no_lock_file_is_refused_with_its_line() {
    let digits = "a".repeat(64);
    let entry = |more: &str| {
        format!(
            "version = 1\n[artifacts.k3s]\nsha256 = \"{digits}\"\nfrom = \"x\"\n\
             first-seen = \"2026-01-31\"\nchecked = \"pinned\"\n{more}"
        )
    };
    assert!(text::parse(&entry("")).is_ok());
    for (what, text, line, part) in [
        ("an unknown key", entry("signed = true\n"), Some(7), "signed"),
        ("an unknown table", entry("[charts]\n"), Some(7), "charts"),
        ("a key twice", entry("sha256 = \"\"\n"), Some(7), "duplicate"),
        ("a short digest", entry("").replace(&digits, &digits[1..]), Some(3), "64 hexadecimal"),
        ("no hexadecimal", entry("").replace(&digits, &"g".repeat(64)), Some(3), "64 hexadecimal"),
        ("no day", entry("").replace("2026-01-31", "2026-02-31"), Some(5), "not a day"),
        ("another check", entry("").replace("pinned", "blessed"), Some(6), "blessed"),
        ("a key left out", entry("").replace("from = \"x\"\n", ""), Some(2), "from"),
        ("a path", entry("").replace(".k3s]", ".\"../k3s\"]"), Some(2), "not the name"),
        (
            "an image without prefix",
            entry(&format!(
                "[images.\"docker.io/a/b:1\"]\ndigest = \"{digits}\"\nfirst-seen = \"2026-01-31\"\n"
            )),
            Some(8),
            "sha256:",
        ),
        ("an image without registry", entry("[images.\"redis:8\"]\n"), Some(7), "full image"),
        ("a later version", entry("").replace("version = 1", "version = 2"), None, "version 2"),
        ("no version", entry("").replace("version = 1\n", ""), None, "version"),
        ("no TOML", "<html>".to_owned(), Some(1), ""),
    ] {
        let fault = text::parse(&text).expect_err(what);
        assert!(fault.what.contains(part), "{what}: {fault:?}");
        if let Some(line) = line {
            assert_eq!(fault.line, Some(line), "{what}: {fault:?}");
        }
    }
}

#[test]
fn a_broken_file_is_named_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = beside(dir.path());
    let long = vec![b'#'; 5 << 20];
    for bytes in [&b"version = 1\nmore = 1\n"[..], b"\xff\xfe", &long] {
        std::fs::write(file.path(), bytes).unwrap();
        for error in [file.read().unwrap_err(), put(&file, "k3s", "k3s").unwrap_err()] {
            assert!(error.hint().contains("version control"), "{error}");
            assert!(error.to_string().contains("pis.lock.toml"), "{error}");
        }
        assert_eq!(std::fs::read(file.path()).unwrap(), bytes);
    }
    std::fs::write(file.path(), "version = 1\nmore = 1\n").unwrap();
    assert!(file.read().unwrap_err().to_string().contains("pis.lock.toml:2: "));
}

#[test]
fn runs_side_by_side_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let runs: Vec<_> = (0..8)
        .map(|run| {
            let file = beside(dir.path());
            std::thread::spawn(move || {
                for entry in 0..10 {
                    put(&file, &format!("k3s-{run}-{entry}"), "k3s").unwrap();
                }
            })
        })
        .collect();
    for run in runs {
        run.join().unwrap();
    }
    assert_eq!(beside(dir.path()).read().unwrap().artifacts.len(), 80);
}

#[test]
fn the_mode_and_a_link_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let file = beside(dir.path());
    std::os::unix::fs::symlink("elsewhere.toml", file.path()).unwrap();
    put(&file, "k3s", "k3s").unwrap();
    let real = dir.path().join("elsewhere.toml");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o600)).unwrap();
    put(&file, "helm", "helm").unwrap();
    assert!(std::fs::symlink_metadata(file.path()).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(file.read().unwrap().artifacts.len(), 2);
}

#[test]
fn a_refused_change_leaves_no_file_behind() {
    let dir = tempfile::tempdir().unwrap();
    let file = beside(dir.path());
    let refused: Result<(), LockError> =
        file.update(|_| Err(LockError::TooLarge { path: file.path().to_owned() }));
    assert!(refused.is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = text::parse(&text);
        let _ = Name::parse(&text);
        let _ = ImageRef::parse(&text);
    }

    #[test]
    fn locks_come_back(
        names in proptest::collection::btree_set("[a-z0-9][a-zA-Z0-9._+-]{0,20}", 0..6),
        from in "\\PC{0,40}",
    ) {
        let mut lock = Lock::default();
        for text in &names {
            lock.artifacts.insert(name(text), LockedArtifact { from: from.clone(), ..artifact(text) });
            lock.images.insert(image(&format!("r.example/{}:1", text.to_lowercase().replace('+', "-"))), locked_image(text));
        }
        let rendered = text::render(&lock).unwrap();
        prop_assert_eq!(text::parse(&rendered), Ok(lock));
    }
}
