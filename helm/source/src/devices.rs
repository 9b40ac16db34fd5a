//! Made-up device information: a population of devices, each with its hardware
//! address and owner, whose network addresses change from lap to lap.

use sha2::{Digest, Sha256};

use crate::avro::Encoder;
use crate::sink::Event;
use crate::time;
use crate::topic::Topic;

/// How many devices there are. Tables keyed by the hardware address stop
/// growing there.
const POPULATION: u64 = 5_000;

const FIRST: [&str; 16] = [
    "Amina", "Bastien", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hiro", "Ingrid", "Jonas",
    "Keiko", "Lucía", "Mateus", "Nadia", "Oskar", "Priya",
];
const LAST: [&str; 16] = [
    "Ashdown",
    "Bergström",
    "Castellan",
    "Dunmore",
    "Eastlake",
    "Fairwind",
    "Grünwald",
    "Hollis",
    "Ibarra",
    "Juniper",
    "Kestrel",
    "Lindqvist",
    "Marlowe",
    "Nightingale",
    "Okafor",
    "Penrose",
];
/// The owner that the stack's example models ask for.
const CYRIL: &str = "Cyril Yellowlea";

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its address.
    pub device_ip: String,
    /// Its hardware address, one of those that nobody was given.
    pub mac_address: String,
    /// Whose it is.
    pub owner: String,
}

/// The record with this number. Equal seeds and numbers make equal records.
pub fn device(seed: u64, number: u64) -> Device {
    let (lap, index) = (number / POPULATION, number % POPULATION);
    let fixed = bytes(&[b"device", &seed.to_be_bytes(), &index.to_be_bytes()]);
    let changing = bytes(&[b"address", &fixed, &lap.to_be_bytes()]);
    Device { device_ip: ip(&changing), mac_address: mac(2, &fixed), owner: owner(index, &fixed) }
}

/// A record for a proof: equal marks make equal records, and no device of the
/// population has that hardware address.
pub fn marked(mark: &str) -> Device {
    let fixed = bytes(&[b"mark", mark.as_bytes()]);
    Device { device_ip: ip(&fixed), mac_address: mac(6, &fixed), owner: mark.to_owned() }
}

/// The record as Kafka gets it.
pub fn event(device: &Device) -> Event {
    let mut value = Encoder::default();
    value.text(&device.device_ip).text(&device.mac_address).text(&device.owner);
    Event {
        topic: Topic::Devices,
        key: device.mac_address.clone(),
        at: time::now(),
        value: value.finish(),
    }
}

fn bytes(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

fn ip(bytes: &[u8; 32]) -> String {
    // No network's own address and no broadcast address.
    format!("10.{}.{}.{}", bytes[16], bytes[17], bytes[18] % 254 + 1)
}

/// `kind` is a first byte with the bit of addresses that are given locally.
fn mac(kind: u8, bytes: &[u8; 32]) -> String {
    let rest: Vec<String> = bytes[..5].iter().map(|byte| format!(":{byte:02x}")).collect();
    format!("{kind:02x}{}", rest.concat())
}

/// Owners repeat; every hundredth device is Cyril's.
fn owner(index: u64, bytes: &[u8; 32]) -> String {
    if index % 100 == 7 {
        return CYRIL.to_owned();
    }
    let first = FIRST[usize::from(bytes[8]) % FIRST.len()];
    let last = LAST[usize::from(bytes[9]) % LAST.len()];
    format!("{first} {last}")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn equal_seeds_make_equal_devices() {
        assert_eq!(device(1, 42), device(1, 42));
        assert_ne!(device(1, 42), device(2, 42));
        let text = format!("{:?}", device(1, 7));
        assert!(text.contains("Cyril Yellowlea"), "{text}");
    }

    #[test]
    fn the_population_is_bounded_and_its_addresses_change() {
        let macs: BTreeSet<String> =
            (0..2 * POPULATION).map(|number| device(1, number).mac_address).collect();
        assert_eq!(macs.len(), 5_000);
        let (before, after) = (device(1, 3), device(1, 3 + POPULATION));
        assert_eq!((&before.mac_address, &before.owner), (&after.mac_address, &after.owner));
        assert_ne!(before.device_ip, after.device_ip);
    }

    #[test]
    fn owners_repeat() {
        let mut owners: BTreeMap<String, u32> = BTreeMap::new();
        for number in 0..POPULATION {
            *owners.entry(device(1, number).owner).or_default() += 1;
        }
        assert_eq!(owners[CYRIL], 50);
        assert!(owners.len() > 200 && owners.values().all(|count| *count > 1), "{owners:?}");
    }

    #[test]
    fn addresses_are_addresses() {
        for number in 0..500 {
            let device = device(9, number);
            let ip: std::net::Ipv4Addr = device.device_ip.parse().unwrap();
            assert!(ip.is_private() && !matches!(ip.octets()[3], 0 | 255));
            assert_eq!(device.mac_address.len(), 17);
            assert!(device.mac_address.starts_with("02:"));
        }
        assert!(marked("abc").mac_address.starts_with("06:"));
        assert_eq!(marked("abc"), marked("abc"));
    }
}
