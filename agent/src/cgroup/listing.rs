//! Which pods and containers there are: the folders, listed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::files::{File, V1, V2};
use super::place;
use super::watch::Watch;
use crate::source::noted;

/// How far down a kubelet's folder is looked for, and in how many folders.
const DEEPEST: usize = 10;
const MOST: usize = 4096;

/// The hierarchy of control groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    root: PathBuf,
    /// Version 2, one tree for all.
    unified: bool,
}

/// A pod's folder and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The pod's.
    pub uid: String,
    /// Its containers: their identities, and their folders below a tree.
    pub containers: Vec<(String, PathBuf)>,
}

impl Hierarchy {
    /// The one mounted below sysfs, if there is one.
    pub fn find(sysfs: &Path) -> Option<Self> {
        let root = sysfs.join("fs/cgroup");
        // Only version 1 has a file of that name; where its trees are mounted the
        // other, if it is there at all, has no controllers of its own.
        let first = root.join("memory/memory.limit_in_bytes").exists();
        let unified = !first && root.join("cgroup.controllers").exists();
        (unified || root.join("memory").is_dir()).then_some(Self { root, unified })
    }

    /// The tree with every pod in it.
    fn main(&self) -> PathBuf {
        if self.unified { self.root.clone() } else { self.root.join("memory") }
    }

    /// The files that are read, each with its place below `folder`.
    pub fn files(&self, folder: &Path) -> impl Iterator<Item = (&'static File, PathBuf)> {
        let table: &'static [File] = if self.unified { &V2 } else { &V1 };
        table.iter().map(move |file| {
            let mut tree = self.root.join(file.tree);
            if matches!(file.tree, "cpu" | "cpuacct") && !tree.exists() {
                tree = self.root.join("cpu,cpuacct");
            }
            (file, tree.join(folder).join(file.name))
        })
    }

    /// The list of a container's processes.
    pub fn processes(&self, folder: &Path) -> PathBuf {
        self.main().join(folder).join("cgroup.procs")
    }

    /// The folders with all pods, wherever a kubelet has its own: at the root, in
    /// its service's or its user's, in a container's.
    pub fn tops(&self) -> Vec<PathBuf> {
        let main = self.main();
        let mut tops = Vec::new();
        let mut level = vec![PathBuf::new()];
        let mut looked = 0;
        for _ in 0..DEEPEST {
            for folder in std::mem::take(&mut level) {
                looked += 1;
                if looked > MOST {
                    return tops;
                }
                for name in folders(&main.join(&folder)) {
                    let inner = folder.join(&name);
                    if place::is_top(&name) { tops.push(inner) } else { level.push(inner) }
                }
            }
        }
        tops
    }

    /// When a folder of the tree was made, or something in it last.
    pub fn made(&self, folder: &Path) -> Option<SystemTime> {
        self.main().join(folder).metadata().and_then(|about| about.modified()).ok()
    }

    /// Every pod with its containers. What goes while it is listed is left
    /// out; each folder is watched before it is listed, so that nothing that
    /// comes in between is missed.
    pub fn list(&self, tops: &[PathBuf], watch: &mut Watch) -> Vec<Place> {
        let main = self.main();
        let mut pods = Vec::new();
        for top in tops {
            let mut below = vec![top.clone()];
            while let Some(folder) = below.pop() {
                let path = main.join(&folder);
                watch.add(&path);
                for name in folders(&path) {
                    if let Some(uid) = place::pod_uid(&name) {
                        let folder = folder.join(&name);
                        watch.add(&main.join(&folder));
                        pods.push(Place { uid, containers: containers(&main, &folder) });
                    } else if place::is_class(&name) {
                        below.push(folder.join(&name));
                    }
                }
            }
        }
        pods
    }
}

fn containers(main: &Path, pod: &Path) -> Vec<(String, PathBuf)> {
    let found = folders(&main.join(pod)).into_iter();
    found
        .filter_map(|name| Some((place::container_id(&name)?.to_owned(), pod.join(&name))))
        .collect()
}

/// The names of the folders in a folder, in order; none if it is gone.
fn folders(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = noted(std::fs::read_dir(path))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_found_wherever_the_kubelet_puts_them() {
        let id = "0123456789abcdef".repeat(4);
        let uid = "0b1f6f3e-2c5a-4b7d-9e8f-a1b2c3d4e5f6";
        let flat = uid.replace('-', "_");
        for (unified, folder) in [
            (
                true,
                format!(
                    "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{flat}.slice/cri-containerd-{id}.scope"
                ),
            ),
            (true, format!("kubepods/pod{uid}/{id}")),
            (
                true,
                format!(
                    "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{flat}.slice/cri-containerd-{id}.scope"
                ),
            ),
            (false, format!("kubepods/besteffort/pod{uid}/{id}")),
            (true, format!("system.slice/k3s.service/kubepods/burstable/pod{uid}/{id}")),
            (
                true,
                format!(
                    "user.slice/user-1000.slice/user@1000.service/user.slice/k3s-rootless.scope/kubepods/burstable/pod{uid}/{id}"
                ),
            ),
            (
                true,
                format!(
                    "system.slice/docker-{id}.scope/kubepods.slice/kubepods-pod{flat}.slice/crio-{id}.scope"
                ),
            ),
            (false, format!("system.slice/k3s.service/kubepods/pod{uid}/{id}")),
        ] {
            let sysfs = tempfile::tempdir().unwrap();
            let root = sysfs.path().join("fs/cgroup");
            let main = if unified { root.clone() } else { root.join("memory") };
            std::fs::create_dir_all(main.join(&folder)).unwrap();
            std::fs::create_dir_all(main.join("system.slice/ssh.service")).unwrap();
            if unified {
                std::fs::write(root.join("cgroup.controllers"), "cpu memory\n").unwrap();
            }
            let hierarchy = Hierarchy::find(sysfs.path()).unwrap();
            let containers = vec![(id.clone(), PathBuf::from(&folder))];
            let expected = [Place { uid: uid.to_owned(), containers }];
            assert_eq!(
                hierarchy.list(&hierarchy.tops(), &mut Watch::default()),
                expected,
                "{folder}"
            );
        }
        assert_eq!(Hierarchy::find(Path::new("/absent")), None);
    }
}
