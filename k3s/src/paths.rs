//! Every file of k3s we touch or read, as k3s itself names them.
//!
//! The layout is that of k3s' own installer, so that its documentation, its
//! uninstall habits and other people's tools stay valid on our nodes.

use terrarium_inventory::Role;

/// What k3s keeps: images, pods' volumes, the database.
pub const DATA: &str = "/var/lib/rancher/k3s";

/// The one binary: server, agent, `kubectl`, `crictl` and `ctr` by argv\[0\].
pub const BINARY: &str = "/usr/local/bin/k3s";

/// The configuration file k3s reads without being told; `0600`, root.
pub const CONFIG: &str = "/etc/rancher/k3s/config.yaml";

/// The join token an agent node reads; `0600`, root.
pub const TOKEN: &str = "/etc/rancher/k3s/cluster-token";

/// The digest of the join token as a variable, which the unit of an agent node
/// reads beside it ([`crate::unit::TOKEN_DIGEST`]); `0600`, root.
pub const TOKEN_MARK: &str = "/etc/rancher/k3s/cluster-token.env";

/// The secret that agent nodes join by, made once on the server; `0600`, root.
/// Without one k3s lets them join by its own token, which is an administrator's.
pub const AGENT_SECRET: &str = "/etc/rancher/k3s/agent-token";

/// On the server: the digest of its own token at the time when agent nodes
/// still had to hold it; `0600`, root.
pub const HANDED_OUT: &str = "/etc/rancher/k3s/server-token.handed-out";

/// The administrator's kubeconfig the server writes; `0600`, root.
pub const KUBECONFIG: &str = "/etc/rancher/k3s/k3s.yaml";

/// The server's own token, an administrator's of the cluster. `node-token` beside
/// it is always a link to it.
pub const SERVER_TOKEN: &str = "/var/lib/rancher/k3s/server/token";

/// What agent nodes join with; the server writes it at every start out of
/// [`AGENT_SECRET`]. Without that it is a link to [`SERVER_TOKEN`].
pub const AGENT_TOKEN: &str = "/var/lib/rancher/k3s/server/agent-token";

/// The authority of the API and the kubelets, on the server.
pub const SERVER_CA: &str = "/var/lib/rancher/k3s/server/tls/server-ca.crt";

/// The folder of what a node holds of its cluster.
pub const AGENT_DIR: &str = "/var/lib/rancher/k3s/agent";

/// The authority an agent node has joined under.
pub const AGENT_CA: &str = "/var/lib/rancher/k3s/agent/server-ca.crt";

/// Whose cluster the node is of ([`crate::told::mark`]). It lies with the data, and
/// goes and moves with it; `0644`, root.
pub const CLUSTER_MARK: &str = "/var/lib/rancher/k3s/cluster.terrarium";

/// Unit name of a server.
pub const SERVER_SERVICE: &str = "k3s.service";

/// Unit name of an agent node.
pub const AGENT_SERVICE: &str = "k3s-agent.service";

/// Unit file of a server; `0644`, root.
pub const SERVER_UNIT: &str = "/etc/systemd/system/k3s.service";

/// Unit file of an agent node; `0644`, root.
pub const AGENT_UNIT: &str = "/etc/systemd/system/k3s-agent.service";

/// Proxy settings and the like an administrator may add; never written by us.
pub const SERVER_ENV: &str = "/etc/systemd/system/k3s.service.env";

/// As [`SERVER_ENV`], for an agent node.
pub const AGENT_ENV: &str = "/etc/systemd/system/k3s-agent.service.env";

/// Port of the Kubernetes API and of joining, TCP, on every server.
pub const API_PORT: u16 = 6443;

/// Unit name for a part in the cluster.
pub fn service(role: Role) -> &'static str {
    match role {
        Role::Server => SERVER_SERVICE,
        Role::Agent => AGENT_SERVICE,
    }
}

/// Unit file for a part in the cluster.
pub fn unit_file(role: Role) -> &'static str {
    match role {
        Role::Server => SERVER_UNIT,
        Role::Agent => AGENT_UNIT,
    }
}
