//! Metrics that others leave in files, to the letter and beside the real
//! `node_exporter`.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, UNIX_EPOCH};

use crate::exposition;
use crate::running::{Running, agent};

const EDGES: &str = "# HELP terrarium_edge_up 1 if the record came through.\n\
                     # TYPE terrarium_edge_up gauge\n\
                     terrarium_edge_up{edge=\"1\",from=\"fastapi\",to=\"redis\"} 1\n\
                     terrarium_edge_up{edge=\"2\",from=\"fastapi\",to=\"kafka\"} 0\n\
                     # HELP terrarium_edge_seconds How long it took.\n\
                     # TYPE terrarium_edge_seconds gauge\n\
                     terrarium_edge_seconds{edge=\"1\",from=\"fastapi\",to=\"redis\"} 0.25\n";

/// A folder of three files, each of a known age; the last one is broken.
fn folder(at: &Path) {
    for (name, text) in
        [("edges.prom", EDGES), ("plain.prom", "backups_total 7\n"), ("zz.prom", "broken\n")]
    {
        std::fs::write(at.join(name), text).unwrap();
        let file = File::options().write(true).open(at.join(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_790_000_000)).unwrap();
    }
    std::fs::write(at.join("readme.txt"), "not for Prometheus\n").unwrap();
}

/// The lines about what others left, without the folder's name.
fn passed_on(program: &mut Command, at: &Path) -> String {
    let flag = format!("--collector.textfile.directory={}", at.display());
    let page = Running::start(program.arg(flag)).get("/metrics");
    let about = |line: &&str| {
        let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        ["backups_", "node_textfile_", "terrarium_edge_"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let lines = str::from_utf8(&page).unwrap().lines().filter(about);
    lines.map(|line| format!("{line}\n").replace(at.to_str().unwrap(), "")).collect()
}

#[test]
fn what_others_left_is_on_the_page() {
    let at = tempfile::tempdir().unwrap();
    folder(at.path());
    insta::assert_snapshot!(passed_on(&mut agent(), at.path()));
    let flag = format!("--collector.textfile.directory={}", at.path().display());
    let page = Running::start(agent().arg(flag)).get("/metrics");
    // The strict reader knows the types of the host's metrics only.
    let page = str::from_utf8(&page).unwrap().replace("untyped", "gauge");
    let page = exposition::read_unique(page.as_bytes()).unwrap();
    let outcome = &page["node_scrape_collector_success"];
    let own = outcome.samples.iter().find(|sample| sample.labels["collector"] == "textfile");
    assert_eq!(own.unwrap().value, "0");
}

#[test]
fn without_the_flag_nothing_is_looked_for() {
    let page = Running::start(&mut agent()).get("/metrics");
    let page = str::from_utf8(&page).unwrap();
    assert!(page.contains("\nnode_textfile_scrape_error 0\n") && !page.contains("textfile_mtime"));
}

#[test]
fn node_exporter_shows_the_same() {
    let at = tempfile::tempdir().unwrap();
    folder(at.path());
    let mut exporter = Command::new("prometheus-node-exporter");
    exporter.args(["--collector.disable-defaults", "--collector.textfile"]);
    let theirs = passed_on(&mut exporter, at.path());
    let ours = passed_on(&mut agent(), at.path());
    // Its families are sorted, and it writes large numbers in another notation.
    let sorted = |text: &str| {
        let lines = text.lines().map(|line| line.replace("1.79e+09", "1790000000"));
        let mut lines: Vec<String> = lines.collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&ours), sorted(&theirs));
}

/// A page in time, and whether what others left could be read.
fn in_time(running: &Running) -> bool {
    let start = Instant::now();
    let page = running.get("/metrics");
    // Not optimised and beside other tests a second is short.
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    let page = str::from_utf8(&page).unwrap().to_owned();
    assert!(page.contains("node_time_seconds "));
    page.contains("\nnode_textfile_scrape_error 0\n")
}

#[test]
fn a_pipe_a_device_and_a_file_without_end_stop_no_page() {
    let at = tempfile::tempdir().unwrap();
    let running = Running::start(
        agent().arg(format!("--collector.textfile.directory={}", at.path().display())),
    );
    std::fs::write(at.path().join("a.prom"), "from_a_file 1\n").unwrap();
    assert!(in_time(&running));
    let left = |name: &str| at.path().join(name);
    let made = Command::new("mkfifo").arg(left("pipe.prom")).status().unwrap();
    assert!(made.success());
    for (target, name) in [("/dev/zero", "zero"), ("/dev/ptmx", "tty"), ("/proc/kmsg", "kmsg")] {
        symlink(target, left(&format!("{name}.prom"))).unwrap();
    }
    File::create(left("sparse.prom")).unwrap().set_len(1 << 40).unwrap();
    for _ in 0..3 {
        assert!(!in_time(&running));
        let page = running.get("/metrics");
        assert!(str::from_utf8(&page).unwrap().contains("\nfrom_a_file 1\n"));
    }
    // What was in the way is gone.
    for name in ["pipe", "zero", "tty", "kmsg", "sparse"] {
        std::fs::remove_file(left(&format!("{name}.prom"))).unwrap();
    }
    assert!(in_time(&running));
}

#[test]
fn a_file_on_a_disk_that_hangs_stops_no_page() {
    // A file system in user space whose daemon never says a word, in a mount
    // namespace of the agent's own. Needs root.
    let (at, mount) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    symlink(mount.path().join("x"), at.path().join("x.prom")).unwrap();
    std::fs::write(at.path().join("a.prom"), "from_a_file 1\n").unwrap();
    let script = format!(
        "exec 3<>/dev/fuse && mount -i -t fuse.quiet \
         -o fd=3,rootmode=40000,user_id=0,group_id=0 quiet {} && exec \"$0\" \"$@\"",
        mount.path().display()
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
    command.arg(agent().get_program()).arg("--no-collector.filesystem");
    command.arg(format!("--collector.textfile.directory={}", at.path().display()));
    let running = Running::start(&mut command);
    for _ in 0..5 {
        assert!(!in_time(&running));
    }
    assert_eq!(running.status("Threads"), 3);
}
