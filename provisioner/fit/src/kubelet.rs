//! What a kubelet lets pods have of its node, by the kubelet's own rules:
//! `allocatable = capacity - kube-reserved - system-reserved - eviction-hard`.

mod args;

#[cfg(test)]
mod tests;

pub use args::ArgError;

use crate::model::Resources;

/// Pods a kubelet takes unless it is told otherwise.
const PODS: u64 = 110;
/// What k3s leaves of its kubelet's thresholds: disks alone. One signal given,
/// all others are zero, so no memory is kept.
const DISK: Threshold = Threshold::Share(0.05);

/// What of a kubelet's configuration decides what pods may have. The default is
/// k3s' own.
#[derive(Debug, Clone, PartialEq)]
pub struct KubeletConfig {
    /// Kept for k3s and the containers' runtime.
    pub kube_reserved: Resources,
    /// Kept for the operating system.
    pub system_reserved: Resources,
    /// Pods are evicted when less memory is available; none if never.
    pub memory_available: Option<Threshold>,
    /// Likewise of the disk the kubelet lives on.
    pub nodefs_available: Option<Threshold>,
    /// Pods it takes.
    pub max_pods: u64,
}

/// Below how much pods are evicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Bytes.
    Amount(u64),
    /// Of the capacity, 0 to 1; as exact as the kubelet has it.
    Share(f32),
}

impl Default for KubeletConfig {
    fn default() -> Self {
        Self {
            kube_reserved: Resources::default(),
            system_reserved: Resources::default(),
            memory_available: None,
            nodefs_available: Some(DISK),
            max_pods: PODS,
        }
    }
}

impl Threshold {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the kubelet's own arithmetic"
    )]
    fn of(self, capacity: u64) -> u64 {
        match self {
            Self::Amount(bytes) => bytes,
            Self::Share(share) => (capacity as f64 * f64::from(share)) as u64,
        }
    }
}

/// What is kept from pods on a node of that capacity.
pub fn reserved(capacity: &Resources, config: &KubeletConfig) -> Resources {
    let mut kept = config.kube_reserved.clone();
    kept.add(&config.system_reserved);
    let of = |threshold: Option<Threshold>, all: u64| threshold.map_or(0, |one| one.of(all));
    kept.add(&Resources {
        memory_bytes: of(config.memory_available, capacity.memory_bytes),
        ephemeral_bytes: of(config.nodefs_available, capacity.ephemeral_bytes),
        ..Resources::default()
    });
    kept
}

/// What pods may have of a node of that capacity. Huge pages are taken from its
/// memory.
pub fn allocatable(capacity: &Resources, config: &KubeletConfig) -> Resources {
    let kept = reserved(capacity, config);
    let huge = capacity.extended.iter().filter(|(name, _)| name.starts_with("hugepages-"));
    let memory = capacity.memory_bytes.saturating_sub(kept.memory_bytes);
    Resources {
        cpu_milli: capacity.cpu_milli.saturating_sub(kept.cpu_milli),
        memory_bytes: memory.saturating_sub(huge.map(|(_, bytes)| bytes).sum()),
        ephemeral_bytes: capacity.ephemeral_bytes.saturating_sub(kept.ephemeral_bytes),
        pods: config.max_pods,
        extended: capacity.extended.clone(),
    }
}

/// The first resource of which more is kept than the node has, by Kubernetes'
/// name: a kubelet configured so does not start. One the node lacks is passed
/// over.
pub fn exceeded(capacity: &Resources, config: &KubeletConfig) -> Option<&'static str> {
    let kept = reserved(capacity, config);
    let names = ["cpu", "memory", "ephemeral-storage"];
    names.into_iter().find(|name| (1..kept.get(name)).contains(&capacity.get(name)))
}
