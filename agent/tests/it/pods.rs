//! Pods on this node: what the page says of them, and how they come and go.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use terrarium_agent::agent::Agent;
use terrarium_agent::cgroup::Index;
use terrarium_agent::encoder::Format;
use terrarium_agent::selection::Selection;
use terrarium_agent::settings::{Settings, Switches};

use crate::exposition::{self, Page};
use crate::running::fixture;

const UID: &str = "0b1f6f3e-2c5a-4b7d-9e8f-a1b2c3d4e5f6";

/// Pods alone, of the host below `root`.
fn settings(root: &Path) -> Settings {
    Settings {
        procfs: root.join("proc"),
        sysfs: root.join("sys"),
        rootfs: root.join("root"),
        switches: Switches { disable_defaults: true, on: vec!["pods"], off: Vec::new() },
        ..Settings::default()
    }
}

fn collect(agent: &mut Agent) -> Page {
    exposition::read_unique(&agent.render(&Selection::All, Format::Text)).unwrap()
}

fn succeeds(page: &Page) -> bool {
    page["node_scrape_collector_success"].samples[0].value == "1"
}

/// The containers on the page.
fn containers(page: &Page) -> Vec<String> {
    let family = page.get("terrarium_container_restarts_total");
    let samples = family.iter().flat_map(|family| &family.samples);
    samples
        .map(|sample| format!("{}/{}", sample.labels["pod"], sample.labels["container"]))
        .collect()
}

fn golden(name: &str) -> String {
    let mut agent = Agent::new(&settings(&fixture(name))).unwrap().without_own_metrics();
    let page = collect(&mut agent);
    assert!(succeeds(&page));
    let text = String::from_utf8(agent.render(&Selection::All, Format::Text).to_vec()).unwrap();
    let others = |line: &&str| !line.contains("node_scrape_") && !line.contains("node_exporter_");
    text.lines().filter(others).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_pods_of_version_2_by_systemd() {
    insta::assert_snapshot!(golden("pods-v2"));
}

#[test]
fn the_pods_of_version_1_by_cgroupfs() {
    insta::assert_snapshot!(golden("pods-v1"));
}

#[test]
fn both_versions_have_the_same_families_and_series_of_containers() {
    let series = |name: &str| -> Vec<String> {
        let is_sample = |line: &&str| !line.starts_with('#') && !line.contains("mmcblk0");
        let text = golden(name);
        text.lines()
            .filter(is_sample)
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect()
    };
    assert_eq!(series("pods-v1"), series("pods-v2"));
}

#[test]
fn the_index_tells_where_a_pod_is_reached() {
    for name in ["pods-v1", "pods-v2"] {
        let mut index = Index::new(&settings(&fixture(name)));
        index.refresh().unwrap();
        let known: Vec<_> = index
            .pods()
            .iter()
            .map(|pod| (&pod.name[..], pod.pid.unwrap(), pod.address.unwrap().ip.to_string()))
            .collect();
        let expected = [
            ("coredns-5688667fd4-x7k2p", 4101, "10.42.1.3".to_owned()),
            ("svclb-traefik-9d1c4f27-h4v8m", 4201, "127.0.0.1".to_owned()),
            ("postgresql-0", 4001, "10.42.1.7".to_owned()),
        ];
        assert_eq!(known, expected);
        assert_eq!(index.pods()[2].uid, UID);
        assert_eq!(index.pods()[2].containers[0].names.restarts, 1);
    }
}

/// A node's tree in which pods are made and unmade.
struct Node {
    root: tempfile::TempDir,
}

impl Node {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = |name: &str| std::fs::create_dir_all(root.path().join(name)).unwrap();
        folder("sys/fs/cgroup/kubepods/burstable");
        folder("root/var/log/containers");
        folder("proc");
        let controllers = root.path().join("sys/fs/cgroup/cgroup.controllers");
        std::fs::write(controllers, "cpu memory\n").unwrap();
        Self { root }
    }

    fn id(nth: usize) -> String {
        format!("{nth:064x}")
    }

    fn folder(&self, nth: usize) -> PathBuf {
        let pods = self.root.path().join("sys/fs/cgroup/kubepods/burstable");
        pods.join(format!("pod{nth:032x}")).join(Self::id(nth))
    }

    fn link(&self, nth: usize) -> PathBuf {
        let links = self.root.path().join("root/var/log/containers");
        links.join(format!("p{nth}_ns_c-{}.log", Self::id(nth)))
    }

    /// The control group comes first, the name a moment later.
    fn start(&self, nth: usize) {
        let folder = self.folder(nth);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("cpu.stat"), "usage_usec 1\nuser_usec 1\nsystem_usec 0\n")
            .unwrap();
    }

    fn name(&self, nth: usize) {
        symlink(format!("/var/log/pods/ns_p{nth}_{nth:032x}/c/0.log"), self.link(nth)).unwrap();
    }

    fn stop(&self, nth: usize) {
        std::fs::remove_dir_all(self.folder(nth).parent().unwrap()).unwrap();
        std::fs::remove_file(self.link(nth)).unwrap();
    }
}

#[test]
fn pods_that_come_and_go_are_on_the_next_page_or_off_it() {
    let node = Node::new();
    let mut agent = Agent::new(&settings(node.root.path())).unwrap();
    let mut shown = || {
        let page = collect(&mut agent);
        assert!(succeeds(&page));
        containers(&page)
    };
    assert_eq!(shown(), [""; 0]);
    node.start(1);
    assert_eq!(shown(), [""; 0], "it has no name yet");
    node.name(1);
    assert_eq!(shown(), ["p1/c"]);
    for nth in 2..40 {
        node.start(nth);
        node.name(nth);
        let (before, now) = (format!("p{}/c", nth - 1), format!("p{nth}/c"));
        let mut both = [before, now];
        both.sort();
        assert_eq!(shown(), both);
        node.stop(nth - 1);
        assert_eq!(shown(), [format!("p{nth}/c")]);
    }
}

