package node

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestPodProcesses(t *testing.T) {
	proc := t.TempDir()
	for pid, files := range map[string][2]string{
		"1":    {"systemd\n", "0::/kubepods/x\n"},
		"20":   {"containerd-shim\n", "0::/system.slice/k3s.service\n"},
		"30":   {"postgres\n", "5:memory:/kubepods/burstable/pod1/c\n0::/\n"},
		"40":   {"k3s\n", "0::/system.slice/k3s.service\n"},
		"self": {"x\n", "0::/kubepods/x\n"},
	} {
		dir := filepath.Join(proc, pid)
		err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "comm"), []byte(files[0]), 0o600),
			os.WriteFile(filepath.Join(dir, "cgroup"), []byte(files[1]), 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	got := podProcesses(proc)
	slices.Sort(got)
	if !slices.Equal(got, []int{20, 30}) {
		t.Errorf("got %v", got)
	}
}
