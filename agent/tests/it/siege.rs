//! Many clients at once that mean no good, on a node full of pods; and one
//! that wants its scrape within a second.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};

use crate::exposition;
use crate::running::{Connection, Running, agent, copy, fixture};

/// Pods of a node, at most.
const PODS: usize = 110;

/// As many as one attacker can have and leave a seat.
const CLIENTS: usize = 127;

/// What a scrape may take, whatever others do: a second. Not optimised, and
/// beside other tests that take the processors, all of it takes longer.
const SCRAPE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 });

/// Memory of its own and of the kernel for its connections: what the unit
/// allows, less what it holds for the files it keeps open.
const MEMORY: u64 = 24 * 1024;

/// A node with all the pods there may be, of two containers each.
pub(crate) fn node() -> tempfile::TempDir {
    let node = tempfile::tempdir().unwrap();
    copy("pods-v2/proc", node.path());
    let groups = fixture("pods-v2/sys/fs/cgroup");
    let slice = "kubepods.slice/kubepods-burstable.slice";
    let pod = std::fs::read_dir(groups.join(slice)).unwrap().next().unwrap().unwrap().path();
    let container = std::fs::read_dir(pod).unwrap().map(|entry| entry.unwrap().path());
    let container = container.into_iter().find(|path| path.is_dir()).unwrap();
    let links = node.path().join("root/var/log/containers");
    std::fs::create_dir_all(&links).unwrap();
    for pod in 0..PODS {
        for number in 0..2 {
            let id = format!("{:064x}", 2 * pod + number);
            let folder = format!("sys/fs/cgroup/kubepods/burstable/pod{pod:032x}/{id}");
            let folder = node.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            for file in std::fs::read_dir(&container).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
            }
            let log = format!(
                "/var/log/pods/some-namespace_some-pod-{pod}_{pod:032x}/container-{number}/0.log"
            );
            let link = format!("some-pod-{pod}_some-namespace_container-{number}-{id}.log");
            std::os::unix::fs::symlink(log, links.join(link)).unwrap();
        }
    }
    std::fs::copy(
        groups.join("cgroup.controllers"),
        node.path().join("sys/fs/cgroup/cgroup.controllers"),
    )
    .unwrap();
    node
}

/// The agent on that node.
pub(crate) fn on(node: &Path) -> Command {
    let mut command = agent();
    command.args(["--collector.disable-defaults", "--collector.pods"]);
    for (flag, folder) in [("procfs", "proc"), ("sysfs", "sys"), ("rootfs", "root")] {
        command.arg(format!("--path.{flag}={}", node.join(folder).display()));
    }
    command
}

/// A client whose kernel takes next to nothing of an answer.
pub(crate) fn unwilling(running: &Running, request: &[u8]) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    sockopt::set_socket_recv_buffer_size(&socket, 2048).unwrap();
    connect(&socket, &running.address).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_nonblocking(true).unwrap();
    // As much as is taken.
    let _ = stream.write(request);
    stream
}

pub(crate) fn request(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()
}

/// A whole page, and how long it took; over a connection of its own, as of
/// somebody who comes anew.
fn scrape(running: &Running) -> Duration {
    let start = Instant::now();
    let page = running.get("/metrics");
    let took = start.elapsed();
    assert!(page.ends_with(b"\n"));
    let page = exposition::read_unique(&page).unwrap();
    assert_eq!(page["terrarium_container_restarts_total"].samples.len(), 2 * PODS);
    took
}

/// KiB: its own, and the kernel's for the connections it has.
fn memory(running: &Running) -> (u64, u64) {
    let port = format!("sport = :{}", running.address.port());
    let told = Command::new("ss").args(["-tmnH", "state", "connected", &port]).output();
    let told = told.unwrap_or_else(|error| panic!("ss ({error}): apt-get install iproute2"));
    let told = String::from_utf8(told.stdout).unwrap();
    // Received, sent, allocated ahead, and the backlog; not the limits.
    let bytes = told.split("skmem:(").skip(1).flat_map(|memory| {
        memory.split(')').next().unwrap().split(',').filter_map(|part| {
            let name = part.trim_end_matches(|digit: char| digit.is_ascii_digit());
            let counts = ["r", "w", "f", "o", "bl"].contains(&name);
            counts.then(|| part[name.len()..].parse::<u64>().unwrap())
        })
    });
    (running.status("RssAnon"), bytes.sum::<u64>() / 1024)
}

/// Scrapes for a while; none takes long, and none adds to the memory.
fn holds(running: &Running, what: &str) -> String {
    let start = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut most = (0, 0);
    while start.elapsed() < Duration::from_secs(3) {
        slowest = slowest.max(scrape(running));
        let now = memory(running);
        most = if now.0 + now.1 > most.0 + most.1 { now } else { most };
    }
    assert!(slowest <= SCRAPE, "{what}: {slowest:?}");
    assert!(most.0 + most.1 <= MEMORY, "{what}: {most:?} KiB");
    format!("{what}: a scrape took {slowest:?}, {} + {} KiB", most.0, most.1)
}

