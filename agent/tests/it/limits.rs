//! Where no further thread can be started, or no further file be opened, what
//! that costs says so, and comes back when there is room again.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, getuid, prlimit};

use crate::exposition::{self, Page};
use crate::fuse::Served;
use crate::hanging::{Beside, failed, flags, host, page, until};
use crate::running::{Running, agent};

/// Nobody else's: a limit of threads is one of all that a user runs.
const USER: &str = "61237";

/// The agent as a user whom limits bind, as they do not bind root.
struct Bound {
    folder: tempfile::TempDir,
}

impl Bound {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::copy(agent().get_program(), folder.path().join("agent")).unwrap();
        Self { folder }
    }

    fn command(&self) -> Command {
        as_user(&self.folder.path().join("agent").display().to_string())
    }
}

fn as_user(program: &str) -> Command {
    if !getuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let ids = [format!("--reuid={USER}"), format!("--regid={USER}")];
    command.args(ids).arg("--clear-groups").arg(program);
    command
}

/// Lets it start no further thread, or as many as before.
fn threads_allowed(running: &Running, any: bool) {
    let own = getrlimit(Resource::Nproc);
    let shown = |limit: Option<u64>| limit.map_or("unlimited".to_owned(), |l| l.to_string());
    let most = if any { shown(own.current) } else { "0".to_owned() };
    let limit = format!("--nproc={most}:{}", shown(own.maximum));
    let set = as_user("prlimit").arg("--pid").arg(running.pid().to_string()).arg(limit).status();
    assert!(set.unwrap().success());
}

/// Everybody may read what is in there.
fn opened(folder: &Path) {
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
}

/// Lets it open so many files at a time, or as many as before.
fn files_allowed(running: &Running, most: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(running.pid()).unwrap());
    let own = getrlimit(Resource::Nofile);
    prlimit(pid, Resource::Nofile, Rlimit { current: most.or(own.current), ..own }).unwrap();
}

/// Waits for so many threads.
fn threads(running: &Running, count: u64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while running.status("Threads") != count {
        assert!(Instant::now() < deadline, "{} threads", running.status("Threads"));
        std::thread::yield_now();
    }
}

fn value<'p>(page: &'p Page, name: &str, label: (&str, &str)) -> Option<&'p str> {
    let mut samples = page.get(name)?.samples.iter();
    let found = samples.find(|sample| sample.labels.get(label.0).is_some_and(|l| l == label.1));
    found.map(|sample| sample.value.as_str())
}

#[test]
fn a_slow_collector_comes_back_after_a_time_without_threads() {
    let (host, at, bound) = (host(), tempfile::tempdir().unwrap(), Bound::new());
    let served = Served::of(host.path());
    let mut agent = bound.command();
    agent.args(flags(at.path())).arg("--no-collector.rpi");
    let beside = Beside::start(served, &[at.path()], &agent);
    let Beside { served, running } = &beside;
    until(running, |page| failed(page) == ["dmi"]);

    // It comes back too late for its page, and is read beside the next ones.
    served.hang("hwmon0/temp1_input");
    assert!(failed(&page(running)).contains(&"hwmon"));
    threads_allowed(running, false);
    served.go_on();
    // The server's, and the one that went on with the page.
    threads(running, 2);
    for _ in 0..3 {
        let page = page(running);
        assert!(page.contains_key("node_uname_info"));
    }
    // What came late is on one page, and no more.
    assert!(failed(&page(running)).contains(&"hwmon"));

    threads_allowed(running, true);
    until(running, |page| failed(page) == ["dmi"]);
    let (_, log) = beside.running.terminate();
    assert!(log.contains("collector hwmon: no further thread can be started"), "{log}");
}

