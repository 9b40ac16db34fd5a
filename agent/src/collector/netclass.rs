//! `/sys/class/net`: the state of interfaces.

use std::path::{Path, PathBuf};

use super::Collector;
use super::attributes::{Attribute, Device, class, encode, hexadecimal, number, word};
use super::netdev::of_a_pod;
use super::rescan::Rescan;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::scan;
use crate::settings::{Filter, Settings};
use crate::value::Value;

const fn attribute(
    file: &'static str,
    family: Family,
    read: fn(&[u8]) -> Option<Value>,
    constant: bool,
) -> Attribute {
    Attribute { file, family, read, constant }
}

/// Up or not; any other word is not.
fn up(content: &[u8]) -> Option<Value> {
    let word = content.trim_ascii();
    (!word.is_empty()).then(|| Value::from(word == b"up"))
}

/// Megabits a second, shown in bytes a second: also the -1 that the kernel
/// says when it knows no speed, as `node_exporter` does.
fn speed(content: &[u8]) -> Option<Value> {
    Some(Value::signed(scan::attribute(content)?.checked_mul(125_000)?, 0))
}

/// What an interface has. Only the state of the link is read at each scrape.
pub const TABLE: [Attribute; 19] = [
    attribute(
        "addr_assign_type",
        Family::gauge("node_network_address_assign_type", "How the hardware address was assigned."),
        number,
        true,
    ),
    attribute(
        "carrier",
        Family::gauge("node_network_carrier", "1 if the link is there."),
        number,
        false,
    ),
    attribute(
        "carrier_changes",
        Family::counter("node_network_carrier_changes_total", "Times the link came or went."),
        number,
        false,
    ),
    attribute(
        "carrier_down_count",
        Family::counter("node_network_carrier_down_changes_total", "Times the link went."),
        number,
        false,
    ),
    attribute(
        "carrier_up_count",
        Family::counter("node_network_carrier_up_changes_total", "Times the link came."),
        number,
        false,
    ),
    attribute(
        "dev_id",
        Family::gauge("node_network_device_id", "Tells interfaces with one address apart."),
        hexadecimal,
        true,
    ),
    attribute(
        "dormant",
        Family::gauge(
            "node_network_dormant",
            "1 if the interface waits for something, such as a login.",
        ),
        number,
        true,
    ),
    attribute(
        "flags",
        Family::gauge("node_network_flags", "The interface's flags."),
        hexadecimal,
        true,
    ),
    attribute(
        "ifindex",
        Family::gauge("node_network_iface_id", "The interface's number."),
        number,
        true,
    ),
    attribute(
        "iflink",
        Family::gauge("node_network_iface_link", "The number of the interface it is based on."),
        number,
        true,
    ),
    attribute(
        "link_mode",
        Family::gauge("node_network_iface_link_mode", "How the link's mode is chosen."),
        number,
        true,
    ),
    attribute("mtu", Family::gauge("node_network_mtu_bytes", "The largest packet."), number, true),
    attribute(
        "name_assign_type",
        Family::gauge("node_network_name_assign_type", "How the name was assigned."),
        number,
        true,
    ),
    attribute(
        "netdev_group",
        Family::gauge("node_network_net_dev_group", "The interface's group."),
        number,
        true,
    ),
    attribute(
        "type",
        Family::gauge("node_network_protocol_type", "The kind of hardware, as ARP numbers it."),
        number,
        true,
    ),
    attribute(
        "statistics/rx_nohandler",
        Family::counter(
            "node_network_receive_nohandler_total",
            "Packets received that nobody wanted.",
        ),
        number,
        false,
    ),
    attribute(
        "speed",
        Family::gauge(
            "node_network_speed_bytes",
            "Speed of the link in bytes a second; below 0 when unknown.",
        ),
        speed,
        false,
    ),
    attribute(
        "tx_queue_len",
        Family::gauge("node_network_transmit_queue_length", "Packets the send queue holds."),
        number,
        true,
    ),
    attribute(
        "operstate",
        Family::gauge("node_network_up", "1 if the interface is up."),
        up,
        false,
    ),
];

/// Of the table, what the kernel makes of the two after it.
const CHANGES: usize = 2;
const DOWN: usize = 3;
const UP: usize = 4;

const INFO: Family =
    Family::gauge("node_network_info", "Addresses and state of the interface; always 1.");

/// What is said of an interface in words, in the order of [`LABELS`].
type Words = [Vec<u8>; 6];
const LABELS: [&str; 6] = ["address", "adminstate", "broadcast", "duplex", "ifalias", "operstate"];

fn words(folder: &Path, flags: &[u8], state: &[u8]) -> Words {
    let read = |file: &str| word(&folder.join(file));
    let up = str::from_utf8(flags).ok().is_some_and(|flags| {
        let flags =
            flags.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        flags.is_some_and(|flags| flags & 1 == 1)
    });
    [
        read("address"),
        if up { b"up".to_vec() } else { b"down".to_vec() },
        read("broadcast"),
        read("duplex"),
        read("ifalias"),
        state.to_vec(),
    ]
}

/// The collector.
#[derive(Debug)]
pub struct Netclass {
    class: PathBuf,
    filter: Filter,
    devices: Vec<Device>,
    words: Vec<Words>,
    rescan: Rescan,
}

impl Netclass {
    /// Reads below sysfs.
    pub fn new(settings: &Settings) -> Self {
        Self {
            class: settings.sysfs.join("class/net"),
            filter: settings.interfaces.clone(),
            devices: Vec::new(),
            words: Vec::new(),
            rescan: Rescan::default(),
        }
    }

    fn find(&mut self, scratch: &mut Vec<u8>) -> Result<(), Failure> {
        let found = class(&self.class, "network interface")?.into_iter();
        let shown = found.filter(|(name, folder)| {
            // There is a file among the folders: bonding_masters.
            folder.is_dir() && self.filter.keeps(name.as_bytes(), || !of_a_pod(name.as_bytes()))
        });
        (self.devices, self.words) = shown
            .map(|(name, folder)| {
                let [flags, state] = ["flags", "operstate"].map(|file| word(&folder.join(file)));
                let words = words(&folder, &flags, &state);
                let known = [("flags", &flags[..]), ("operstate", &state)];
                let mut device = Device::new(name, folder, &TABLE, &known, scratch);
                device.add_up(CHANGES, [DOWN, UP]);
                (device, words)
            })
            .unzip();
        Ok(())
    }
}

impl Collector for Netclass {
    fn name(&self) -> &'static str {
        "netclass"
    }

    fn collect(&mut self, scratch: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        if self.rescan.due() {
            self.find(scratch)?;
        } else {
            for device in &mut self.devices {
                device.refresh(&TABLE, scratch);
            }
        }
        encode(&TABLE, "device", &self.devices, out);
        out.family(&INFO);
        for (device, words) in self.devices.iter().zip(&self.words) {
            let [address, admin, broadcast, duplex, alias, state] = words;
            let labels = [
                (LABELS[0], &address[..]),
                (LABELS[1], admin),
                (LABELS[2], broadcast),
                ("device", device.name.as_bytes()),
                (LABELS[3], duplex),
                (LABELS[4], alias),
                (LABELS[5], state),
            ];
            out.sample(&INFO, &labels, true);
        }
        Ok(())
    }
}
