//! Who makes pods, and how they are replaced by an update.

/// What made a pod, and replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Owner {
    /// Nobody.
    #[default]
    Pod,
    /// A Deployment (or a bare `ReplicaSet`, which is never rolled).
    Deployment {
        /// Its name.
        name: String,
        /// Pods it may have above its replicas during an update.
        max_surge: u64,
        /// Pods it may lack meanwhile.
        max_unavailable: u64,
    },
    /// A `StatefulSet`.
    StatefulSet {
        /// Its name.
        name: String,
        /// Whether each pod is made once the one before it runs.
        ordered: bool,
    },
    /// A `DaemonSet`.
    DaemonSet {
        /// Its name.
        name: String,
        /// Nodes that may have a second pod of it during an update; with none an
        /// old pod ends before the new one starts.
        max_surge: u64,
    },
    /// A Job: it ends.
    Job {
        /// Its name.
        name: String,
    },
}
