// Package cli reads the command line, the environment and config.yaml into
// Options, with k3s' names, precedence and complaints.
package cli

// Role is the subcommand: which flags exist and what the process becomes.
type Role string

// The two daemons.
const (
	Server Role = "server"
	Agent  Role = "agent"
)

type kind int

const (
	text kind = iota
	toggle
	list
)

// flag is one of k3s' flags. A flag that is known but has no effect here is
// ignored with a warning when that is harmless, and refused when the cluster
// would not be what was asked for.
type flag struct {
	name    string
	short   string
	env     string
	kind    kind
	only    Role   // empty: both roles
	refused string // reason; empty: accepted
	ignored bool
}

var flags = build(
	used(
		flag{name: "config", short: "c", env: "K3S_CONFIG_FILE"},
		flag{name: "data-dir", short: "d", env: "K3S_DATA_DIR"},
		flag{name: "token", short: "t", env: "K3S_TOKEN"},
		flag{name: "token-file", env: "K3S_TOKEN_FILE"},
		flag{name: "node-name", env: "K3S_NODE_NAME"},
		flag{name: "node-ip", short: "i", kind: list},
		flag{name: "node-label", kind: list},
		flag{name: "node-taint", kind: list},
		flag{name: "kubelet-arg", kind: list},
		flag{name: "kube-proxy-arg", kind: list},
		flag{name: "flannel-iface"},
		flag{name: "resolv-conf", env: "K3S_RESOLV_CONF"},
		flag{name: "pause-image"},
	),
	used(
		flag{name: "server", short: "s", env: "K3S_URL", only: Agent},
	),
	used(
		flag{name: "agent-token", env: "K3S_AGENT_TOKEN", only: Server},
		flag{name: "agent-token-file", env: "K3S_AGENT_TOKEN_FILE", only: Server},
		flag{name: "cluster-cidr", only: Server},
		flag{name: "service-cidr", only: Server},
		flag{name: "service-node-port-range", only: Server},
		flag{name: "cluster-dns", only: Server},
		flag{name: "cluster-domain", only: Server},
		flag{name: "advertise-address", only: Server},
		flag{name: "tls-san", kind: list, only: Server},
		flag{name: "disable", kind: list, only: Server},
		flag{name: "write-kubeconfig", short: "o", env: "K3S_KUBECONFIG_OUTPUT", only: Server},
		flag{name: "write-kubeconfig-mode", env: "K3S_KUBECONFIG_MODE", only: Server},
		flag{name: "default-local-storage-path", only: Server},
		flag{name: "secrets-encryption", kind: toggle, only: Server},
		flag{name: "kube-apiserver-arg", kind: list, only: Server},
		flag{name: "kube-controller-manager-arg", kind: list, only: Server},
		flag{name: "kube-scheduler-arg", kind: list, only: Server},
	),
	ignored("", list, "node-external-ip", "node-internal-dns", "node-external-dns"),
	ignored("", text, "v", "vmodule", "log", "private-registry", "snapshotter", "lb-server-port",
		"default-runtime", "image-credential-provider-bin-dir", "image-credential-provider-config", "flannel-conf", "flannel-cni-conf"),
	ignored("", toggle, "alsologtostderr", "selinux", "protect-kernel-defaults", "prefer-bundled-bin", "debug",
		"disable-default-registry-endpoint", "nonroot-devices", "enable-pprof"),
	ignored(Server, text, "flannel-backend", "egress-selector-mode", "servicelb-namespace",
		"write-kubeconfig-group", "helm-job-image", "system-default-registry"),
	ignored(Server, toggle, "disable-cloud-controller", "disable-network-policy", "disable-helm-controller",
		"flannel-ipv6-masq", "flannel-external-ip", "embedded-registry", "supervisor-metrics", "tls-san-security"),
	refused("the lab stand-in always keeps its state in its own etcd", list, Server,
		"datastore-endpoint", "datastore-cafile", "datastore-certfile", "datastore-keyfile",
		"etcd-arg", "etcd-disable-snapshots", "etcd-expose-metrics", "etcd-snapshot-name", "etcd-snapshot-schedule-cron",
		"etcd-snapshot-retention", "etcd-snapshot-dir", "etcd-snapshot-compress", "etcd-s3", "kine-tls", "disable-etcd"),
	refused("the lab stand-in runs one server only", list, Server,
		"server", "cluster-init", "cluster-reset", "cluster-reset-restore-path"),
	refused("the lab stand-in always runs every component of a server", list, Server,
		"disable-agent", "disable-apiserver", "disable-controller-manager", "disable-scheduler", "disable-kube-proxy"),
	refused("the lab stand-in has fixed ports", list, Server, "https-listen-port", "advertise-port", "bind-address"),
	refused("the lab stand-in runs Debian's containerd as root", list, "",
		"docker", "container-runtime-endpoint", "rootless", "vpn-auth", "vpn-auth-file", "with-node-id", "airgap-extra-registry"),
)

func used(group ...flag) []flag { return group }

func ignored(only Role, kind kind, names ...string) []flag {
	var group []flag
	for _, name := range names {
		group = append(group, flag{name: name, kind: kind, only: only, ignored: true})
	}
	return group
}

func refused(reason string, kind kind, only Role, names ...string) []flag {
	var group []flag
	for _, name := range names {
		group = append(group, flag{name: name, kind: kind, only: only, refused: reason})
	}
	return group
}

func build(groups ...[]flag) []flag {
	var all []flag
	for _, group := range groups {
		all = append(all, group...)
	}
	return all
}

func find(role Role, name string) (flag, bool) {
	for _, f := range flags {
		if (f.name == name || (f.short != "" && f.short == name)) && (f.only == "" || f.only == role) {
			return f, true
		}
	}
	return flag{}, false
}
