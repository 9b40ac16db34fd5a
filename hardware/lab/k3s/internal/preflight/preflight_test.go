package preflight

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestMemoryCgroup(t *testing.T) {
	for content, want := range map[string]error{
		"cpuset cpu io memory pids\n": nil,
		"cpuset cpu io pids\n":        ErrNoMemoryCgroup,
		"":                            ErrNoMemoryCgroup,
		"memory_recursiveprot":        ErrNoMemoryCgroup,
	} {
		path := filepath.Join(t.TempDir(), "cgroup.controllers")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := memoryCgroup(path); !errors.Is(got, want) {
			t.Errorf("%q: got %v, want %v", content, got, want)
		}
	}
	if err := memoryCgroup(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("no such file (cgroup v1): %v", err)
	}
}

func TestPrivateSettingsAreNotTheMachines(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "vm"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "vm/overcommit_memory"), []byte("0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := hostSettings(root); err != nil {
		t.Error(err)
	}
}
