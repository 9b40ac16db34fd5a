//! `/sys/class/watchdog`: the timers that restart a host that hangs.

use super::attributes::{Attribute, number};
use super::devices::Class;
use crate::encoder::Family;

const fn watchdog(
    file: &'static str,
    name: &'static str,
    help: &'static str,
    constant: bool,
) -> Attribute {
    Attribute { file, family: Family::gauge(name, help), read: number, constant }
}

/// Watchdogs, as far as the kernel was built to tell of them.
pub const CLASS: Class = Class {
    name: "watchdog",
    folder: "class/watchdog",
    what: "watchdog",
    label: "name",
    numbers: &[
        watchdog(
            "access_cs0",
            "node_watchdog_access_cs0",
            "1 if the alternative boot memory is in use.",
            true,
        ),
        watchdog(
            "bootstatus",
            "node_watchdog_bootstatus",
            "Why the host started: bits of the driver, 32 for the watchdog itself.",
            true,
        ),
        watchdog("fw_version", "node_watchdog_fw_version", "Version of the firmware.", true),
        watchdog("nowayout", "node_watchdog_nowayout", "1 if it cannot be stopped.", true),
        watchdog(
            "pretimeout",
            "node_watchdog_pretimeout_seconds",
            "Seconds before the end at which it warns.",
            true,
        ),
        watchdog("timeleft", "node_watchdog_timeleft_seconds", "Seconds left.", false),
        watchdog(
            "timeout",
            "node_watchdog_timeout_seconds",
            "Seconds without a sign of life after which it restarts the host.",
            true,
        ),
    ],
    info: Family::gauge("node_watchdog_info", "What the watchdog is; always 1."),
    words: &[
        ("options", "options"),
        ("identity", "identity"),
        ("state", "state"),
        ("status", "status"),
        ("pretimeout_governor", "pretimeout_governor"),
    ],
    empty: true,
};
