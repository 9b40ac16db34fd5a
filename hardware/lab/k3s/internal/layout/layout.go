// Package layout names every file the stand-in reads or writes. The paths are
// k3s' own, because installers, people and backups know them.
package layout

import "path/filepath"

const (
	// ConfigFile is read when no --config is given.
	ConfigFile = "/etc/rancher/k3s/config.yaml"
	// Kubeconfig is the administrator's kubeconfig on a server.
	Kubeconfig = "/etc/rancher/k3s/k3s.yaml"
	// NodePassword proves on rejoin that this is the same machine.
	NodePassword = "/etc/rancher/node/password"
	// DataDir is the default of --data-dir.
	DataDir = "/var/lib/rancher/k3s"
	// RunDir holds sockets and state that a reboot must forget.
	RunDir = "/run/k3s"
	// ContainerdSocket serves CRI and ctr.
	ContainerdSocket = RunDir + "/containerd/containerd.sock"
	// LabMemory, when present, holds the memory in bytes that the virtual
	// board has.
	LabMemory = "/etc/lab/memory"
	// CNIBin is where Debian puts containernetworking-plugins.
	CNIBin = "/usr/lib/cni"
	// APIPort is the API server's port.
	APIPort = 6443
	// SupervisorPort is where nodes join.
	SupervisorPort = 9345
)

// Data is the tree below --data-dir.
type Data string

// Server returns a path below server/.
func (d Data) Server(name ...string) string { return d.join("server", name) }

// TLS returns a path below server/tls/.
func (d Data) TLS(name string) string { return d.Server("tls", name) }

// Agent returns a path below agent/.
func (d Data) Agent(name ...string) string { return d.join("agent", name) }

// Log is the file with a component's full output.
func (d Data) Log(component string) string { return d.join("logs", []string{component + ".log"}) }

func (d Data) join(first string, rest []string) string {
	return filepath.Join(append([]string{string(d), first}, rest...)...)
}