#[test]
fn what_is_asked_on_a_thread_of_its_own_is_asked_once_there_can_be_one() {
    let (host, bound) = (host(), Bound::new());
    opened(host.path());
    let mounts = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:40 / /mnt rw - nfs there:/x rw\n";
    std::fs::write(host.path().join("proc/1/mountinfo"), mounts).unwrap();
    for folder in ["mnt", "text"] {
        std::fs::create_dir(host.path().join(folder)).unwrap();
    }
    std::fs::write(host.path().join("text/a.prom"), "backup_age 3\n").unwrap();
    let web = host.path().join("web.yml");
    let hash = bcrypt::hash("right", 4).unwrap();
    std::fs::write(&web, format!("basic_auth_users:\n  somebody: {hash}\n")).unwrap();

    let mut agent = bound.command();
    agent.args(flags(host.path())).arg("--collector.textfile.directory");
    agent.arg(host.path().join("text")).arg("--web.config.file").arg(&web);
    let running = Running::start(&mut agent);
    let ask = |password: &str| {
        let given = base64::Engine::encode(
            &base64::prelude::BASE64_STANDARD,
            format!("somebody:{password}"),
        );
        let head = format!("host: agent\r\nauthorization: Basic {given}");
        running.connect().send(&format!("GET /metrics HTTP/1.1\r\n{head}\r\n\r\n"))
    };
    let read = |body: &[u8]| exposition::read_unique(body).unwrap();

    threads_allowed(&running, false);
    let refused = ask("right");
    assert_eq!(refused.status, 503, "{}", String::from_utf8_lossy(&refused.body));
    assert!(String::from_utf8_lossy(&refused.body).contains("no further thread"));
    threads_allowed(&running, true);
    assert_eq!(ask("wrong").status, 401);
    let answer = ask("right");
    assert_eq!(answer.status, 200);
    let all = read(&answer.body);
    drop(running);

    let mut agent = bound.command();
    agent.args(flags(host.path())).arg("--collector.textfile.directory");
    agent.arg(host.path().join("text"));
    let running = Running::start(&mut agent);
    threads_allowed(&running, false);
    let short = page(&running);
    let error = ("mountpoint", "/mnt");
    assert_eq!(value(&short, "node_filesystem_device_error", error), Some("1"));
    assert!(!short.contains_key("backup_age"));
    assert!(failed(&short).contains(&"textfile"));
    threads_allowed(&running, true);
    let whole = page(&running);
    assert_eq!(value(&whole, "node_filesystem_device_error", error), Some("0"));
    let nodes = all.keys().filter(|name| name.starts_with("node_"));
    let lost = nodes.filter(|name| !whole.contains_key(*name));
    assert_eq!(lost.collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(whole.contains_key("backup_age"));
    let (_, log) = running.terminate();
    assert!(log.contains("no further thread can be started"), "{log}");
}

#[test]
fn what_could_not_be_opened_says_so_and_is_there_when_it_can_be() {
    let host = host();
    let dmi = host.path().join("sys/class/dmi/id");
    std::fs::create_dir_all(&dmi).unwrap();
    std::fs::write(dmi.join("bios_vendor"), "Nobody\n").unwrap();
    let pods = host.path().join("sys/fs/cgroup");
    std::fs::create_dir_all(&pods).unwrap();
    // What the agent says of itself grows with what failed.
    let own = "--web.disable-exporter-metrics";
    let running = || Running::start(agent().args(flags(host.path())).arg(own));
    let whole = page(&running());
    let names = whole["node_scrape_collector_success"].samples.iter();
    let names: Vec<String> = names.map(|sample| sample.labels["collector"].clone()).collect();

    // So many more files than it has, of all that it would keep.
    for more in [2, 4, 8, 16, 32] {
        let running = running();
        let mut connection = running.connect();
        assert_eq!(connection.get("/healthz").status, 200);
        files_allowed(&running, Some(running.files() as u64 + more));
        let mut part = |name: &str| {
            let answer = connection.get(&format!("/metrics?collect[]={name}"));
            let page = exposition::read_unique(&answer.body).unwrap();
            let well = failed(&page).is_empty();
            let series = page.values().map(|family| family.samples.len()).sum::<usize>();
            (well, series)
        };
        let short: Vec<_> = names.iter().map(|name| part(name)).collect();
        assert!(short.iter().any(|(well, _)| !well), "{more}");
        files_allowed(&running, None);
        for (name, (well, series)) in names.iter().zip(short) {
            let (_, now) = part(name);
            assert!(!well || series >= now, "{more} {name}: {series} of {now}, and said nothing");
        }
        let after = page(&running);
        assert_eq!(failed(&after), failed(&whole), "{more}");
        let lost = whole.keys().filter(|name| !after.contains_key(*name));
        assert_eq!(lost.collect::<Vec<_>>(), Vec::<&String>::new(), "{more}");
    }
}
