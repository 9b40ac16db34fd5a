use std::io::Read as _;

use serde_json::Value;

use super::*;

/// The files of an archive: name to mode and content.
fn unpacked(archive: &[u8]) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let header = entry.header();
        assert_eq!((header.mtime().unwrap(), header.uid().unwrap()), (0, 0), "{name}");
        let mode = header.mode().unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        found.insert(name, (mode, content));
    }
    found
}

fn json(files: &BTreeMap<String, (u32, Vec<u8>)>, name: &str) -> Value {
    serde_json::from_slice(&files[name].1).unwrap()
}

#[test]
fn what_is_written_reads_back_as_an_image_of_one_program() {
    let reference = reference("0.1.0-01234567");
    let binary = b"\x7fELF and so on";
    let files = unpacked(&archive(&reference, "aarch64", binary).unwrap());
    assert_eq!(files.len(), 3);

    let manifest = json(&files, "manifest.json");
    let image = &manifest[0];
    assert_eq!(image["RepoTags"][0], "terrarium.invalid/source:0.1.0-01234567");
    assert_eq!(manifest.as_array().unwrap().len(), 1);

    let config_name = image["Config"].as_str().unwrap();
    assert_eq!(config_name, format!("{}.json", Sha256::of(&files[config_name].1)));
    let config = json(&files, config_name);
    assert_eq!(config["architecture"], "arm64");
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Entrypoint"][0], "/terrarium-source");

    let layer = &files[image["Layers"][0].as_str().unwrap()].1;
    assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", Sha256::of(layer)));
    let inside = unpacked(layer);
    assert_eq!(inside.len(), 1);
    assert_eq!(inside["terrarium-source"], (0o755, binary.to_vec()));
}

#[test]
fn equal_inputs_give_equal_bytes_and_others_do_not() {
    let one = |machine, binary: &[u8]| archive("terrarium.invalid/source:1", machine, binary);
    let first = one("x86_64", b"a").unwrap();
    assert_eq!(first, one("x86_64", b"a").unwrap());
    assert_ne!(first, one("aarch64", b"a").unwrap());
    assert_ne!(first, one("x86_64", b"b").unwrap());
}

#[test]
fn the_tag_follows_every_binary() {
    let binaries = |sums: &[(&str, &str)]| {
        let local = |sum: &str| Local { path: PathBuf::new(), sha256: sum.repeat(64) };
        sums.iter().map(|(machine, sum)| ((*machine).to_owned(), local(sum))).collect()
    };
    let one = tag(&binaries(&[("aarch64", "a"), ("x86_64", "b")]));
    let (version, digest) = one.rsplit_once('-').unwrap();
    assert_eq!((version, digest.len()), (env!("CARGO_PKG_VERSION"), 8));
    assert_eq!(one, tag(&binaries(&[("aarch64", "a"), ("x86_64", "b")])));
    for other in [&[("aarch64", "a"), ("x86_64", "c")][..], &[("aarch64", "a")]] {
        assert_ne!(one, tag(&binaries(other)));
    }
}

#[test]
fn only_our_own_repositories_are_ours() {
    for (repository, ours) in [
        ("terrarium.invalid/source", true),
        ("docker.io/terrarium/source", false),
        ("terrarium/source", false),
        ("docker.io/library/redis", false),
        ("ghcr.io/terrarium/source", false),
    ] {
        assert_eq!(is_ours(repository), ours, "{repository}");
    }
}
