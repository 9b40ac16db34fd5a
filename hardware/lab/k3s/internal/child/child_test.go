package child

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

func captureLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var buffer bytes.Buffer
	logrus.SetOutput(&buffer)
	t.Cleanup(func() { logrus.SetOutput(os.Stderr) })
	return &buffer
}

func TestAnEndedChildIsStartedAgain(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "starts")
	if err := os.WriteFile(pipe, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	captureLog(t)
	var g Group
	// The second life waits for SIGTERM, so Stop has something to end.
	g.Start(Spec{Name: "sh", Path: "/bin/sh", Log: filepath.Join(dir, "log"),
		Args: []string{"-c", `echo x >> "$0"; [ "$(wc -l < "$0")" -ge 2 ] && exec sleep 600; exit 3`, pipe}})
	deadline := time.Now().Add(20 * time.Second)
	for {
		content, err := os.ReadFile(pipe)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(content), "x") == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no second start within 20 s")
		}
	}
	begun := time.Now()
	g.Stop(10*time.Second, "sh")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("stopping took %s", took)
	}
}

func TestStopKillsWhatIgnoresSIGTERM(t *testing.T) {
	dir := t.TempDir()
	captureLog(t)
	var g Group
	up := filepath.Join(dir, "up")
	g.Start(Spec{Name: "sh", Path: "/bin/sh", Log: filepath.Join(dir, "log"),
		Args: []string{"-c", `trap "" TERM; : > "$0"; while :; do sleep 600; done`, up}})
	for deadline := time.Now().Add(20 * time.Second); ; {
		if _, err := os.Stat(up); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the child did not start")
		}
	}
	g.Stop(time.Millisecond, "sh")
	if c := g.children[0]; c.process != nil {
		t.Error("the child still runs")
	}
}

func TestOutput(t *testing.T) {
	log := captureLog(t)
	path := filepath.Join(t.TempDir(), "logs", "x.log")
	o, err := openOutput("kubelet", path, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"I1122 10:00:00 fine\nE1122 10", ":00:00 broken\n", "Error: not klog\n"} {
		o.Write([]byte(part)) //nolint:errcheck // never fails
	}
	for range 3 * budget {
		o.Write([]byte("E1122 10:00:01 again\n")) //nolint:errcheck // never fails
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(content), "\n"); lines != 3+3*budget {
		t.Errorf("the file holds %d lines", lines)
	}
	if !strings.Contains(log.String(), "kubelet: E1122 10:00:00 broken") || strings.Contains(log.String(), "fine") {
		t.Errorf("the journal got:\n%s", log)
	}
	if lines := strings.Count(log.String(), "\n"); lines != budget+1 {
		t.Errorf("the journal got %d lines, want %d", lines, budget+1)
	}
	if o.Last() != "E1122 10:00:01 again" {
		t.Errorf("last line: %q", o.Last())
	}
}

func TestEnvironmentKeepsSecretsBack(t *testing.T) {
	got := environment([]string{"PATH=/bin", "NOTIFY_SOCKET=/run/x", "K3S_TOKEN=hunter2"})
	if !slices.Equal(got, []string{"PATH=/bin"}) {
		t.Errorf("got %q", got)
	}
}

func TestErrorsWhileSettlingStayInTheFile(t *testing.T) {
	log := captureLog(t)
	o, err := openOutput("kubelet", filepath.Join(t.TempDir(), "x.log"), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	o.Write([]byte("E1122 10:00:00 not yet\n")) //nolint:errcheck // never fails
	if log.Len() != 0 || o.Last() != "E1122 10:00:00 not yet" {
		t.Errorf("journal %q, last %q", log, o.Last())
	}
}
