//! Whatever control groups, names and the firmware hold, nothing panics, and
//! what is written is well formed.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use terrarium_agent::cgroup::files::{File, V1, V2};
use terrarium_agent::cgroup::process::{self, Network};
use terrarium_agent::cgroup::{Readings, address, names, place};
use terrarium_agent::collector::pi::{board, firmware, pmic};
use terrarium_agent::encoder::Encoder;

use crate::exposition;
use crate::running::fixture;

/// Enough that with the tests of the other parsers more than 100,000 contents
/// are read.
const CASES: u32 = 2000;

/// The files of the fixture that a row of the table reads.
fn samples(file: &File, root: &Path) -> Vec<Vec<u8>> {
    let mut folders = vec![root.join("sys/fs/cgroup").join(file.tree)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path: PathBuf = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() == file.name {
                found.push(std::fs::read(path).unwrap());
            }
        }
    }
    assert!(!found.is_empty(), "no {} in {}", file.name, root.display());
    found
}

/// A true content with some bytes replaced, or any bytes.
fn broken(content: &[u8], at: usize, with: &[u8], alone: bool) -> Vec<u8> {
    if alone {
        return with.to_vec();
    }
    let mut content = content.to_vec();
    let at = at % (content.len() + 1);
    let end = (at + with.len() / 2).min(content.len());
    content.splice(at..end, with.iter().copied());
    content
}

const WORDS: [&[u8]; 12] = [
    b"18446744073709551615",
    b"18446744073709551616",
    b"-1",
    b"max",
    b" ",
    b"\n",
    b"=",
    b":",
    b"\0",
    b"\xff",
    b"",
    b"total=",
];

/// Bytes that mean something to a parser, more often than chance has it.
fn telling() -> impl Strategy<Value = Vec<u8>> {
    let word = proptest::sample::select(&WORDS[..]);
    let some = proptest::collection::vec(word, 0..6).prop_map(|words| words.concat());
    prop_oneof![some, proptest::collection::vec(any::<u8>(), 0..40)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn control_groups(at: usize, with in telling(), alone in proptest::bool::weighted(0.2)) {
        thread_local! {
            static FILES: Vec<(&'static File, Vec<Vec<u8>>)> = {
                let of = |file, root| (file, samples(file, &fixture(root)));
                V1.iter().map(|file| of(file, "pods-v1"))
                    .chain(V2.iter().map(|file| of(file, "pods-v2"))).collect()
            };
        }
        FILES.with(|files| -> Result<(), TestCaseError> {
            let mut readings = Readings::default();
            for (file, contents) in files {
                let content = &contents[at % contents.len()];
                (file.parse)(&broken(content, at, &with, alone), &mut readings);
                let _ = (readings.working_set(), readings.cpu_limit_milli());
                // What was broken before leaves nothing behind.
                let (mut once, mut twice) = (Readings::default(), readings.clone());
                let whole = (file.parse)(content, &mut once);
                prop_assert!(whole || content.is_empty(), "{}", file.name);
                prop_assert_eq!(whole, (file.parse)(content, &mut twice));
            }
            Ok(())
        })?;
    }

    #[test]
    fn names_and_places(text in "[-_.a-f0-9podkubescri]{0,90}", target in "[-_./a-z0-9]{0,60}") {
        if let Some(uid) = place::pod_uid(&text) {
            prop_assert!(uid.len() == 32 || uid.len() == 36);
        }
        if let Some(id) = place::container_id(&text) {
            prop_assert_eq!(id.len(), 64);
        }
        let _ = (place::is_top(&text), place::is_class(&text));
        let link = format!("{text}-{}.log", "a".repeat(64));
        for target in [&target, &format!("/var/log/pods/{target}_b_c/{text}/1.log")] {
            let _ = names::parse(&link, Path::new(target));
            let _ = names::parse(&text, Path::new(target));
        }
    }

    #[test]
    fn networks(at: usize, with in telling(), alone in proptest::bool::weighted(0.2)) {
        thread_local! {
            static TABLES: [Vec<u8>; 3] = ["4001/net/dev", "4001/net/fib_trie", "4001/stat"]
                .map(|file| std::fs::read(fixture("pods-v2/proc").join(file)).unwrap());
        }
        TABLES.with(|[dev, fib_trie, stat]| -> Result<(), TestCaseError> {
            let mut network = Network::default();
            let _ = network.take(&broken(dev, at, &with, alone), "ns", "pod");
            prop_assert!(network.interfaces.iter().all(|interface| interface.name != b"lo"));
            let trie = broken(fib_trie, at, &with, alone);
            if let Some(found) = address::of(&trie, &with, fib_trie) {
                prop_assert!(found.host || !matches!(found.ip, IpAddr::V4(ip) if ip.is_loopback()));
            }
            let _ = process::start_ticks(&broken(stat, at, &with, alone));
            Ok(())
        })?;
    }

    #[test]
    fn firmware_and_board(at: usize, with in telling(), alone: bool, words: [Option<u32>; 8]) {
        let text = b"     EXT5V_V volt(24)=5.15091800V\n VDD_CORE_A current(7)=1.28840000A\n";
        let mut out = Encoder::default();
        pmic::encode(&broken(text, at, &with, alone), &mut out);
        firmware::Numbers(words).encode(&mut out);
        firmware::Throttled(words[0].unwrap_or(0)).encode(&mut out);
        let _ = board::level(&with);
        match exposition::read(out.page()) {
            Ok(_) => {}
            Err(fault) => return Err(TestCaseError::fail(fault)),
        }
    }
}
