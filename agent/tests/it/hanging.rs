//! What hangs costs a page its own part, and that says so.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::exposition::{self, Page};
use crate::fuse::Served;
use crate::running::{Running, agent, copy, fixture};

/// What Prometheus' shortest intervals leave.
const IN_TIME: Duration = Duration::from_secs(1);

/// An answer's body; it has to come in time.
fn in_time(running: &Running, path: &str) -> (u16, Vec<u8>) {
    let mut connection = running.connect();
    let start = Instant::now();
    let answer = connection.get(path);
    let took = start.elapsed();
    assert!(took < IN_TIME, "{path} took {took:?}");
    (answer.status, answer.body)
}

pub(crate) fn page(running: &Running) -> Page {
    let (status, body) = in_time(running, "/metrics");
    assert_eq!(status, 200);
    exposition::read_unique(&body).unwrap()
}

pub(crate) fn failed(page: &Page) -> Vec<&str> {
    let samples = &page["node_scrape_collector_success"].samples;
    let failed = samples.iter().filter(|sample| sample.value == "0");
    failed.map(|sample| sample.labels["collector"].as_str()).collect()
}

/// Asks until `is` so: what hung comes back on its own time.
pub(crate) fn until(running: &Running, is: impl Fn(&Page) -> bool) -> Page {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let page = page(running);
        if is(&page) {
            return page;
        }
        assert!(Instant::now() < deadline, "it did not come back: {:?}", failed(&page));
        std::thread::yield_now();
    }
}

/// An agent and what it reads. The latter goes on before the agent ends: it could
/// not while it waits for an answer.
pub(crate) struct Beside {
    pub(crate) served: Served,
    pub(crate) running: Running,
}

impl Beside {
    pub(crate) fn start(served: Served, on: &[&Path], agent: &Command) -> Self {
        let running = Running::start(&mut served.mounted(on, agent));
        Self { served, running }
    }
}

/// A fixture in a folder of its own.
pub(crate) fn host() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["pi5/proc", "pi5/sys"] {
        copy(part, folder.path());
    }
    std::fs::create_dir(folder.path().join("etc")).unwrap();
    std::fs::write(folder.path().join("etc/os-release"), "ID=debian\nNAME=Debian\n").unwrap();
    folder
}

pub(crate) fn flags(host: &Path) -> [String; 3] {
    [("procfs", "proc"), ("sysfs", "sys"), ("rootfs", "")]
        .map(|(flag, part)| format!("--path.{flag}={}", host.join(part).display()))
}

#[test]
fn mounts_of_every_served_type_may_hang() {
    let host = host();
    let types = [
        "fuse",
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuseblk",
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "9p",
        "ceph",
        "glusterfs",
        "afs",
        "autofs",
        "virtiofs",
        "ecryptfs",
        "lustre",
        "overlay",
        "never-heard-of",
    ];
    let mut mounts = String::from("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n");
    let mut places: Vec<PathBuf> = Vec::new();
    for (at, fstype) in types.iter().enumerate() {
        let (id, device) = (at + 2, at + 40);
        writeln!(mounts, "{id} 1 0:{device} / /mnt/{at} rw - {fstype} served rw").unwrap();
        places.push(host.path().join(format!("mnt/{at}")));
    }
    // A disk of this host, reached through a mount that hangs.
    mounts += "90 2 8:17 / /mnt/0/disk rw - ext4 /dev/sdb1 rw\n";
    std::fs::write(host.path().join("proc/1/mountinfo"), mounts).unwrap();
    for place in &places {
        std::fs::create_dir_all(place).unwrap();
    }
    let served = Served::of(&fixture("pi5/sys/class"));
    let places: Vec<&Path> = places.iter().map(PathBuf::as_path).collect();
    let mut agent = agent();
    agent.args(flags(host.path())).arg("--collector.filesystem.fs-types-exclude=^never$");
    let Beside { served, running } = &Beside::start(served, &places, &agent);
    let errors = |page: &Page| {
        let samples = page.get("node_filesystem_device_error").map(|family| &family.samples);
        samples.into_iter().flatten().filter(|sample| sample.value == "1").count()
    };
    // There is no folder for the disk.
    until(running, |page| errors(page) == 1);

    served.hang("");
    for _ in 0..3 {
        let page = page(running);
        assert_eq!(errors(&page), types.len() + 1);
        assert_eq!(page["node_filesystem_size_bytes"].samples.len(), 1);
        assert_eq!(in_time(running, "/healthz").0, 200);
        assert_eq!(in_time(running, "/readyz").0, 200);
        assert_eq!(in_time(running, "/api/v1/snapshot").0, 200);
    }
    served.go_on();
    until(running, |page| errors(page) == 1);
}

