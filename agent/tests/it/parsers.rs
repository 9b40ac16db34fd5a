//! Whatever a file holds, what is written is well formed.

use std::path::Path;

use proptest::prelude::*;
use terrarium_agent::collector::hwmon::{self, Chip, Sensor};
use terrarium_agent::collector::thermal_zone::{self, Zone};
use terrarium_agent::collector::{
    cpu, diskstats, filesystem, loadavg, meminfo, mountinfo, netdev, pressure, stat, textfile,
    uname,
};
use terrarium_agent::encoder::Encoder;
use terrarium_agent::settings::Filter;
use terrarium_agent::{process, scan};

use crate::exposition;
use crate::running::fixture;

/// Any bytes, or a true file with some of its bytes replaced.
fn content(file: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let content = std::fs::read(fixture("pi5/proc").join(file)).unwrap();
    let length = content.len();
    let splice = (0..length, 0..40_usize, proptest::collection::vec(any::<u8>(), 0..20));
    let spliced = proptest::collection::vec(splice, 0..4).prop_map(move |splices| {
        let mut content = content.clone();
        for (start, replaced, with) in splices {
            let start = start.min(content.len());
            let end = (start + replaced).min(content.len());
            content.splice(start..end, with);
        }
        content
    });
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..500), spliced]
}

/// Every line of `page` is right by itself. That a family or a series comes
/// once is for the kernel to see to: it names no device twice.
fn well_formed(out: &Encoder) -> Result<(), TestCaseError> {
    match exposition::read(out.page()) {
        Ok(_) => Ok(()),
        Err(fault) if fault.starts_with("a family a second time") => Ok(()),
        Err(fault) => Err(TestCaseError::fail(fault)),
    }
}

proptest! {
    #[test]
    fn cpu_and_stat(first in content("stat"), second in content("stat")) {
        let mut shown = cpu::Shown::default();
        for input in [first, second] {
            let mut out = Encoder::default();
            let _ = cpu::encode(&input, &mut shown, &mut out);
            let _ = stat::encode(&input, &mut out);
            well_formed(&out)?;
        }
    }

    #[test]
    fn tables(disks in content("diskstats"), interfaces in content("net/dev")) {
        let mut out = Encoder::default();
        let _ = diskstats::encode(&disks, &Filter::default(), &mut diskstats::Devices::default(), &mut out);
        let _ = netdev::encode(&interfaces, &Filter::default(), &mut netdev::Interfaces::default(), &mut out);
        well_formed(&out)?;
    }

    #[test]
    fn memory(input in content("meminfo")) {
        let mut out = Encoder::default();
        let _ = meminfo::encode(&input, &mut out);
        well_formed(&out)?;
    }

    #[test]
    fn load_and_pressure(load in content("loadavg"), waits in content("pressure/io")) {
        let mut out = Encoder::default();
        let _ = loadavg::encode(&load, &mut out);
        for resource in &pressure::RESOURCES {
            let _ = pressure::encode(resource, &waits, &mut out);
        }
        well_formed(&out)?;
    }

    #[test]
    fn mounts(input in content("1/mountinfo")) {
        let (found, _) = mountinfo::mounts(&input, Path::new("/absent"), &mountinfo::Shown::default());
        for mount in &found {
            prop_assert!(mount.path.starts_with("/absent"), "{:?}", mount.path);
        }
        let asked: Vec<_> = found.into_iter().map(|mount| (mount, Err(filesystem::Trouble::Late))).collect();
        let mut out = Encoder::default();
        filesystem::encode(&asked, &mut out);
        well_formed(&out)?;
    }

    #[test]
    fn sensors(names: [Vec<u8>; 2], file in "[a-z]{0,4}[0-9]{0,2}(_input|_crit)?", text: Vec<u8>) {
        let number = scan::attribute(&text);
        let [kind, name] = names;
        let zone = Zone { zone: file.clone(), kind, millidegrees: number };
        let device = Path::new("/sys/devices").join(&file);
        let sensors = hwmon::classify(&file).into_iter().map(|(kind, name)| {
            (Sensor { kind, name, number: number.or(Some(i64::MIN)) }, ())
        });
        let label = hwmon::device_label(&device);
        let name = String::from_utf8_lossy(&name).into_owned();
        let named = vec![(file.clone(), text.clone())];
        let chip = Chip { label, name, named, sensors: sensors.collect() };
        let mut out = Encoder::default();
        thermal_zone::encode([&zone].into_iter(), &mut out);
        hwmon::encode(&[chip], &[], &mut out);
        well_formed(&out)?;
    }

    #[test]
    fn names(bytes: [Vec<u8>; 6]) {
        let [domainname, machine, nodename, release, sysname, version] = bytes.each_ref();
        let mut out = Encoder::default();
        let names = uname::Names { domainname, machine, nodename, release, sysname, version };
        uname::encode(names, &mut out);
        well_formed(&out)?;
        let page = exposition::read_unique(out.page()).map_err(TestCaseError::fail)?;
        let shown = &page["node_uname_info"].samples[0].labels["nodename"];
        // Prometheus stops to read at a zero.
        prop_assert_eq!(shown, &String::from_utf8_lossy(nodename).replace('\0', "\u{fffd}"));
    }

    #[test]
    fn texts_of_others(name in "[a-z_]{0,3}", text in "[ \\t\\n#a-c0-9{}=\",.\\\\]{0,60}", bytes: Vec<u8>) {
        for input in [text.as_bytes(), &bytes, format!("# TYPE {name} gauge\n{text}").as_bytes()] {
            let mut out = Encoder::default();
            textfile::encode(&[("/x.prom".into(), input.to_vec())], &mut out);
            well_formed(&out)?;
        }
    }

    #[test]
    fn own_memory(input: Vec<u8>) {
        let numbers = process::memory(&input);
        prop_assert!(numbers.is_none() || input.contains(&b')'));
    }
}
