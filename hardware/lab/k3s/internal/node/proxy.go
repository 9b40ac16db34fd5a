package node

import (
	"terrarium/lab/k3s/internal/child"
	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/component"
)

// startProxy configures kube-proxy by flags: it would watch a file, and inotify
// instances are scarce on a machine with many nodes.
func (n *Node) startProxy(c cli.Cluster) {
	o := n.options
	args := []string{
		"--kubeconfig=" + o.Data.Agent(kubeconfigName("kube-proxy")),
		"--proxy-mode=iptables",
		"--cluster-cidr=" + c.PodCIDR,
		"--hostname-override=" + o.NodeName,
		"--oom-score-adj=0",
		// Zeros leave the machine's connection tracking alone: a lab node
		// may not change it.
		"--conntrack-max-per-core=0",
		"--conntrack-min=0",
		"--conntrack-tcp-timeout-established=0s",
		"--conntrack-tcp-timeout-close-wait=0s",
	}
	n.group.Start(child.Spec{
		Name: component.KubeProxy,
		Args: append(args, o.KubeProxyArgs...),
		Log:  o.Data.Log(component.KubeProxy),
	})
}
