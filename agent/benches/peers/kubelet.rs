//! What a kubelet leaves on a node, made by hand: real control groups, empty, and
//! the links by which containers are named. Needs root.

use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Where control groups are mounted.
const CGROUPS: &str = "/sys/fs/cgroup";

/// The controllers of version 1 that the agent reads; with version 2 there is
/// one tree.
const CONTROLLERS: [&str; 5] = ["blkio", "cpu", "cpuacct", "memory", "pids"];

/// The groups are below one of this name, so that nobody else's are touched.
const OWN: &str = "terrarium-bench";

/// The pods; gone when dropped.
#[derive(Debug)]
pub(crate) struct Kubelet {
    rootfs: tempfile::TempDir,
    /// The trees of groups.
    trees: Vec<PathBuf>,
    groups: Vec<PathBuf>,
    /// What the probes look at; the kernel accepts for it.
    service: TcpListener,
}

impl Kubelet {
    /// One without pods.
    pub(crate) fn new() -> Self {
        let rootfs = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(rootfs.path().join("var/log/containers")).unwrap();
        let unified = Path::new(CGROUPS).join("cgroup.controllers").exists();
        let trees: Vec<PathBuf> = if unified {
            vec![PathBuf::from(CGROUPS)]
        } else {
            CONTROLLERS.map(|name| Path::new(CGROUPS).join(name)).to_vec()
        };
        let service = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut kubelet = Self { rootfs, trees, groups: Vec::new(), service };
        kubelet.group(Path::new(OWN));
        kubelet.group(&Path::new(OWN).join("kubepods"));
        kubelet
    }

    /// The flags that turn the agent to it.
    pub(crate) fn flags(&self) -> Vec<String> {
        let rootfs = self.rootfs.path().display();
        vec!["--collector.pods".to_owned(), format!("--path.rootfs={rootfs}")]
    }

    /// Starts so many pods of one container.
    pub(crate) fn run(&mut self, pods: u32) {
        for pod in 1..=pods {
            let (uid, id) = (format!("{pod:032x}"), format!("{pod:064x}"));
            let folder = Path::new(OWN).join("kubepods").join(format!("pod{uid}"));
            self.group(&folder);
            self.group(&folder.join(&id));
            let link = format!("var/log/containers/p{pod}_bench_c-{id}.log");
            let log = format!("/var/log/pods/bench_p{pod}_{uid}/c/0.log");
            symlink(log, self.rootfs.path().join(link)).unwrap();
        }
    }

    /// The flag that has the agent look at so many services, which all answer.
    pub(crate) fn probes(&self, probes: u32) -> Vec<String> {
        let target = self.service.local_addr().unwrap();
        let probe = |number: u32| {
            format!(
                "[[probe]]\nname = \"p{number}\"\nservice = \"p{number}\"\nkind = \"tcp\"\n\
                 target = \"{target}\"\ninterval = \"15s\"\ntimeout = \"5s\"\n"
            )
        };
        let path = self.rootfs.path().join("agent.toml");
        std::fs::write(&path, (1..=probes).map(probe).collect::<String>()).unwrap();
        vec![format!("--config.file={}", path.display())]
    }

    fn group(&mut self, folder: &Path) {
        for tree in &self.trees {
            let path = tree.join(folder);
            std::fs::create_dir(&path)
                .unwrap_or_else(|error| panic!("{}: {error}; run as root", path.display()));
            self.groups.push(path);
        }
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        for group in self.groups.iter().rev() {
            // A group of the kernel's goes by its folder alone.
            let _ = std::fs::remove_dir(group);
        }
    }
}
