//! The pods and containers that run on this node, found on the node itself:
//! their control groups, their names, their processes.
//!
//! [`Index::refresh`] keeps the list current for one system call as long as
//! nothing changes; [`Index::read`] fills in what each container uses.

pub mod address;
pub mod budget;
mod container;
pub mod files;
pub mod listing;
pub mod names;
pub mod parse;
pub mod place;
pub mod process;
pub mod readings;
pub mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

pub use container::Container;
pub use readings::Readings;

use crate::clock;
use crate::collector::rescan::Rescan;
use crate::common::{Common, Files};
use crate::failure::Failure;
use crate::settings::Settings;
use crate::source::whole;
use address::Address;
use budget::Budget;
use listing::{Hierarchy, Place};
use process::{Host, Network};
use watch::Watch;

/// How soon processes and addresses are looked for again where none was found.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The index as the pods' collector and whoever else needs it share it.
pub type Shared = Arc<Mutex<Index>>;

/// A pod that runs on this node, with at least one container.
#[derive(Debug, Default)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// A process in its network.
    pub pid: Option<u32>,
    /// Where it is reached, once it has an address.
    pub address: Option<Address>,
    /// Its containers, by name. The one that only holds the network is none.
    pub containers: Vec<Container>,
    /// What its network carried; nothing for a pod in the host's.
    pub network: Network,
    /// Where processes are found that no container's name is known of: the one
    /// that holds the network, which lives as long as the pod.
    anonymous: Vec<PathBuf>,
}

/// Every pod on this node.
#[derive(Debug)]
pub struct Index {
    sysfs: PathBuf,
    procfs: PathBuf,
    /// `/proc/stat`, where others read it as well.
    stat: Option<Common>,
    links: PathBuf,
    hierarchy: Option<Hierarchy>,
    pods: Vec<Pod>,
    watch: Watch,
    budget: Budget,
    /// Looks all over again once in a while: for limits that were changed, and
    /// whatever could not be watched.
    rescan: Rescan,
    slow: bool,
    /// The folders with all pods, as of the last time all was looked over.
    tops: Vec<PathBuf>,
    /// When the host booted, and how far the clock was from its own then.
    boot: Option<u64>,
    offset: i128,
    /// Traces of a kubelet's pods are here, and no group of theirs.
    lost: bool,
    looked: Option<Instant>,
}

impl Index {
    /// The index of the host that `settings` name; nothing is read yet.
    pub fn new(settings: &Settings) -> Self {
        Self {
            sysfs: settings.sysfs.clone(),
            procfs: settings.procfs.clone(),
            stat: None,
            links: names::folder(&settings.rootfs),
            hierarchy: None,
            pods: Vec::new(),
            watch: Watch::default(),
            budget: Budget::of_this_process(),
            rescan: Rescan::default(),
            slow: false,
            tops: Vec::new(),
            boot: None,
            offset: 0,
            lost: false,
            looked: None,
        }
    }

    /// An index to share, of whoever makes pages of those files.
    pub fn shared(settings: &Settings, files: &Files) -> Shared {
        let stat = Some(files.stat.clone());
        Arc::new(Mutex::new(Self { stat, ..Self::new(settings) }))
    }

    /// The pods, by namespace and name.
    pub fn pods(&self) -> &[Pod] {
        &self.pods
    }

    /// Looks for pods and containers that came or went, if any did.
    ///
    /// # Errors
    /// When there are pods but the folder with their names cannot be listed.
    pub fn refresh(&mut self) -> Result<(), Failure> {
        let due = self.rescan.due();
        self.slow |= due;
        let changed = self.watch.changed() || due;
        self.follow_clock(due);
        let listed = if changed { self.list(due) } else { Ok(()) };
        self.look(changed);
        if self.lost {
            let (path, root) = (Arc::from(&*self.links), self.sysfs.join("fs/cgroup"));
            return Err(Failure::Pods { path, root });
        }
        listed
    }

    /// A clock that is set moves the boot, and with it every start: a Pi without
    /// one of its own learns the time after its pods are there.
    fn follow_clock(&mut self, due: bool) {
        let offset = clock::offset();
        if !due && !clock::was_set(self.offset, offset) {
            return;
        }
        self.offset = offset;
        self.clock_was_set();
    }

    /// Asks when the host booted; every start counts from there.
    pub fn clock_was_set(&mut self) {
        let boot = match &self.stat {
            Some(stat) => stat.read(&mut Vec::new(), process::boot).ok().flatten(),
            None => process::boot(&whole(self.procfs.join("stat")).unwrap_or_default()),
        };
        // It is rounded now to one second, now to the next.
        if boot.zip(self.boot).is_some_and(|(new, old)| new.abs_diff(old) <= 1) {
            return;
        }
        self.boot = boot;
        for container in self.pods.iter_mut().flat_map(|pod| &mut pod.containers) {
            container.started = process::since_epoch(boot, container.ticks);
        }
    }

    /// Finds processes and addresses. A container has no process and a pod no
    /// address in its first moments; a few never have.
    fn look(&mut self, changed: bool) {
        let is_late = self.looked.is_none_or(|last| last.elapsed() >= LOOK_AGAIN);
        if (changed || is_late) && self.pods.iter().any(Pod::is_incomplete) {
            self.looked = Some(Instant::now());
            let host = Host::new(&self.procfs);
            let boot = self.boot;
            let incomplete = self.pods.iter_mut().filter(|pod| pod.is_incomplete());
            incomplete.for_each(|pod| pod.look(&host, boot));
        }
    }