#[test]
fn a_pod_that_goes_between_listing_and_reading_is_no_error() {
    let node = Node::new();
    for nth in 1..4 {
        node.start(nth);
        node.name(nth);
    }
    let mut index = Index::new(&settings(node.root.path()));
    index.refresh().unwrap();
    node.stop(2);
    index.read(&mut Vec::new()).unwrap();
    let present: Vec<bool> =
        index.pods().iter().flat_map(|pod| &pod.containers).map(|found| found.present).collect();
    assert_eq!(present, [true, false, true]);
}

#[test]
fn of_what_is_made_anew_under_its_name_the_new_is_shown() {
    let node = Node::new();
    // A pod of another uid, and a container started once more in it.
    for (nth, pod, file) in [(1, 1, "0.log"), (2, 2, "0.log"), (3, 2, "1.log")] {
        let pods = node.root.path().join("sys/fs/cgroup/kubepods/burstable");
        let folder = pods.join(format!("pod{pod:032x}")).join(Node::id(nth));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("memory.current"), format!("{nth}\n")).unwrap();
        symlink(format!("/var/log/pods/ns_p_{pod:032x}/c/{file}"), node.link(nth)).unwrap();
    }
    // The first is the old one.
    let old = std::fs::File::open(node.folder(1)).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let mut agent = Agent::new(&settings(node.root.path())).unwrap();
    for _ in 0..2 {
        let page = collect(&mut agent);
        assert!(succeeds(&page));
        let samples = &page["container_memory_usage_bytes"].samples;
        assert_eq!(samples.iter().map(|sample| &*sample.value).collect::<Vec<_>>(), ["3"]);
    }
}

#[test]
fn pods_that_are_told_of_and_not_found_are_told() {
    let node = Node::new();
    node.name(1);
    let mut index = Index::new(&settings(node.root.path()));
    for _ in 0..2 {
        let failure = index.refresh().unwrap_err().to_string();
        assert!(failure.contains("var/log/containers tells of pods"), "{failure}");
    }
    // A host without any is none of that.
    let node = Node::new();
    Index::new(&settings(node.root.path())).refresh().unwrap();
}

#[test]
fn a_clock_that_is_set_moves_the_start_of_containers() {
    let node = Node::new();
    let procfs = node.root.path().join("proc");
    std::fs::create_dir_all(procfs.join("812")).unwrap();
    let rest = "S 1 1 1 0 -1 0 1 1 0 0 1 1 0 0 20 0 1 0 4200 1 1";
    std::fs::write(procfs.join("812/stat"), format!("812 (app) {rest}\n")).unwrap();
    let boots = |seconds: u64| {
        std::fs::write(procfs.join("stat"), format!("btime {seconds}\n")).unwrap();
    };
    boots(1_000_000);
    node.start(1);
    node.name(1);
    std::fs::write(node.folder(1).join("cgroup.procs"), "812\n").unwrap();
    let mut index = Index::new(&settings(node.root.path()));
    index.refresh().unwrap();
    let started = |index: &Index| index.pods()[0].containers[0].started;
    assert_eq!(started(&index), Some(100_004_200));
    boots(1_700_000_000);
    index.clock_was_set();
    assert_eq!(started(&index), Some(170_000_004_200));
    // Rounded otherwise, it is the same boot.
    boots(1_700_000_001);
    index.clock_was_set();
    assert_eq!(started(&index), Some(170_000_004_200));
}

#[test]
fn without_names_the_folder_that_should_have_them_is_named() {
    let node = Node::new();
    node.start(1);
    std::fs::remove_dir(node.root.path().join("root/var/log/containers")).unwrap();
    let failure = Index::new(&settings(node.root.path())).refresh().unwrap_err();
    let folder = node.root.path().join("root/var/log/containers");
    assert_eq!(failure.to_string(), format!("cannot read {}", folder.display()));
}

#[test]
fn a_cluster_in_a_container_is_another_s() {
    let node = Node::new();
    node.start(1);
    let groups = node.root.path().join("sys/fs/cgroup");
    let container = groups.join("docker").join(Node::id(7));
    std::fs::create_dir_all(&container).unwrap();
    std::fs::rename(groups.join("kubepods"), container.join("kubepods")).unwrap();
    std::fs::remove_dir(node.root.path().join("root/var/log/containers")).unwrap();
    let mut index = Index::new(&settings(node.root.path()));
    index.refresh().unwrap();
    assert!(index.pods().is_empty());
}

#[test]
fn a_broken_file_is_named_and_the_others_are_shown() {
    let node = Node::new();
    node.start(1);
    node.name(1);
    std::fs::write(node.folder(1).join("memory.current"), "many\n").unwrap();
    let mut index = Index::new(&settings(node.root.path()));
    index.refresh().unwrap();
    let failure = index.read(&mut Vec::new()).unwrap_err();
    assert_eq!(failure.to_string(), "memory.current is not as expected: a number of bytes");
    assert_eq!(index.pods()[0].containers[0].readings.cpu, Some(1000));
}

#[test]
fn in_the_steady_state_nothing_is_allocated() {
    for name in ["pods-v1", "pods-v2"] {
        let mut agent = Agent::new(&settings(&fixture(name))).unwrap().without_own_metrics();
        for _ in 0..3 {
            agent.collect(&Selection::All, Format::Text);
        }
        let allocations = allocation_counter::measure(|| {
            agent.collect(&Selection::All, Format::Text);
        });
        assert_eq!(allocations.count_total, 0, "{name}: {allocations:?}");
    }
}
