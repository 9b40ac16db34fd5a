package node

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"terrarium/lab/k3s/internal/layout"
)

// ExecCtr becomes ctr, pointed at this node's containerd.
func ExecCtr(args []string) error {
	const path = "/usr/bin/ctr"
	argv := append([]string{"ctr", "--address", layout.ContainerdSocket, "--namespace", "k8s.io"}, args...)
	return fmt.Errorf("run %s: %w", path, syscall.Exec(path, argv, os.Environ()))
}

// UseAdminKubeconfig points kubectl at the server's own kubeconfig when the
// caller named none.
func UseAdminKubeconfig() error {
	if os.Getenv("KUBECONFIG") != "" {
		return nil
	}
	file, err := os.Open(layout.Kubeconfig)
	if err != nil {
		if os.IsPermission(err) {
			return fmt.Errorf("unable to read %s, please start server with --write-kubeconfig-mode or run as root: %w", layout.Kubeconfig, err)
		}
		return nil // an agent node: kubectl looks for its usual files
	}
	return errors.Join(file.Close(), os.Setenv("KUBECONFIG", layout.Kubeconfig))
}
