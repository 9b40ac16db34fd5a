//! A hundred thousand contents of files that no kernel wrote: no parser
//! panics, hangs, or holds on to memory, and what it writes is well formed.
//!
//! The contents come from a fixed seed: a run that fails fails again.

use std::path::Path;

use terrarium_agent::cgroup::{Readings, files};
use terrarium_agent::collector::{
    arp, conntrack, cpu, diskstats, filesystem, interrupts, loadavg, mdadm, meminfo, mountinfo,
    netdev, netstat, numbers, os, pressure, processes, schedstat, sockstat, softnet, stat, systemd,
    tcpstat, textfile, udp_queues, vmstat,
};
use terrarium_agent::encoder::{Encoder, Format};
use terrarium_agent::settings::Filter;

use crate::exposition;
use crate::running::fixture;

/// Contents in all.
const CONTENTS: usize = 100_000;

/// What a parser may have allocated at a time, its input and page included.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// Takes a file's content in as the collector does, and writes the page.
type Take = Box<dyn FnMut(&[u8], &mut Encoder)>;

/// A file of a fixture and who reads it. Each keeps its state from one content
/// to the next.
type Target = (&'static str, fn() -> Take);

fn stateless(take: impl Fn(&[u8], &mut Encoder) + 'static) -> Take {
    Box::new(take)
}

const TARGETS: [Target; 33] = [
    ("pi5/proc/net/arp", || {
        stateless(|input, out| drop(arp::encode(input, &Filter::default(), out)))
    }),
    ("pi5/proc/net/stat/nf_conntrack", || {
        stateless(|input, out| drop(conntrack::encode(input, out)))
    }),
    ("pi5/proc/stat", || {
        let mut shown = cpu::Shown::default();
        Box::new(move |input, out| drop(cpu::encode(input, &mut shown, out)))
    }),
    ("pi5/proc/diskstats", || {
        let mut devices = diskstats::Devices::default();
        Box::new(move |input, out| {
            drop(diskstats::encode(input, &Filter::default(), &mut devices, out));
        })
    }),
    ("pi5/proc/1/mountinfo", || {
        stateless(|input, out| {
            let (found, _) =
                mountinfo::mounts(input, Path::new("/absent"), &mountinfo::Shown::default());
            let asked: Vec<_> =
                found.into_iter().map(|mount| (mount, Err(filesystem::Trouble::Late))).collect();
            filesystem::encode(&asked, out);
        })
    }),
    ("pi5/proc/interrupts", || stateless(|input, out| drop(interrupts::encode(input, out)))),
    ("pi5/proc/loadavg", || stateless(|input, out| drop(loadavg::encode(input, out)))),
    ("pi5/proc/mdstat", || {
        let mut arrays = Vec::new();
        Box::new(move |input, out| {
            mdadm::parse(input, &mut arrays);
            mdadm::encode(input, &arrays, out);
        })
    }),
    ("pi5/proc/meminfo", || stateless(|input, out| drop(meminfo::encode(input, out)))),
    ("pi5/proc/net/dev", || {
        let mut interfaces = netdev::Interfaces::default();
        Box::new(move |input, out| {
            drop(netdev::encode(input, &Filter::default(), &mut interfaces, out));
        })
    }),
    ("pi5/proc/net/netstat", || {
        stateless(|input, out| drop(netstat::encode_pairs(input, "net/netstat", out)))
    }),
    ("pi5/proc/net/snmp", || {
        stateless(|input, out| drop(netstat::encode_pairs(input, "net/snmp", out)))
    }),
    ("pi5/proc/net/snmp6", || stateless(|input, out| drop(netstat::encode_snmp6(input, out)))),
    ("pi5/proc/sys/fs/file-nr", || {
        stateless(|input, out| {
            let families = numbers::FILEFD.files[0].families;
            for (number, (_, family)) in
                numbers::parse::<2>(input, families).iter().flatten().zip(families)
            {
                out.single(family, *number);
            }
        })
    }),
    ("pi5/proc/pressure/io", || {
        stateless(|input, out| {
            for resource in &pressure::RESOURCES {
                drop(pressure::encode(resource, input, out));
            }
        })
    }),
    ("pi5/proc/812/stat", || {
        stateless(|input, out| {
            let mut count = processes::Count::default();
            count.take(input);
            processes::encode(&count, [None, Some(1)], out);
        })
    }),
    ("pi5/proc/schedstat", || {
        let mut rows = schedstat::Processors::default();
        Box::new(move |input, out| drop(schedstat::encode(input, &mut rows, out)))
    }),
    ("pi5/proc/net/sockstat", || stateless(|input, out| drop(sockstat::encode(input, 16384, out)))),
    ("pi5/proc/net/sockstat6", || {
        stateless(|input, out| drop(sockstat::encode(input, 16384, out)))
    }),
    ("pi5/proc/net/softnet_stat", || {
        let mut rows = softnet::Processors::default();
        Box::new(move |input, out| drop(softnet::encode(input, &mut rows, out)))
    }),
    ("pi5/proc/stat", || stateless(|input, out| drop(stat::encode(input, out)))),
    ("pi5/proc/net/tcp", || {
        stateless(|input, out| {
            let mut count = tcpstat::Count::default();
            tcpstat::take(input, &mut count);
            tcpstat::encode(&count, out);
        })
    }),
    ("pi5/proc/net/tcp6", || {
        stateless(|input, out| {
            let mut count = tcpstat::Count::default();
            tcpstat::take(input, &mut count);
            tcpstat::encode(&count, out);
        })
    }),
    ("pi5/proc/net/udp", || {
        stateless(|input, out| {
            let sum = udp_queues::sum(input);
            udp_queues::encode([("v4", sum), ("v6", None)], out);
        })
    }),
    ("pi5/proc/net/udp6", || {
        stateless(|input, out| {
            let sum = udp_queues::sum(input);
            udp_queues::encode([("v4", None), ("v6", sum)], out);
        })
    }),
    ("pi5/proc/vmstat", || stateless(|input, out| drop(vmstat::encode(input, out)))),
    // Any text does to begin with for what follows.
    ("pi5/proc/loadavg", || {
        stateless(|input, out| {
            let text = String::from_utf8_lossy(input);
            os::encode(&os::parse(&format!("ID={text}\nVERSION_ID={text}")), None, out);
        })
    }),
    ("pi5/proc/meminfo", || {
        stateless(|input, _| {
            let mut out = Encoder::default();
            textfile::encode(&[("/x.prom".into(), input.to_vec())], &mut out);
        })
    }),
    ("pi5/proc/net/arp", || {
        stateless(|input, _| {
            let _ = (systemd::wire::answer(input), systemd::wire::property(input));
            if let Some(units) = systemd::wire::units(input) {
                assert!(units.len() <= input.len());
            }
        })
    }),
    ("pods-v2/cpu.stat", || stateless(|input, _| cgroup(input))),
    ("pods-v2/memory.stat", || stateless(|input, _| cgroup(input))),
    ("pods-v2/io.stat", || stateless(|input, _| cgroup(input))),
    ("pods-v1/memory.stat", || stateless(|input, _| cgroup(input))),
];

/// Every file of a control group, of both versions, from the same content.
fn cgroup(input: &[u8]) {
    let mut readings = Readings::default();
    for file in files::V2.iter().chain(&files::V1) {
        (file.parse)(input, &mut readings);
    }
}

/// The file's content; of a control group that of the first of its name.
fn content(file: &str) -> Vec<u8> {
    let path = fixture(file);
    if path.is_file() {
        return std::fs::read(path).unwrap();
    }
    let (tree, name) = file.split_once('/').unwrap();
    let mut folders = vec![fixture(tree)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|found| found == name) {
                return std::fs::read(path).unwrap();
            }
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            }
        }
    }
    panic!("{file}: no such file in the fixture");
}

