//! `/sys/class/nvme`: the `NVMe` drives. Their health needs a command to the
//! drive and is the Pi collectors' matter.

use super::devices::Class;
use crate::encoder::Family;

/// Drives and what they are.
pub const CLASS: Class = Class {
    name: "nvme",
    folder: "class/nvme",
    what: "NVMe drive",
    label: "device",
    numbers: &[],
    info: Family::gauge("node_nvme_info", "What the drive is, and its state; always 1."),
    words: &[
        ("firmware_revision", "firmware_rev"),
        ("model", "model"),
        ("serial", "serial"),
        ("state", "state"),
    ],
    empty: true,
};