    /// Reads what each container uses. One that is gone is left as it is and no
    /// longer [`Container::present`].
    ///
    /// # Errors
    /// The first file that could not be read or understood; the others are
    /// read all the same.
    pub fn read(&mut self, scratch: &mut Vec<u8>) -> Result<(), Failure> {
        let slow = std::mem::take(&mut self.slow);
        let mut result = Ok(());
        for pod in &mut self.pods {
            for container in &mut pod.containers {
                result = result.and(container.read(slow, scratch));
            }
            match pod.network.read(&pod.namespace, &pod.name, scratch) {
                Err(Failure::Read { .. }) => pod.forget(),
                read => result = result.and(read),
            }
        }
        result
    }

    fn list(&mut self, all: bool) -> Result<(), Failure> {
        self.hierarchy = Hierarchy::find(&self.sysfs);
        let Some(hierarchy) = &self.hierarchy else {
            self.pods.clear();
            self.lost = names::read(&self.links).is_ok_and(|book| !book.is_empty());
            return Ok(());
        };
        if all {
            self.watch.renew();
        }
        if all || self.tops.is_empty() {
            self.tops = hierarchy.tops();
        }
        // Names come a moment after the container.
        self.watch.try_add(&self.links);
        let places = hierarchy.list(&self.tops, &mut self.watch);
        let (book, outcome) = match names::read(&self.links) {
            Ok(book) => (book, Ok(())),
            // A cluster in a container of this host has its names in there.
            Err(_) if places.is_empty() || self.tops.iter().all(|top| is_within(top)) => {
                (names::Book::new(), Ok(()))
            }
            Err(source) => {
                let path = Arc::from(&*self.links);
                (names::Book::new(), Err(Failure::Read { path, source }))
            }
        };
        // Names of the last pod may stay a moment after it.
        self.lost = places.is_empty() && !book.is_empty() && (all || self.lost);
        let mut before = BTreeMap::new();
        for pod in std::mem::take(&mut self.pods) {
            before.insert(pod.uid.clone(), pod);
        }
        for place in places {
            let known = before.remove(&place.uid);
            self.pods.extend(Pod::of(place, known, &book, hierarchy));
        }
        self.pods.sort_unstable_by(|one, other| {
            (&one.namespace, &one.name, &one.uid).cmp(&(&other.namespace, &other.name, &other.uid))
        });
        // One made anew under its name is there while the old one ends.
        self.pods.dedup_by(|later, kept| {
            let same = later.namespace == kept.namespace && later.name == kept.name;
            if same && later.made(hierarchy) > kept.made(hierarchy) {
                std::mem::swap(later, kept);
            }
            same
        });
        self.budget.clear();
        for container in self.pods.iter_mut().flat_map(|pod| &mut pod.containers) {
            container.keep(&mut self.budget);
        }
        outcome
    }
}

/// Whether a kubelet's folder is in a container.
fn is_within(top: &Path) -> bool {
    top.iter().any(|part| part.to_str().is_some_and(|name| place::container_id(name).is_some()))
}

impl Pod {
    /// The pod at a place, with what was known of it before; `None` while none
    /// of its containers has a name.
    fn of(
        place: Place,
        known: Option<Self>,
        book: &names::Book,
        hierarchy: &Hierarchy,
    ) -> Option<Self> {
        let mut pod = known.unwrap_or_default();
        let mut before = std::mem::take(&mut pod.containers);
        let mut containers = Vec::new();
        let mut anonymous = Vec::new();
        for (id, folder) in place.containers {
            if let Some(at) = before.iter().position(|container| container.id == id) {
                containers.push(before.swap_remove(at));
            } else if let Some(names) = book.get(&id) {
                containers.push(Container::new(id, names.clone(), hierarchy, &folder));
            } else {
                anonymous.push(hierarchy.processes(&folder));
            }
        }
        containers.sort_unstable_by(|one, other| {
            let key = |container: &Container| {
                (container.names.restarts, hierarchy.made(&container.folder))
            };
            let names = one.names.container.cmp(&other.names.container);
            names.then_with(|| key(other).cmp(&key(one)))
        });
        // Of one started anew the old one's group may still be there.
        containers.dedup_by(|old, new| old.names.container == new.names.container);
        let names = &containers.first()?.names;
        if anonymous != pod.anonymous || !before.is_empty() {
            // The process may be gone with one of them, and the network with it.
            pod.forget();
        }
        let (namespace, name) = (names.namespace.clone(), names.pod.clone());
        Some(Self { namespace, name, uid: place.uid, containers, anonymous, ..pod })
    }

    /// When its last container was made.
    fn made(&self, hierarchy: &Hierarchy) -> Option<SystemTime> {
        self.containers.iter().filter_map(|found| hierarchy.made(&found.folder)).max()
    }

    /// What is known by its process.
    fn forget(&mut self) {
        (self.pid, self.address, self.network) = (None, None, Network::default());
    }

    fn is_incomplete(&self) -> bool {
        self.address.is_none() || self.containers.iter().any(|container| container.pid.is_none())
    }

    /// Finds what is missing.
    fn look(&mut self, host: &Host, boot: Option<u64>) {
        for container in &mut self.containers {
            container.look(host, boot);
        }
        if self.address.is_none() {
            let holder = self.anonymous.iter().find_map(|list| process::first(list));
            self.pid = holder.or_else(|| self.containers.iter().find_map(|found| found.pid));
            self.address = self.pid.and_then(|pid| host.address(pid));
            let own = self.pid.filter(|_| self.address.is_some_and(|address| !address.host));
            self.network = Network::of(own.map(|pid| host.network(pid)));
        }
    }
}
