//! What holds where `pis.toml` says nothing.

/// The k3s release installed unless the inventory names another.
pub const DEFAULT_K3S_VERSION: &str = "v1.34.4+k3s1";

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
