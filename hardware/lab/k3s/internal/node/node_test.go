package node

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func node(name, ip, cidr string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{PodCIDR: cidr}}
	n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: name}}
	if ip != "" {
		n.Status.Addresses = append(n.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: ip})
	}
	return n
}

func TestRoutesGoToOtherNodesThatAreKnown(t *testing.T) {
	got := wantedRoutes("a", []*corev1.Node{
		node("c", "10.0.0.3", "10.42.2.0/24"),
		node("a", "10.0.0.1", "10.42.0.0/24"),
		node("b", "10.0.0.2", "10.42.1.0/24"),
		node("no-range", "10.0.0.4", ""),
		node("no-address", "", "10.42.4.0/24"),
	})
	want := []route{{"10.42.1.0/24", "10.0.0.2"}, {"10.42.2.0/24", "10.0.0.3"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCNIConfigHoldsTheRange(t *testing.T) {
	content, err := cniConfig("10.42.7.0/24")
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Plugins []struct {
			Type string
			IPAM struct{ Ranges [][]struct{ Subnet string } }
		}
	}
	if err := json.Unmarshal(content, &parsed); err != nil {
		t.Fatal(err)
	}
	if len(parsed.Plugins) != 2 || parsed.Plugins[0].IPAM.Ranges[0][0].Subnet != "10.42.7.0/24" || parsed.Plugins[1].Type != "portmap" {
		t.Errorf("got %s", content)
	}
}

func TestResolversOnLoopbackAreLeftOut(t *testing.T) {
	got := Resolvers("search lan\nnameserver 127.0.0.11\nnameserver ::1\nnameserver 10.0.0.1\n# nameserver 1.2.3.4\nnameserver x\n")
	if !slices.Equal(got, []string{"nameserver 10.0.0.1"}) {
		t.Errorf("got %q", got)
	}
}

func TestParseTaints(t *testing.T) {
	got, err := parseTaints([]string{"a=b:NoSchedule", "c:NoExecute"})
	if err != nil || len(got) != 2 || got[0]["value"] != "b" || got[1]["key"] != "c" || got[1]["value"] != nil {
		t.Errorf("got %v %v", got, err)
	}
	for _, bad := range []string{"a", "a=b", ":NoSchedule", "a=b:Never"} {
		if _, err := parseTaints([]string{bad}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestReservedMemory(t *testing.T) {
	for _, c := range []struct {
		meminfo, lab string
		want         int64
		fails        bool
	}{
		{"MemFree: 1 kB\nMemTotal:       24000000 kB\n", "4294967296\n", 24000000 - 4194304, false},
		{"MemTotal: 4194304 kB\n", "4294967296", 0, false},
		{"MemTotal: 1000 kB\n", "4294967296", 0, false},
		{"MemTotal: 1000 kB\n", "4G", 0, true},
		{"nothing\n", "4294967296", 0, true},
	} {
		dir := t.TempDir()
		meminfo, lab := filepath.Join(dir, "meminfo"), filepath.Join(dir, "memory")
		err := errors.Join(os.WriteFile(meminfo, []byte(c.meminfo), 0o600), os.WriteFile(lab, []byte(c.lab), 0o600))
		if err != nil {
			t.Fatal(err)
		}
		got, err := reservedMemory(meminfo, lab)
		if (err != nil) != c.fails || got != c.want {
			t.Errorf("%q %q: got %d %v", c.meminfo, c.lab, got, err)
		}
	}
	if got, err := reservedMemory("/proc/meminfo", filepath.Join(t.TempDir(), "none")); got != 0 || err != nil {
		t.Errorf("without the lab's file: got %d %v", got, err)
	}
}

func TestNodePasswordIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node", "password")
	first, err := nodePassword(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := nodePassword(path)
	if err != nil || first != second || len(first) != 32 {
		t.Errorf("the password changed or is short: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v %v", info, err)
	}
}

func TestArchivesAreImportedOncePerVersion(t *testing.T) {
	dir := t.TempDir()
	store, linked := filepath.Join(dir, "store"), filepath.Join(dir, "images")
	if err := errors.Join(os.Mkdir(store, 0o700), os.Symlink(store, linked)); err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(store, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("large.tar", "xxxxxxxx")
	write("small.tar", "x")
	write("broken.tar", "broken")
	write("pause.digest", "x")
	write(".partial.tar", "x")
	var loaded []string
	i := importer{
		folders: []string{linked, store, filepath.Join(dir, "none")},
		record:  filepath.Join(dir, "record.json"),
		load: func(_ context.Context, path string) error {
			if strings.Contains(path, "broken") {
				return errors.New("broken")
			}
			loaded = append(loaded, filepath.Base(path))
			return nil
		},
	}
	i.run(context.Background())
	i.run(context.Background())
	write("small.tar", "xx")
	i.run(context.Background())
	if want := []string{"small.tar", "large.tar", "small.tar"}; !slices.Equal(loaded, want) {
		t.Errorf("got %q, want %q", loaded, want)
	}
}

func TestWhatADiskThatFillsUpWouldDoIsLeftOut(t *testing.T) {
	got := withoutDisk([]string{
		"--max-pods=200",
		"--eviction-hard=memory.available<250Mi,nodefs.available<5%,imagefs.available<5%,nodefs.inodesFree<5%",
		"--image-gc-high-threshold=80",
	})
	want := "--max-pods=200 --eviction-hard=nodefs.available<1%,imagefs.available<1%,memory.available<250Mi"
	if strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