/// Marsaglia's xorshift: chance that can be repeated.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}

/// What stands in files where it breaks something, if anything does.
const BITS: [&[u8]; 16] = [
    b"",
    b"\n",
    b"\n\n",
    b" ",
    b"\t",
    b":",
    b"\0",
    b"\xff\xfe",
    b"-1",
    b"18446744073709551615",
    b"18446744073709551616",
    b"99999999999999999999999999",
    b"0x",
    b"ffffffff",
    b"\"\\",
    b"[U_] (S)",
];

/// A true content with parts replaced, repeated or cut off; now and then noise.
fn spoilt(content: &[u8], chance: &mut Chance) -> Vec<u8> {
    if chance.below(16) == 0 {
        let length = chance.below(400);
        return (0..length).map(|_| chance.byte()).collect();
    }
    let mut content = content.to_vec();
    for _ in 0..=chance.below(4) {
        let start = chance.below(content.len());
        let end = (start + chance.below(40)).min(content.len());
        match chance.below(5) {
            0 => content.truncate(start),
            1 => {
                let part = content[start..end].to_vec();
                content.splice(start..start, part);
            }
            2 => drop(content.drain(start..end)),
            3 if start < content.len() => content[start] = chance.byte(),
            _ => drop(content.splice(start..end, BITS[chance.below(BITS.len())].iter().copied())),
        }
    }
    content
}

/// Feeds a parser its share.
fn feed(nth: usize, (file, target): Target) {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ (nth as u64 + 1));
    let content = content(file);
    let mut take = target();
    let mut out = Encoder::default();
    for _ in 0..CONTENTS.div_ceil(TARGETS.len()) {
        let input = spoilt(&content, &mut chance);
        out.begin(0, Format::Text);
        take(&input, &mut out);
        // That a name comes once is for the kernel to see to.
        match exposition::read(out.page()) {
            Err(fault) if !fault.starts_with("a family a second time") => {
                panic!("{file}: {fault}, of {:?}", String::from_utf8_lossy(&input))
            }
            _ => {}
        }
    }
}

#[test]
fn a_hundred_thousand_spoilt_files_neither_break_nor_stop_nor_fill_anything() {
    for (nth, target) in TARGETS.into_iter().enumerate() {
        let memory = allocation_counter::measure(|| feed(nth, target));
        assert_eq!(memory.bytes_current, 0, "{}", target.0);
        assert!(memory.bytes_max < MOST_BYTES, "{}: {} bytes", target.0, memory.bytes_max);
    }
}
