// Package preflight refuses to start where the cluster could not work, or
// where starting it would harm the machine the lab runs on.
package preflight

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Errors of Check, worded as k3s words them.
var (
	ErrNotRoot        = errors.New("k3s must be run as root")
	ErrNoMemoryCgroup = errors.New("failed to find memory cgroup (v2)")
)

// tunables are the machine-wide settings kubelet writes when they differ.
var tunables = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// Root fails for anybody else.
func Root() error {
	if os.Geteuid() != 0 {
		return ErrNotRoot
	}
	return nil
}

// Check looks at the running machine.
func Check() error {
	if err := memoryCgroup("/sys/fs/cgroup/cgroup.controllers"); err != nil {
		return err
	}
	return hostSettings("/proc/sys")
}

// memoryCgroup fails when the list of cgroup v2 controllers exists and lacks
// memory, which is how a Pi without cgroup_enable=memory looks.
func memoryCgroup(controllers string) error {
	content, err := os.ReadFile(controllers)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the cgroup controllers: %w", err)
	}
	if !slices.Contains(strings.Fields(string(content)), "memory") {
		return ErrNoMemoryCgroup
	}
	return nil
}

// hostSettings fails when kubelet would write a setting that a container shares
// with its host. A lab node has private files in their place, which are not on
// a proc file system.
func hostSettings(root string) error {
	for name, want := range tunables {
		path := filepath.Join(root, name)
		var fs unix.Statfs_t
		err := unix.Statfs(path, &fs)
		if errors.Is(err, os.ErrNotExist) || err == nil && fs.Type != unix.PROC_SUPER_MAGIC {
			continue
		}
		content, readErr := os.ReadFile(path)
		if err = errors.Join(err, readErr); err != nil {
			return fmt.Errorf("look at the kernel setting %s: %w", path, err)
		}
		if got := strings.TrimSpace(string(content)); got != want {
			return fmt.Errorf("%s is %s and kubelet would set it to %s for the whole machine; bind a file over it in this lab node", path, got, want)
		}
	}
	return nil
}
