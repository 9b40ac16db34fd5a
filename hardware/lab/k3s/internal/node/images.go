package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/pki"

	"github.com/sirupsen/logrus"
)

// labImages is where a lab node offers image archives beside k3s' own place.
const labImages = "/opt/lab/images"

// archive is an image archive on disk; mark changes whenever the file does.
type archive struct {
	path string
	size int64
	mark string
}

// importer loads image archives into containerd, each version of a file once.
type importer struct {
	folders []string
	// record lies inside containerd's own tree: wiping that forgets both.
	record string
	load   func(ctx context.Context, path string) error
}

func (n *Node) importer() importer {
	return importer{
		folders: []string{n.options.Data.Agent("images"), labImages},
		record:  n.options.Data.Agent("containerd", "imported-archives.json"),
		load:    ctrImport,
	}
}

// run imports what is new, small archives first, and goes on past a broken one.
func (i importer) run(ctx context.Context) {
	known := i.known()
	for _, a := range archives(i.folders) {
		if known[a.path] == a.mark || ctx.Err() != nil {
			continue
		}
		begun := time.Now()
		if err := i.load(ctx, a.path); err != nil {
			logrus.Errorf("Unable to import images from %s: %v", a.path, err)
			continue
		}
		logrus.Infof("Imported images from %s in %.1fs", a.path, time.Since(begun).Seconds())
		known[a.path] = a.mark
		if err := i.remember(known); err != nil {
			logrus.Warn(err)
		}
	}
}

func (i importer) known() map[string]string {
	known := map[string]string{}
	content, err := os.ReadFile(i.record)
	if err == nil {
		err = json.Unmarshal(content, &known)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		logrus.Warnf("The record of imported images is unreadable, importing all: %v", err)
		return map[string]string{}
	}
	return known
}

func (i importer) remember(known map[string]string) error {
	content, err := json.Marshal(known)
	if err != nil {
		return err
	}
	return pki.WriteFile(i.record, content, 0o600)
}

// archives lists image archives with links resolved, each file once.
func archives(folders []string) []archive {
	found := map[string]archive{}
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue // neither place has to exist
		}
		for _, entry := range entries {
			path, err := filepath.EvalSymlinks(filepath.Join(folder, entry.Name()))
			if err != nil || !isArchive(entry.Name()) {
				continue
			}
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				found[path] = archive{path, info.Size(), fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())}
			}
		}
	}
	all := make([]archive, 0, len(found))
	for _, a := range found {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b archive) int {
		return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.path, b.path))
	})
	return all
}

func isArchive(name string) bool {
	return !strings.HasPrefix(name, ".") &&
		(strings.HasSuffix(name, ".tar") || strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz"))
}

func ctrImport(ctx context.Context, path string) error {
	command := exec.CommandContext(ctx, "/usr/bin/ctr", "--address", layout.ContainerdSocket, "-n", "k8s.io", "images", "import", path)
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr: %w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}
