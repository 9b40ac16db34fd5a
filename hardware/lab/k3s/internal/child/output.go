package child

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	largestLog  = 16 << 20
	longestLine = 1 << 10
	// settling is how long after its start a component's errors stay in its
	// file alone: each finds parts missing that are still starting.
	settling = 30 * time.Second
	// budget is how many of a child's lines reach the journal per window.
	budget = 10
	window = time.Minute
)

// output keeps all a child prints in its own file and passes errors on to the
// journal, a few at a time: the journal of a node lives on a memory card.
type output struct {
	name string
	path string

	// journal is from when on errors are passed on.
	journal time.Time

	mu      sync.Mutex
	file    *os.File
	size    int64
	partial []byte
	last    string
	since   time.Time
	passed  int
}

func openOutput(name, path string, journal time.Time) (*output, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the log directory of %s: %w", name, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	return &output{name: name, path: path, journal: journal, file: file, size: info.Size()}, nil
}

// Write never fails: a full disk must not stop a component.
func (o *output) Write(content []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.turn()
	n, _ := o.file.Write(content)
	o.size += int64(n)
	o.partial = append(o.partial, content...)
	for {
		line, rest, found := bytes.Cut(o.partial, []byte("\n"))
		if !found {
			break
		}
		o.line(string(line[:min(len(line), longestLine)]))
		o.partial = rest
	}
	if len(o.partial) > longestLine {
		o.partial = o.partial[:longestLine]
	}
	return len(content), nil
}

// turn starts the file over when it has grown large, keeping one old one.
func (o *output) turn() {
	if o.size < largestLog {
		return
	}
	if os.Rename(o.path, o.path+".old") != nil {
		return
	}
	if file, err := os.OpenFile(o.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err == nil {
		o.file.Close() //nolint:errcheck // replaced
		o.file, o.size = file, 0
	}
}

func (o *output) line(line string) {
	if line == "" {
		return
	}
	o.last = line
	now := time.Now()
	if now.Before(o.journal) || !serious(line) {
		return
	}
	if now.Sub(o.since) > window {
		o.since, o.passed = now, 0
	}
	o.passed++
	switch {
	case o.passed <= budget:
		logrus.Warnf("%s: %s", o.name, line)
	case o.passed == budget+1:
		logrus.Warnf("%s: more errors within %s are only in %s", o.name, window, o.path)
	}
}

// serious recognises errors in klog's form (E1122 …, F1122 …) and a Go panic.
func serious(line string) bool {
	klog := len(line) > 5 && (line[0] == 'E' || line[0] == 'F') && line[1] >= '0' && line[1] <= '1' && line[5] == ' '
	return klog || len(line) > 6 && line[:6] == "panic:"
}

// Last is the newest whole line, for the report of an ending.
func (o *output) Last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// hush passes nothing on any more.
func (o *output) hush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.journal = time.Now().Add(time.Hour)
}

// Close ends the file.
func (o *output) Close() error { return o.file.Close() }
