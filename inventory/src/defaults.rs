//! What holds where `pis.toml` says nothing.

/// The k3s release installed unless the inventory names another.
pub const DEFAULT_K3S_VERSION: &str = "v1.36.3+k3s1";

/// The helm that drives the stack; the charts are tested with it, and it is no
/// choice of the inventory, which may pin its digest.
pub const HELM_VERSION: &str = "v3.21.4";

/// `cluster.name`
pub(crate) const CLUSTER: &str = "terrarium";
/// `cluster.domain`, below which the cluster's name goes.
pub(crate) const DOMAIN_PARENT: &str = "local";
/// `cluster.kubeconfig`
pub(crate) const KUBECONFIG: &str = "~/.kube/config";
/// `ssh.user`
pub(crate) const USER: &str = "pi";
/// `ssh.port`
pub(crate) const PORT: u16 = 22;
/// `ssh.known_hosts`, beside the inventory.
pub(crate) const KNOWN_HOSTS: &str = "known_hosts";
/// `os.swap`
pub(crate) const SWAP: &str = "off";
/// `images.lock`
pub(crate) const LOCK: bool = true;
/// `agent.login`
pub(crate) const LOGIN: bool = true;
