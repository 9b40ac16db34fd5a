//! The page for a Pi 5's files, to the letter.

use std::path::Path;
use std::process::Command;

use crate::build::artifact;
use crate::exposition;
use crate::running::{Running, agent, fixture};

/// Series whose values are the machine's the test runs on.
const OF_THIS_MACHINE: [&str; 14] = [
    "node_exporter_build_info{",
    "node_filesystem_avail_bytes{",
    "node_filesystem_files{",
    "node_filesystem_files_free{",
    "node_filesystem_free_bytes{",
    "node_filesystem_size_bytes{",
    "node_scrape_collector_duration_seconds{",
    "node_time_seconds ",
    "node_timex_",
    "node_uname_info{",
    "process_",
    "rpi_board_info{",
    "terrarium_agent_build_info{",
    "terrarium_agent_host_info{",
];

/// The page with what is this machine's made the same on every machine: of
/// names and build facts the label values, of all of them the value.
fn masked(page: &str) -> String {
    let mask = |line: &str| {
        if !OF_THIS_MACHINE.iter().any(|start| line.starts_with(start)) {
            return format!("{line}\n");
        }
        let (series, _) = line.rsplit_once(' ').unwrap();
        if !series.contains("_info{") {
            return format!("{series} …\n");
        }
        let odd_parts_are_values = |(at, part)| if at % 2 == 0 { part } else { "…" };
        let parts: Vec<&str> = series.split('"').enumerate().map(odd_parts_are_values).collect();
        format!("{} …\n", parts.join("\""))
    };
    page.lines().map(mask).collect()
}

/// The root file system of the fixture: the folders its mounts are on, but for
/// the one that is absent.
pub(crate) fn rootfs(at: &Path) {
    for folder in ["boot/firmware", "run", "mnt/data disk"] {
        std::fs::create_dir_all(at.join(folder)).unwrap();
    }
    std::fs::create_dir_all(at.join("etc")).unwrap();
    let release = "ID=debian\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\n";
    std::fs::write(at.join("etc/os-release"), release).unwrap();
}

/// The flags that turn a program to the fixture.
pub(crate) fn flags(rootfs: &Path) -> [String; 3] {
    let flag = |name: &str, path: &Path| format!("--path.{name}={}", path.display());
    [
        flag("procfs", &fixture("pi5/proc")),
        flag("sysfs", &fixture("pi5/sys")),
        flag("rootfs", rootfs),
    ]
}

/// The page that `program` makes of the fixture, with what is off by default too.
fn page(program: &mut Command) -> String {
    let root = tempfile::tempdir().unwrap();
    rootfs(root.path());
    let off_by_default = ["interrupts", "processes", "tcpstat"];
    let all = off_by_default.map(|collector| format!("--collector.{collector}"));
    let running = Running::start(program.args(flags(root.path())).args(all));
    let page = running.get("/metrics");
    exposition::read_unique(&page).unwrap();
    masked(str::from_utf8(&page).unwrap())
}

#[test]
fn the_page_of_a_pi_5() {
    insta::assert_snapshot!(page(&mut agent()));
}

#[test]
fn the_arm64_program_makes_the_same_page() {
    let (program, _folder) = artifact("aarch64");
    let emulated = page(Command::new("qemu-aarch64-static").arg(program));
    assert_same(&page(&mut agent()), &emulated);
}

/// The first line in which two pages differ is said, not both pages.
fn assert_same(native: &str, emulated: &str) {
    for (native, emulated) in native.lines().zip(emulated.lines()) {
        assert_eq!(native, emulated);
    }
    assert_eq!(native.lines().count(), emulated.lines().count());
}
