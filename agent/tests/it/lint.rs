//! `promtool` on the page: no worse than on `node_exporter`'s.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::golden;
use crate::manager::Manager;
use crate::peers;
use crate::running::{Running, agent};

/// What promtool finds, a line each: `name what is wrong with it`.
pub(crate) fn findings(page: &[u8]) -> BTreeSet<String> {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("promtool: {error}; apt-get install prometheus"));
    let mut stdin = promtool.stdin.take().unwrap();
    let page = page.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&page));
    let output = promtool.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let text = String::from_utf8([output.stderr, output.stdout].concat()).unwrap();
    // 3: the page is fine, its style is not.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{text}");
    assert!(!text.contains("error while linting"), "{text}");
    text.lines().map(str::to_owned).collect()
}

/// Findings on names that are `node_exporter`'s, which this machine's has no
/// occasion to show or is too old for; the remark is on the name itself.
const NODE_EXPORTERS_NAMES: [(&str, &str); 4] = [
    ("node_memory_", "camelCase, as the kernel writes it"),
    ("node_netstat_", "camelCase, as the kernel writes it"),
    ("node_hwmon_", "kelvin and such are no units of sensors"),
    ("node_entropy_", "bits, not bytes"),
];

#[test]
fn promtool_finds_nothing_that_it_does_not_find_in_node_exporter() {
    let folder = tempfile::tempdir().unwrap();
    golden::rootfs(folder.path());
    let manager = Manager::start(folder.path());
    let all = ["interrupts", "processes", "systemd", "tcpstat"]
        .map(|collector| format!("--collector.{collector}"));
    for flags in [&[][..], &golden::flags(folder.path())] {
        let page = |command: &mut Command| {
            let command =
                command.args(flags).args(&all).env("DBUS_SYSTEM_BUS_ADDRESS", &manager.address);
            findings(&Running::start(command).get("/metrics"))
        };
        let theirs = page(&mut peers::exporter());
        let ours = page(&mut agent());
        let more: Vec<_> = ours
            .difference(&theirs)
            .filter(|finding| !peers::listed(&NODE_EXPORTERS_NAMES, finding))
            .collect();
        assert!(more.is_empty(), "{more:#?}");
        assert!(!theirs.is_empty(), "promtool finds nothing at all");
    }
}
