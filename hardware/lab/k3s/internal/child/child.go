// Package child runs and supervises the programs a daemon is made of. A child
// dies with its parent, even one that is killed; what a child itself detaches,
// such as containerd's shims, lives on.
package child

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	firstPause = 250 * time.Millisecond
	lastPause  = 10 * time.Second
	// steady is how long a run must last to be taken for a good one.
	steady = 30 * time.Second
	// attempts is how often in a row a program may end early before the
	// daemon gives up, as k3s does at once, and leaves the rest to systemd.
	attempts = 6
)

// Spec is one program.
type Spec struct {
	// Name is argv[0]; the program is this very binary unless Path is set.
	Name string
	Path string
	Args []string
	// Log receives everything the program prints.
	Log string
}

// Group is the set of children of a daemon, in the order of their start.
type Group struct {
	mu       sync.Mutex
	children []*child
}

type child struct {
	spec    Spec
	stop    context.CancelFunc
	ctx     context.Context
	done    chan struct{}
	mu      sync.Mutex
	process *os.Process
	output  *output
}

// Start runs a program and starts it again whenever it ends, until Stop.
func (g *Group) Start(spec Spec) {
	ctx, stop := context.WithCancel(context.Background())
	c := &child{spec: spec, ctx: ctx, stop: stop, done: make(chan struct{})}
	g.mu.Lock()
	g.children = append(g.children, c)
	g.mu.Unlock()
	go c.supervise()
}

// Stop ends the named children side by side, with SIGTERM first and SIGKILL
// for those that have not ended after grace. Unknown names are passed over.
func (g *Group) Stop(grace time.Duration, names ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var stopping sync.WaitGroup
	for _, c := range g.children {
		for _, name := range names {
			if c.spec.Name == name {
				stopping.Go(func() { c.end(grace) })
			}
		}
	}
	stopping.Wait()
}

func (c *child) end(grace time.Duration) {
	c.stop()
	c.hush()
	c.signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(grace):
		logrus.Infof("%s has not ended %s after SIGTERM; killing it", c.spec.Name, grace)
		c.signal(syscall.SIGKILL)
		<-c.done
	}
}

func (c *child) signal(signal syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil {
		c.process.Signal(signal) //nolint:errcheck // it may have ended meanwhile
	}
}

// hush keeps what a child says of its own ending out of the journal.
func (c *child) hush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.output != nil {
		c.output.hush()
	}
}

func (c *child) supervise() {
	// The kernel sends the parent-death signal when the thread that started
	// the child ends, so this goroutine keeps its thread for good.
	runtime.LockOSThread()
	defer close(c.done)
	pause, failures := firstPause, 0
	for c.ctx.Err() == nil {
		begun := time.Now()
		reason := c.run()
		if c.ctx.Err() != nil {
			return
		}
		if time.Since(begun) > steady {
			pause, failures = firstPause, 0
		}
		if failures++; failures == attempts {
			logrus.Fatalf("%s, %d times in a row", reason, failures)
		}
		logrus.Warnf("%s; starting it again in %s", reason, pause)
		select {
		case <-c.ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// run is one life of the program; it returns why that ended.
func (c *child) run() string {
	output, err := openOutput(c.spec.Name, c.spec.Log, time.Now().Add(settling))
	if err != nil {
		return err.Error()
	}
	defer output.Close() //nolint:errcheck // a log's last bytes
	path := c.spec.Path
	if path == "" {
		path = "/proc/self/exe"
	}
	command := exec.Command(path, c.spec.Args...)
	command.Args[0] = c.spec.Name
	command.Env = environment(os.Environ())
	command.Stdout, command.Stderr = output, output
	// A grandchild may hold the pipe open after the child has ended.
	command.WaitDelay = time.Second
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := c.begin(command, output); err != nil {
		return fmt.Sprintf("%s cannot be started: %v", c.spec.Name, err)
	}
	err = command.Wait()
	c.mu.Lock()
	c.process, c.output = nil, nil
	c.mu.Unlock()
	return describe(c.spec.Name, command.ProcessState, err, output.Last())
}

func (c *child) begin(command *exec.Cmd, output *output) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	c.process, c.output = command.Process, output
	return nil
}

func describe(name string, state *os.ProcessState, err error, last string) string {
	ending := "unknown"
	if state != nil {
		ending = state.String()
	} else if err != nil {
		ending = err.Error()
	}
	if last == "" {
		return fmt.Sprintf("%s ended (%s)", name, ending)
	}
	return fmt.Sprintf("%s ended (%s): %s", name, ending, last)
}

// environment drops what belongs to the daemon alone: a child must not report
// readiness in its place, nor find the join token.
func environment(all []string) []string {
	var kept []string
	for _, entry := range all {
		name, _, _ := strings.Cut(entry, "=")
		switch name {
		case "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "K3S_TOKEN", "INVOCATION_ID", "JOURNAL_STREAM":
		default:
			kept = append(kept, entry)
		}
	}
	return kept
}
