package node

import (
	"fmt"

	"terrarium/lab/k3s/internal/child"
	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/component"
	"terrarium/lab/k3s/internal/pki"

	"sigs.k8s.io/yaml"
)

func (n *Node) startProxy(c cli.Cluster) error {
	o := n.options
	content, err := yaml.Marshal(object{
		"apiVersion":       "kubeproxy.config.k8s.io/v1alpha1",
		"kind":             "KubeProxyConfiguration",
		"mode":             "iptables",
		"clusterCIDR":      c.PodCIDR,
		"hostnameOverride": o.NodeName,
		"oomScoreAdj":      0,
		"clientConnection": object{"kubeconfig": o.Data.Agent(kubeconfigName("kube-proxy"))},
		// Zeros leave the machine's connection tracking alone: a lab node
		// may not change it.
		"conntrack": object{"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
	})
	if err != nil {
		return fmt.Errorf("encode kube-proxy's configuration: %w", err)
	}
	file := o.Data.Agent("etc", "kube-proxy.yaml")
	if err := pki.WriteFile(file, content, 0o600); err != nil {
		return err
	}
	n.group.Start(child.Spec{
		Name: component.KubeProxy,
		Args: append([]string{"--config=" + file}, o.KubeProxyArgs...),
		Log:  o.Data.Log(component.KubeProxy),
	})
	return nil
}
