//! Ten thousand `known_hosts` files, each a good one spoilt, with `ssh-keygen -F`
//! as the referee.

use std::fs;
use std::path::Path;
use std::process::Command;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::*;

const FILES: u32 = 10_000;
/// Of these, as many are shown to `ssh-keygen`: each costs a process.
const REFEREED: u32 = 250;
const NAME: &str = "[pi-1.lan]:2222";

/// A key whose blob is one: `ssh-keygen` skips what is not.
fn key(seed: u8) -> HostKey {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend([seed; 32]);
    HostKey { algorithm: "ssh-ed25519".to_owned(), blob }
}

fn words(key: &HostKey) -> String {
    format!("{} {}", key.algorithm, BASE64.encode(&key.blob))
}

fn hashed(name: &str, salt: [u8; 20]) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(&salt).expect("any length");
    let hash = mac.chain_update(name).finalize().into_bytes();
    format!("|1|{}|{}", BASE64.encode(&salt), BASE64.encode(&hash))
}

/// The same throws in every run: a failure is found again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// The hosts field of a line about our host, in one of the ways there are.
fn ours(dice: &mut Dice) -> String {
    let salt = [u8::try_from(dice.below(256)).expect("a byte"); 20];
    match dice.below(6) {
        0 => NAME.to_owned(),
        1 => format!("other.lan,{NAME},10.0.0.9"),
        2 => hashed(NAME, salt),
        3 => "[pi-?.lan]:2222".to_owned(),
        4 => "[*.lan]:2222".to_owned(),
        _ => NAME.to_ascii_uppercase(),
    }
}

/// A line that says nothing of our host, or nothing at all.
fn noise(dice: &mut Dice) -> String {
    let other = words(&key(200));
    match dice.below(12) {
        0 => String::new(),
        1 => "# a comment".to_owned(),
        2 => format!("pi-2.lan {other}"),
        3 => format!("pi-1.lan {other}"),
        4 => format!("{} {other}", hashed("pi-9", [7; 20])),
        5 => format!("*,!{NAME} {other}"),
        6 => format!("@revoked * {other}"),
        7 => format!("@new-marker * {other}"),
        8 => "pi-1 1024 35 1234567".to_owned(),
        9 => "\u{0}\u{1b}[2J\u{fffd}".to_owned(),
        10 => "x ".repeat(dice.below(2000)),
        _ => format!("|1|!!|?? {other}\t\t"),
    }
}

/// Spoils bytes anywhere but in the protected lines.
fn spoil(lines: &mut [(Vec<u8>, bool)], dice: &mut Dice) {
    for (line, protected) in lines.iter_mut() {
        if *protected || line.is_empty() || dice.below(2) == 0 {
            continue;
        }
        for _ in 0..=dice.below(3) {
            let at = dice.below(line.len());
            match dice.below(4) {
                0 => line[at] = u8::try_from(dice.below(256)).expect("a byte"),
                1 => line.insert(at, *dice.pick(b" \t,|*?!@#\r\0")),
                2 if line.len() > 1 => drop(line.remove(at)),
                _ => line.truncate(at.max(1)),
            }
            // A line break would make two lines of it.
            line.retain(|byte| *byte != b'\n');
            if line.is_empty() {
                break;
            }
        }
    }
}

/// Whether `ssh-keygen` finds a key of the host in the file: no authority, and
/// none that is revoked.
fn found(file: &Path) -> bool {
    let output = Command::new("ssh-keygen").args(["-F", NAME, "-f"]).arg(file).output();
    let output = String::from_utf8_lossy(&output.expect("ssh-keygen runs").stdout).into_owned();
    output.lines().any(|line| !line.starts_with(['#', '@']))
}

#[test]
fn whatever_is_around_a_line_about_the_host_no_other_key_is_accepted() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("known_hosts");
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let offered = key(1);
    let mut told = [0u32; 3];
    for number in 0..FILES {
        let mut lines: Vec<(Vec<u8>, bool)> =
            (0..dice.below(8)).map(|_| (noise(&mut dice).into_bytes(), false)).collect();
        // What the file is about: another key, a revoked key, or nothing.
        let kind = dice.below(3);
        let about = match kind {
            0 => Some(format!("{} {}", ours(&mut dice), words(&key(2)))),
            1 => {
                let hosts = if dice.below(2) == 0 { "*".to_owned() } else { ours(&mut dice) };
                Some(format!("@revoked {hosts} {}", words(&offered)))
            }
            _ => None,
        };
        if let Some(line) = about {
            let at = dice.below(lines.len() + 1);
            lines.insert(at, (line.into_bytes(), true));
        }
        spoil(&mut lines, &mut dice);
        let lines: Vec<Vec<u8>> = lines.into_iter().map(|(line, _)| line).collect();
        fs::write(&file, lines.join(&b'\n')).expect("written");

        let judgement = judge(&read(&file, NAME).expect("read"), NAME, &offered);
        match kind {
            0 | 1 => assert!(
                matches!(judgement, Judgement::Changed(_) | Judgement::Revoked(_)),
                "file {number}: {judgement:?}\n{}",
                String::from_utf8_lossy(&fs::read(&file).expect("read"))
            ),
            _ => assert_ne!(judgement, Judgement::Known, "file {number}: nobody recorded it"),
        }
        told[kind] += 1;
        // Where OpenSSH finds a plain line about the host, this program does not
        // take the key for a new one.
        if kind == 0 && number < REFEREED {
            assert!(found(&file), "file {number}: the referee finds no line");
        } else if number < REFEREED && found(&file) && kind == 2 {
            assert!(
                !matches!(judgement, Judgement::New { authority: None }),
                "file {number}: the referee finds a line and this program none\n{}",
                String::from_utf8_lossy(&fs::read(&file).expect("read"))
            );
        }
    }
    assert!(told.iter().all(|count| *count > FILES / 4), "{told:?}");
}
