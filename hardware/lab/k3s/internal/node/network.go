package node

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"terrarium/lab/k3s/internal/pki"

	"github.com/sirupsen/logrus"
)

// sysctls belong to the node's own network namespace.
var sysctls = map[string]string{
	"net/ipv4/ip_forward":                "1",
	"net/bridge/bridge-nf-call-iptables": "1",
	"net/ipv4/conf/all/route_localnet":   "1",
}

// prepareKernel sets what pod traffic needs. A missing file is a missing
// module: services would then not work between pods of one node.
func prepareKernel() {
	for name, value := range sysctls {
		if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0o644); err != nil {
			logrus.Warnf("Unable to set %s to %s: %v", name, value, err)
		}
	}
}

func (n *Node) cniDir() string { return n.options.Data.Agent("etc", "cni", "net.d") }

// cniConfig is the node's pod network: a bridge with addresses out of the
// range the controller manager gave this node. Leases lie in /run, so a reboot
// forgets those of pods that died with it.
func cniConfig(podCIDR string) ([]byte, error) {
	return json.MarshalIndent(object{
		"cniVersion": "1.0.0",
		"name":       "cbr0",
		"plugins": []object{
			{
				"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "forceAddress": true,
				"ipam": object{
					"type": "host-local", "dataDir": "/run/k3s/cni",
					"ranges": [][]object{{{"subnet": podCIDR}}},
					"routes": []object{{"dst": "0.0.0.0/0"}},
				},
			},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
}

// setPodCIDR writes the CNI configuration, which is what makes a node Ready.
func (n *Node) setPodCIDR(podCIDR, clusterCIDR string) error {
	prefix, err := netip.ParsePrefix(podCIDR)
	if err != nil {
		return fmt.Errorf("the node's pod CIDR: %w", err)
	}
	content, err := cniConfig(prefix.String())
	if err != nil {
		return fmt.Errorf("encode the CNI configuration: %w", err)
	}
	path := filepath.Join(n.cniDir(), "10-pods.conflist")
	if old, err := os.ReadFile(path); err == nil && string(old) == string(content) {
		return masquerade(prefix.String(), clusterCIDR)
	}
	if err := pki.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	return masquerade(prefix.String(), clusterCIDR)
}

// masquerade gives pod traffic that leaves the cluster the node's address.
func masquerade(podCIDR, clusterCIDR string) error {
	rule := []string{"POSTROUTING", "-s", podCIDR, "!", "-d", clusterCIDR, "-m", "comment", "--comment", "pods leaving the cluster", "-j", "MASQUERADE"}
	run := func(action string) ([]byte, error) {
		return exec.Command("iptables", append([]string{"-w", "5", "-t", "nat", action}, rule...)...).CombinedOutput()
	}
	if _, err := run("-C"); err == nil {
		return nil
	}
	if output, err := run("-A"); err != nil {
		return fmt.Errorf("add the masquerading rule: %w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}

// resolvConf is the file pods without cluster DNS get. Resolvers on loopback
// are unreachable from a pod and are left out, as k3s does; k3s would then put
// a public one in, the lab does not.
func (n *Node) resolvConf() (string, error) {
	if n.options.ResolvConf != "" {
		return n.options.ResolvConf, nil
	}
	content, err := os.ReadFile("/etc/resolv.conf")
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("read the node's resolvers: %w", err)
	}
	path := n.options.Data.Agent("etc", "resolv.conf")
	return path, pki.WriteFile(path, []byte(strings.Join(append(Resolvers(string(content)), ""), "\n")), 0o644)
}

// Resolvers picks the nameserver lines a pod can use.
func Resolvers(content string) []string {
	var usable []string
	for _, line := range strings.Split(content, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		if address, err := netip.ParseAddr(fields[1]); err == nil && !address.IsLoopback() {
			usable = append(usable, "nameserver "+fields[1])
		}
	}
	return usable
}
