//! One file missing or broken: its collector says so, the others go on.

use std::path::Path;

use terrarium_agent::agent::Agent;
use terrarium_agent::encoder::Format;
use terrarium_agent::selection::Selection;
use terrarium_agent::settings::Settings;

use crate::exposition::{self, Page};
use crate::running::fixture;

/// Copies a folder; links stay links.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            let link = std::fs::read_link(entry.path()).unwrap();
            std::os::unix::fs::symlink(link, target).unwrap();
        } else if kind.is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The page of a Pi 5 after `change` was done to its files.
fn page(change: impl Fn(&Path)) -> Page {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture("pi5"), folder.path());
    change(folder.path());
    let below = |name: &str| folder.path().join(name);
    let settings = Settings { procfs: below("proc"), sysfs: below("sys"), ..Settings::default() };
    let page = Agent::new(&settings).unwrap().render(&Selection::All, Format::Text);
    exposition::read_unique(&page).unwrap()
}

fn failed(page: &Page) -> Vec<&str> {
    page["node_scrape_collector_success"]
        .samples
        .iter()
        .filter(|sample| sample.value == "0")
        .map(|sample| sample.labels["collector"].as_str())
        // No Pi has what the one reads, and no folder the firmware the other asks.
        .filter(|collector| !["dmi", "rpi"].contains(collector))
        .collect()
}

/// A file, and the collectors that cannot do without it.
const FILES: [(&str, &[&str]); 9] = [
    ("proc/stat", &["cpu", "stat"]),
    ("proc/diskstats", &["diskstats"]),
    ("proc/1/mountinfo", &["filesystem"]),
    ("sys/class/hwmon/hwmon0/temp1_input", &["hwmon"]),
    ("proc/loadavg", &["loadavg"]),
    ("proc/meminfo", &["meminfo"]),
    ("proc/net/dev", &["netdev"]),
    ("proc/pressure/io", &["pressure"]),
    ("sys/class/thermal/thermal_zone0/temp", &["thermal_zone"]),
];

#[test]
fn with_nothing_broken_nothing_fails() {
    assert_eq!(failed(&page(|_| {})), [""; 0]);
}

#[test]
fn a_broken_file_fails_its_collector_only() {
    for (file, collectors) in FILES {
        for garbage in [&b"\xff\x00garbage\n"[..], b"1 two 3 4 5 6 7 8 x: y\n", b":"] {
            let page = page(|root| std::fs::write(root.join(file), garbage).unwrap());
            assert_eq!(failed(&page), collectors, "{file} {garbage:?}");
        }
    }
}

#[test]
fn a_missing_file_fails_its_collector_only() {
    for (file, collectors) in FILES {
        // A sensor that is not there is no sensor.
        if !file.ends_with("temp1_input") {
            let page = page(|root| std::fs::remove_file(root.join(file)).unwrap());
            assert_eq!(failed(&page), collectors, "{file}");
        }
    }
}

#[test]
fn a_host_without_sensors_or_pressure_says_so() {
    let page = page(|root| {
        for folder in ["sys/class/hwmon", "sys/class/thermal", "proc/pressure"] {
            std::fs::remove_dir_all(root.join(folder)).unwrap();
        }
    });
    assert_eq!(failed(&page), ["hwmon", "pressure", "thermal_zone"]);
}

#[test]
fn a_kernel_without_irq_pressure_lacks_nothing() {
    let page = page(|root| std::fs::remove_file(root.join("proc/pressure/irq")).unwrap());
    assert_eq!(failed(&page), [""; 0]);
    assert!(!page.contains_key("node_pressure_irq_stalled_seconds_total"));
}

#[test]
fn a_broken_line_costs_only_itself() {
    let page = page(|root| {
        let file = root.join("proc/net/dev");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, text.replace("4102331", "many")).unwrap();
    });
    assert_eq!(failed(&page), ["netdev"]);
    let devices: Vec<&str> = page["node_network_receive_bytes_total"]
        .samples
        .iter()
        .map(|sample| sample.labels["device"].as_str())
        .collect();
    assert_eq!(devices, ["lo", "wlan0", "flannel.1", "cni0"]);
}

#[test]
fn without_process_1_s_mounts_the_agent_s_own_are_shown() {
    let page = page(|root| {
        std::fs::create_dir(root.join("proc/self")).unwrap();
        std::fs::rename(root.join("proc/1/mountinfo"), root.join("proc/self/mountinfo")).unwrap();
    });
    assert_eq!(failed(&page), [""; 0]);
    assert!(page["node_filesystem_readonly"].samples.len() >= 4);
}