#[test]
fn who_never_reads_an_answer_costs_neither_time_nor_memory() {
    let node = node();
    for (path, pipelined) in [("/metrics", 1), ("/metrics", 1000), ("/api/v1/snapshot", 1000)] {
        let running = Running::start(&mut on(node.path()));
        let request = request(path).repeat(pipelined);
        let sitting: Vec<_> = (0..CLIENTS).map(|_| unwilling(&running, &request)).collect();
        println!("{}", holds(&running, &format!("{pipelined} of {path} at once, never read")));
        drop(sitting);
    }
}

#[test]
fn pages_made_one_by_one_and_never_read_make_room_for_others() {
    let node = node();
    let running = Running::start(&mut on(node.path()));
    let mut sitting = Vec::new();
    for _ in 0..CLIENTS {
        let mut stream = unwilling(&running, &request("/metrics"));
        stream.set_nonblocking(false).unwrap();
        // The next one asks when this page is made, so that it has another.
        stream.read_exact(&mut [0; 16]).unwrap();
        sitting.push(stream);
    }
    println!("{}", holds(&running, "pages made one by one"));
}

#[test]
fn those_who_scrape_without_a_pause_do_not_hold_up_others() {
    let node = node();
    let running = Running::start(&mut on(node.path()));
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for client in 0..4 {
            let (running, ended) = (&running, &ended);
            scope.spawn(move || {
                // Of the whole page, and of parts that differ.
                let paths = ["/metrics", "/metrics?collect[]=pods"];
                let request = request(paths[client % 2]);
                let mut room = vec![0; 64 * 1024];
                let mut streams: Vec<_> =
                    (0..CLIENTS / 4).map(|_| unwilling(running, &request)).collect();
                while !ended.load(Ordering::Relaxed) {
                    for stream in &mut streams {
                        let last = loop {
                            match stream.read(&mut room) {
                                Ok(1..) => {}
                                last => break last,
                            }
                        };
                        // The next request is sent before the answer is read;
                        // who was put out comes anew.
                        match last.map_err(|error| error.kind()) {
                            Err(ErrorKind::WouldBlock) => drop(stream.write(&request)),
                            _ => *stream = unwilling(running, &request),
                        }
                    }
                }
            });
        }
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            holds(&running, "scraped without a pause")
        }));
        ended.store(true, Ordering::Relaxed);
        println!("{}", outcome.unwrap());
    });
}

/// Connects from another address of this machine.
fn from(address: [u8; 4], running: &Running) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddr::from((address, 0))).unwrap();
    connect(&socket, &running.address).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

#[test]
fn who_takes_all_seats_takes_them_from_himself() {
    let running = Running::start(&mut agent());
    let mut scraper = Connection::over(from([127, 0, 0, 9], &running));
    assert_eq!(scraper.get("/healthz").status, 200);
    let many: Vec<TcpStream> = (0..400).map(|_| from([127, 0, 0, 7], &running)).collect();
    // All of them have come.
    assert_eq!(Connection::over(many.last().unwrap()).get("/healthz").status, 200);
    assert_eq!(scraper.get("/healthz").status, 200);
}

#[test]
fn few_files_are_enough_for_a_whole_page_whoever_else_is_connected() {
    for limit in [64, 160] {
        let few = |program: &mut Command| {
            let mut command = Command::new("prlimit");
            command.arg(format!("--nofile={limit}:{limit}")).arg(program.get_program());
            // Each pod of this machine takes files, and there may be any number.
            command.arg("--no-collector.pods");
            Running::start(&mut command)
        };
        let succeeds = |page: &[u8]| -> Vec<String> {
            let page = exposition::read_unique(page).unwrap();
            let outcomes = &page["node_scrape_collector_success"].samples;
            let good = outcomes.iter().filter(|outcome| outcome.value == "1");
            good.map(|outcome| outcome.labels["collector"].clone()).collect()
        };
        let undisturbed = succeeds(&few(&mut agent()).get("/metrics"));
        assert!(undisturbed.len() > 10, "{undisturbed:?}");

        let running = few(&mut agent());
        let sitting: Vec<TcpStream> = (0..200).map(|_| running.stream()).collect();
        for _ in 0..20 {
            let start = Instant::now();
            let page = running.get("/metrics");
            assert!(start.elapsed() <= SCRAPE, "{limit} files: {:?}", start.elapsed());
            // With the fewest not all that the page is made of can be open anyway.
            let now = succeeds(&page);
            assert!(now == undisturbed || limit == 64 && now.len() > 10, "{limit}: {now:?}");
        }
        drop(sitting);
    }
}
