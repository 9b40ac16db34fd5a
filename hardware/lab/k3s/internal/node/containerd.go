package node

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"terrarium/lab/k3s/internal/child"
	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/pki"
)

// Containerd is the name of its child.
const Containerd = "containerd"

// containerdConfig: overlay on the data volume; restrict_oom_score_adj because
// a lab node lacks CAP_SYS_RESOURCE; snapshotters that only cost a probe at
// start are off.
const containerdConfig = `version = 2
root = %[1]q
state = "/run/k3s/containerd"
oom_score = 0
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]

[grpc]
  address = %[2]q

[plugins."io.containerd.internal.v1.opt"]
  path = %[1]q

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %[3]q
  restrict_oom_score_adj = true
  disable_apparmor = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %[4]q
    conf_dir = %[5]q

  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = %[6]q
`

// noRegistry sends every pull to a closed port, so that an image which was not
// imported fails at once and by name instead of after a DNS timeout.
const noRegistry = `server = "http://127.0.0.1:1"
`

func (n *Node) startContainerd() error {
	data := n.options.Data
	etc := data.Agent("etc", "containerd")
	config := fmt.Sprintf(containerdConfig, data.Agent("containerd"), layout.ContainerdSocket,
		n.options.PauseImage, layout.CNIBin, n.cniDir(), filepath.Join(etc, "certs.d"))
	if err := pki.WriteFile(filepath.Join(etc, "config.toml"), []byte(config), 0o600); err != nil {
		return err
	}
	if err := pki.WriteFile(filepath.Join(etc, "certs.d", "_default", "hosts.toml"), []byte(noRegistry), 0o600); err != nil {
		return err
	}
	if err := os.MkdirAll(n.cniDir(), 0o755); err != nil {
		return fmt.Errorf("make the CNI directory: %w", err)
	}
	n.group.Start(child.Spec{
		Name: Containerd,
		Path: "/usr/bin/containerd",
		Args: []string{"--config", filepath.Join(etc, "config.toml"), "--log-level", "warn"},
		Log:  data.Agent("containerd", "containerd.log"),
	})
	return nil
}

// waitSocket returns once something accepts connections on a unix socket.
func waitSocket(ctx context.Context, path string) error {
	for {
		connection, err := net.Dial("unix", path)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
