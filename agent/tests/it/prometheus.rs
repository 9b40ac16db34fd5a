//! A real Prometheus scrapes the agent while pods come and go, beside two hundred
//! text files that mean no good.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::hostile_textfiles;
use crate::running::{Running, agent};

/// How long, in seconds: five minutes where all tests run, and what
/// `TERRARIUM_SOAK_SECONDS` says elsewhere.
fn seconds() -> u64 {
    let said = std::env::var("TERRARIUM_SOAK_SECONDS").ok();
    said.map_or(20, |text| text.parse().unwrap())
}

/// Ended when dropped.
struct Prometheus(Child);

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The folders the kubelet and the kernel have of a pod.
struct Pod<'r> {
    root: &'r Path,
    number: u64,
}

impl Pod<'_> {
    fn uid(&self) -> String {
        format!("{:08x}-0000-4000-8000-000000000000", self.number)
    }

    fn cgroup(&self) -> PathBuf {
        self.root.join("sys/fs/cgroup/kubepods").join(format!("pod{}", self.uid()))
    }

    fn id(&self) -> String {
        format!("{:064x}", self.number)
    }

    fn link(&self) -> PathBuf {
        let name = format!("web-{}_terrarium_web-{}.log", self.number, self.id());
        self.root.join("root/var/log/containers").join(name)
    }

    fn start(&self) {
        let container = self.cgroup().join(self.id());
        std::fs::create_dir_all(&container).unwrap();
        for (file, text) in [
            ("cpu.stat", "usage_usec 1000\nuser_usec 600\nsystem_usec 400\n"),
            ("memory.current", "1048576\n"),
            (
                "memory.stat",
                "anon 4096\nfile 8192\nfile_mapped 0\ninactive_file 4096\npgfault 9\npgmajfault 1\n",
            ),
        ] {
            std::fs::write(container.join(file), text).unwrap();
        }
        let log = format!("/var/log/pods/terrarium_web-{}_{}/web/0.log", self.number, self.uid());
        symlink(log, self.link()).unwrap();
    }

    fn end(&self) {
        std::fs::remove_dir_all(self.cgroup()).unwrap();
        std::fs::remove_file(self.link()).unwrap();
    }
}

#[test]
fn prometheus_misses_no_scrape_while_pods_come_and_go_beside_hostile_text_files() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for tree in ["root/var/log/containers", "sys/fs/cgroup/kubepods", "textfiles"] {
        std::fs::create_dir_all(root.join(tree)).unwrap();
    }
    std::fs::write(root.join("sys/fs/cgroup/cgroup.controllers"), "cpu io memory pids\n").unwrap();
    let sysfs = format!("--path.sysfs={}", root.join("sys").display());
    let rootfs = format!("--path.rootfs={}", root.join("root").display());
    let left = root.join("textfiles");
    hostile_textfiles::leave(&left);
    std::fs::write(left.join("z.prom"), "among_hostile_ones 1\n").unwrap();
    let textfiles = format!("--collector.textfile.directory={}", left.display());
    let running = Running::start(agent().args([sysfs, rootfs, textfiles])).drained();

    let config = format!(
        "global: {{scrape_interval: 5s, scrape_timeout: 5s}}\n\
         scrape_configs: [{{job_name: agent, static_configs: [{{targets: ['{}']}}]}}]\n",
        running.address
    );
    std::fs::write(root.join("prometheus.yml"), config).unwrap();
    // It says the port only in its log, so one that is free is looked for.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut prometheus = Command::new("prometheus");
    prometheus
        .arg(format!("--config.file={}", root.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", root.join("data").display()))
        .arg(format!("--web.listen-address={free}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _prometheus = Prometheus(prometheus.spawn().unwrap_or_else(|error| {
        panic!("prometheus ({error}); install it: apt-get install prometheus")
    }));
    let start = Instant::now();
    while query(free, "up").is_none_or(|answer| !answer.contains("\"1\"")) {
        assert!(start.elapsed() < Duration::from_mins(1), "Prometheus did not begin to scrape");
        std::thread::yield_now();
    }

    let start = Instant::now();
    let mut number = 0;
    while start.elapsed() < Duration::from_secs(seconds()) {
        number += 1;
        Pod { root, number }.start();
        if number > 20 {
            Pod { root, number: number - 20 }.end();
        }
        hostile_textfiles::leave_anew(&left, number);
        std::thread::sleep(Duration::from_millis(200));
    }
    let window = format!("{}s", seconds());
    for (what, wanted) in [
        (format!("min_over_time(up[{window}])"), "\"1\"]"),
        // Nothing of the agent's was refused as a duplicate or out of order.
        (
            "sum(rate(prometheus_target_scrapes_sample_out_of_order_total[1m])) or vector(0)"
                .to_owned(),
            "\"0\"]",
        ),
        (format!("sum(changes(process_start_time_seconds[{window}]))"), "\"0\"]"),
        (format!("min_over_time(among_hostile_ones[{window}])"), "\"1\"]"),
        (format!("count(count_over_time(up[{window}]) >= {})", seconds() / 5 - 1), "\"1\"]"),
    ] {
        let answer = query(free, &what).unwrap();
        assert!(answer.contains(wanted), "{what}: {answer}");
    }
    let pods = query(
        free,
        "count(count by (pod) (last_over_time(container_memory_working_set_bytes[10m])))",
    );
    let pods = pods.unwrap();
    assert!(!pods.contains("\"result\":[]"), "no pod was seen: {pods}");
}

/// Prometheus' answer to an instant query; `None` while it does not serve.
fn query(address: std::net::SocketAddr, query: &str) -> Option<String> {
    let mut encoded = String::new();
    for byte in query.bytes() {
        let _ = write!(encoded, "%{byte:02x}");
    }
    let mut stream = TcpStream::connect(address).ok()?;
    // An answer to 1.0 comes in one piece and ends the connection.
    let request = format!("GET /api/v1/query?query={encoded} HTTP/1.0\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.0 200").then_some(answer)
}
