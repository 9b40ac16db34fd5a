package node

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
)

// podsGrace is what pods get between SIGTERM and SIGKILL when the node goes down.
const podsGrace = 4 * time.Second

// endPodsAtShutdown ends the pods when the node itself is going down. Stopping
// k3s leaves them running; left to systemd, one pod whose first process heeds
// no SIGTERM would hold a reboot up for 90 seconds.
func endPodsAtShutdown() {
	// The command's status is 1 for every state but "running".
	state, _ := exec.Command("systemctl", "is-system-running").Output()
	if strings.TrimSpace(string(state)) != "stopping" {
		return
	}
	for _, pid := range podProcesses("/proc") {
		syscall.Kill(pid, syscall.SIGTERM) //nolint:errcheck // it may have ended
	}
	for deadline := time.Now().Add(podsGrace); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if len(podProcesses("/proc")) == 0 {
			return
		}
	}
	left := podProcesses("/proc")
	logrus.Infof("%d processes of pods have not ended within %s; killing them", len(left), podsGrace)
	for _, pid := range left {
		syscall.Kill(pid, syscall.SIGKILL) //nolint:errcheck // it may have ended
	}
}

// podProcesses finds what runs in a pod's cgroup, and the shims that hold pods.
func podProcesses(proc string) []int {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil
	}
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == 1 {
			continue
		}
		cgroups, err := os.ReadFile(filepath.Join(proc, entry.Name(), "cgroup"))
		if err != nil {
			continue // it has ended
		}
		name, err := os.ReadFile(filepath.Join(proc, entry.Name(), "comm"))
		if err != nil {
			continue
		}
		if bytes.Contains(cgroups, []byte(":/kubepods")) || bytes.HasPrefix(name, []byte("containerd-shim")) {
			found = append(found, pid)
		}
	}
	return found
}