#[test]
fn an_attribute_that_hangs_costs_its_collector_only() {
    let host = host();
    for (end, collector) in [
        ("hwmon0/temp1_input", "hwmon"),
        ("thermal_zone0/temp", "thermal_zone"),
        ("eth0/carrier", "netclass"),
        ("proc/meminfo", "meminfo"),
        ("proc/net/dev", "netdev"),
        ("proc/stat", "cpu"),
        ("proc/1/mountinfo", "filesystem"),
    ] {
        let served = Served::of(host.path());
        let at = tempfile::tempdir().unwrap();
        let mut agent = agent();
        agent.args(flags(at.path())).arg("--no-collector.rpi");
        let Beside { served, running } = &Beside::start(served, &[at.path()], &agent);
        let before = until(running, |page| failed(page) == ["dmi"]);

        served.hang(end);
        for _ in 0..3 {
            // The server is one thread: what is asked after it waits, too.
            let page = page(running);
            assert!(failed(&page).contains(&collector), "{end}: {:?}", failed(&page));
            assert_eq!(in_time(running, "/healthz").0, 200);
            in_time(running, "/readyz");
            in_time(running, "/api/v1/snapshot");
        }
        // What does not ask the server is there.
        let last = page(running);
        for name in ["node_uname_info", "node_time_seconds"] {
            assert!(last.contains_key(name), "{end} {name}: {:?}", failed(&last));
        }
        served.go_on();
        let after = until(running, |page| failed(page) == ["dmi"]);
        let lost = before.keys().find(|name| !after.contains_key(*name));
        assert_eq!(lost, None, "{end}");
        assert_eq!(in_time(running, "/readyz").0, 200);
        assert_eq!(in_time(running, "/api/v1/snapshot").0, 200);
    }
}

#[test]
fn a_host_that_does_not_answer_at_all_is_still_told_of() {
    let host = host();
    let served = Served::of(host.path());
    let at = tempfile::tempdir().unwrap();
    let mut agent = agent();
    agent.args(flags(at.path()));
    // From before it starts.
    served.hang("");
    let Beside { served, running } = &Beside::start(served, &[at.path()], &agent);
    assert_eq!(in_time(running, "/healthz").0, 200);
    assert_eq!(in_time(running, "/readyz").0, 503);
    let (status, said) = in_time(running, "/api/v1/snapshot");
    assert_eq!(status, 503, "{}", String::from_utf8_lossy(&said));
    served.go_on();
    until(running, |page| failed(page) == ["dmi", "rpi"]);
    assert_eq!(in_time(running, "/readyz").0, 200);
}

#[test]
fn a_pipe_in_a_file_s_place_is_waited_for_by_nobody() {
    let host = host();
    let mut files = Vec::new();
    let listed = Command::new("find").arg(host.path()).args(["-type", "f"]).output().unwrap();
    files.extend(String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned));
    for file in files {
        std::fs::remove_file(&file).unwrap();
        mknodat(CWD, &file, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    }
    let running = Running::start(agent().args(flags(host.path())));
    let page = page(&running);
    assert!(page.contains_key("node_uname_info"), "{:?}", failed(&page));
    assert!(["cpu", "meminfo", "netdev"].iter().all(|name| failed(&page).contains(name)));
    in_time(&running, "/readyz");
    in_time(&running, "/api/v1/snapshot");
    assert_eq!(running.status("Threads"), 2);
}
