package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"terrarium/lab/k3s/internal/layout"

	"github.com/sirupsen/logrus"
)

// deployEvery is how often the manifests are looked at.
const deployEvery = 15 * time.Second

// deployer keeps what lies in server/manifests applied.
type deployer struct {
	folder  string
	applied map[string][sha256.Size]byte
	// kubectl runs with the administrator's identity.
	kubectl func(ctx context.Context, args ...string) error
}

func newDeployer(data layout.Data) deployer {
	kubeconfig := data.Server("cred", "admin.kubeconfig")
	return deployer{
		folder:  data.Server("manifests"),
		applied: map[string][sha256.Size]byte{},
		kubectl: func(ctx context.Context, args ...string) error {
			command := exec.CommandContext(ctx, "/proc/self/exe", append([]string{"kubectl", "--kubeconfig", kubeconfig}, args...)...)
			output, err := command.CombinedOutput()
			if err != nil {
				return fmt.Errorf("kubectl: %w: %s", err, strings.TrimSpace(string(output)))
			}
			return nil
		},
	}
}

// run removes the disabled add-ons, then deploys until ctx ends.
func (d deployer) run(ctx context.Context, disabled []string) {
	for _, path := range disabled {
		if err := d.remove(ctx, path); err != nil {
			logrus.Errorf("Unable to remove the disabled add-on %s: %v", path, err)
		}
	}
	tick := time.NewTicker(deployEvery)
	defer tick.Stop()
	for {
		d.scan(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d deployer) remove(ctx context.Context, path string) error {
	if err := d.kubectl(ctx, "delete", "--ignore-not-found", "--wait=false", "-f", path); err != nil {
		return err
	}
	logrus.Infof("Removed the disabled add-on %s", path)
	return os.Remove(path)
}

// scan applies every manifest whose content differs from what was applied. One
// that fails is tried again at the next scan.
func (d deployer) scan(ctx context.Context) {
	err := filepath.WalkDir(d.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || !isManifest(entry.Name()) || ctx.Err() != nil {
			return nil
		}
		if _, err := os.Stat(path + ".skip"); err == nil {
			return nil // k3s' way of leaving one out
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		if d.applied[path] == sum {
			return nil
		}
		if err := d.kubectl(ctx, "apply", "-f", path); err != nil {
			if ctx.Err() == nil {
				logrus.Errorf("Unable to apply manifest %s: %v", path, err)
			}
			return nil
		}
		d.applied[path] = sum
		logrus.Infof("Applied manifest %s", path)
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		logrus.Errorf("Unable to read the manifests: %v", err)
	}
}
